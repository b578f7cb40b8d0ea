"""A program for an environment that has pycups: the library and the shim against one cupsd, call by call.

The rule of this file: what is done by the one is seen by both. It needs pycups, ippfast and the port of a cupsd, and
prints how many results it compared, and every difference.
"""

import faulthandler
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cups as library

from ippfast import Message, response
from ippfast.compat import pycups as shim
from ippfast.http import BasicAuthenticator, IncomingRequest, Server

PORT = int(sys.argv[1])
DEVICE = "ipp://127.0.0.1:9/printer"
# These differ from one call to the next.
VOLATILE = {"printer-up-time", "printer-current-time", "job-printer-up-time", "notify-lease-expiration-time"}
DOCUMENT = b"%PDF-1.4\n" + bytes(range(256)) * 200

faulthandler.enable()
compared = 0
found: list[str] = []


def normal(value: Any) -> Any:
    """With every type in it; dictionaries without order."""
    if isinstance(value, dict):
        return (dict, {key: normal(item) for key, item in value.items() if key not in VOLATILE})
    if isinstance(value, (list, tuple)):
        return (type(value), [normal(item) for item in value])
    if type(value).__name__ == "Dest":
        return normal({**value.options, "": (value.name, value.instance, bool(value.is_default))})
    if isinstance(value, str):
        value = value.replace("127.0.0.1", "localhost")  # as which the library asks
    return (type(value), value)


def outcome(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return normal(function(*arguments, **named))
    except (library.IPPError, shim.IPPError) as error:
        return ("IPPError", error.args[0])
    except TypeError:
        return ("TypeError",)  # in whatever words
    except Exception as error:
        return (type(error).__name__, str(error))


def describe(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, tuple) and isinstance(ours, tuple) and theirs[0] is ours[0] is dict:
        keys = sorted(theirs[1].keys() | ours[1].keys(), key=str)
        return "; ".join(
            f"{key}: {describe(theirs[1].get(key), ours[1].get(key))}"
            for key in keys
            if theirs[1].get(key) != ours[1].get(key)
        )
    return f"{ours!r:.300} where the library gives {theirs!r:.300}"


def same(what: str, theirs: Any, ours: Any) -> None:
    global compared
    compared += 1
    if theirs != ours:
        found.append(f"{what}: {describe(theirs, ours)}")


theirs = library.Connection("127.0.0.1", PORT)
ours = shim.Connection("127.0.0.1", PORT)
BOTH = (theirs, ours)


called: set[str] = set()


def both(name: str, /, *arguments: Any, **named: Any) -> None:
    """A call that asks: the same from both."""
    called.add(name)
    results = [outcome(getattr(connection, name), *arguments, **named) for connection in BOTH]
    same(f"{name}{arguments}{named or ''}", *results)


def each(name: str, /, *arguments: Any, **named: Any) -> None:
    """A call that changes something, by the one and by the other: the same from both, and what is there is the same."""
    called.add(name)
    results = []
    for connection in BOTH:
        result = outcome(getattr(connection, name), *arguments, **named)
        state = outcome(theirs.getPrinters), outcome(theirs.getJobs, "all")
        results.append((result, state))
    same(f"{name}{arguments}{named or ''}", *results)


def printers() -> None:
    both("getPrinters")
    both("getDefault")
    ours.addPrinter("first", info="The first", location="here", device=DEVICE)
    theirs.addPrinter("second", info="The second", location="there", device=DEVICE)
    ours.addPrinter("büro-3", info="Drucker für alle", device=DEVICE)
    for name in ("first", "second"):
        each("enablePrinter", name)
        each("acceptJobs", name)
        each("disablePrinter", name, "out of order")
        each("rejectJobs", name, reason="not today")
        each("acceptJobs", name)
        each("setPrinterInfo", name, "Ein Drucker")
        each("setPrinterLocation", name, "dort")
        each("setPrinterDevice", name, DEVICE)
        each("setPrinterShared", name, False)
        each("setPrinterJobSheets", name, "none", "none")
        each("setPrinterErrorPolicy", name, "abort-job")
        each("setPrinterOpPolicy", name, "default")
        each("setPrinterUsersAllowed", name, ["alice", "bob"])
        both("getPrinterAttributes", name)
        each("setPrinterUsersAllowed", name, [])
        each("setPrinterUsersDenied", name, [])
        each("addPrinterOptionDefault", name, "number-up", 2)
        both("getPrinterAttributes", name, requested_attributes=["number-up-default", "printer-info"])
        each("deletePrinterOptionDefault", name, "number-up")
        both("getPrinterAttributes", name)
        both("getPrinterAttributes", uri=f"ipp://localhost/printers/{name}")
    both("getPrinterAttributes", "büro-3", requested_attributes=["printer-name", "printer-info"])
    both("getPrinters")
    each("setDefault", "second")
    both("getDefault")
    ours.addPrinterToClass("first", "all")
    theirs.addPrinterToClass("second", "all")
    both("addPrinterToClass", "second", "all")
    both("getClasses")
    both("getPrinters")
    both("getPrinterAttributes", "all", requested_attributes=["member-names", "printer-type"])
    ours.deletePrinterFromClass("first", "all")
    both("deletePrinterFromClass", "first", "all")
    both("getClasses")
    both("getDests")


def jobs(directory: Path) -> None:
    path = directory / "document.pdf"
    path.write_bytes(DOCUMENT)
    options = {"copies": "2", "page-ranges": "1-3,7", "sides": "two-sided-long-edge", "job-priority": "60",
               "print-quality": "5", "printer-resolution": "600dpi", "media": "iso_a4_210x297mm", "my-option": "x y",
               "my-flag": "true", "job-hold-until": "no-hold", "number-up": "4"}  # fmt: skip
    numbers = []
    for connection in BOTH:
        for chosen in ({}, options, {"document-format": "application/vnd.cups-raw", "fit-to-page": "true"}):
            numbers += [connection.printFile("first", str(path), "Ein Titel", chosen)]
        numbers.append(connection.printFiles("first", [str(path), str(path)], "two", {}))
        numbers.append(connection.createJob("first", "pieces", {"copies": "3"}))
        results = [connection.startDocument("first", numbers[-1], "name", library.CUPS_FORMAT_RAW, 1)]
        for at in range(0, len(DOCUMENT), 1000):
            piece = DOCUMENT[at : at + 1000]
            results.append(connection.writeRequestData(piece, len(piece)))
        results.append(connection.finishDocument("first"))
        numbers.append(results)
    count = len(numbers) // 2
    same("document", numbers[count - 1], numbers[-1])
    ids = [number for number in numbers if isinstance(number, int)]
    pairs = list(zip(ids[: len(ids) // 2], ids[len(ids) // 2 :], strict=True))
    per_job = {
        "job-id",
        "job-uri",
        "job-uuid",
        "job-more-info",
        "time-at-creation",
        "date-time-at-creation",
        "date-time-at-processing",
    }
    for one, other in pairs:
        both("getJobAttributes", one)
        both("getJobAttributes", other)
        first, second = [
            {key: value for key, value in theirs.getJobAttributes(job).items() if key not in per_job | VOLATILE}
            for job in (one, other)
        ]
        same("the jobs themselves", normal(first), normal(second))
        both("getJobAttributes", one, ["job-state", "job-name", "document-format-supplied"])
    for which in ("completed", "not-completed", "all"):
        both("getJobs", which_jobs=which)
    for named in ({"my_jobs": True}, {"limit": 2}, {"first_job_id": ids[2]}, {"requested_attributes": ["job-id"]}):
        both("getJobs", **named)
    both("getJobs", which_jobs="all", requested_attributes=["all"])
    one, other = pairs[0]
    for job in (one, other):
        each("setJobHoldUntil", job, "indefinite")
        each("moveJob", job_id=job, job_printer_uri="ipp://localhost/printers/second")
    theirs.cancelJob(pairs[1][0])
    ours.cancelJob(pairs[1][1])
    both("cancelJob", pairs[1][1])
    both("restartJob", 9999)
    both("getJobs", which_jobs="all")
    ours.cancelJob(pairs[2][0], purge_job=True)
    theirs.cancelJob(pairs[2][1], purge_job=True)
    both("getJobAttributes", pairs[2][0])
    both("getJobAttributes", pairs[2][1])
    each("cancelAllJobs", "first")
    both("getJobs", which_jobs="all")
    ours.cancelAllJobs(uri="ipp://localhost/printers/second", purge_jobs=False)
    both("getJobs", which_jobs="all")


def subscriptions() -> None:
    uri = "ipp://localhost/"
    plain = [connection.createSubscription(uri, ["all"], lease_duration=600) for connection in BOTH]
    all_of_them = [
        {key: value for key, value in each.items() if key != "notify-subscription-id"}
        for each in theirs.getSubscriptions(uri)
    ]
    same("two subscriptions", *[normal(each) for each in all_of_them])
    for number in plain:
        theirs.cancelSubscription(number)
    # With user_data, the library frees what is not its own, and the interpreter ends.
    numbers = [
        ours.createSubscription(uri, ["all"], lease_duration=600, user_data="mine"),
        ours.createSubscription(uri, events=["printer-state-changed", "job-completed"], time_interval=5),
    ]
    both("getSubscriptions", uri)
    both("getSubscriptions", uri, True)
    ours.disablePrinter("second")
    ours.enablePrinter("second")
    theirs.setPrinterInfo("second", "events")
    both("getNotifications", numbers)
    both("getNotifications", numbers[:1], [2])
    for number in numbers:
        both("renewSubscription", number, 700)
    ours.cancelSubscription(numbers[0])
    theirs.cancelSubscription(numbers[1])
    both("getSubscriptions", uri)
    both("cancelSubscription", numbers[0])


def errors() -> None:
    for name, arguments in {
        "getPrinterAttributes": ("no such",),
        "getJobAttributes": (99999,),
        "cancelJob": (99999,),
        "deletePrinter": ("no such",),
        "enablePrinter": ("no such",),
        "setDefault": ("no such",),
        "setJobHoldUntil": (99999, "indefinite"),
        "cancelAllJobs": ("no such",),
        "renewSubscription": (99999,),
        "getNotifications": ([99999],),
        "moveJob": (),
        "printFiles": ("first", [], "title", {}),
    }.items():
        both(name, *arguments)
    both("getPrinterAttributes")
    same("createJob", ("IPPError", library.IPP_NOT_FOUND), outcome(ours.createJob, "no such", "title", {}))
    no_file = outcome(ours.printFile, "first", "/no such", "title", {})
    same("printFile", ("IPPError", library.IPP_DOCUMENT_ACCESS_ERROR), no_file)
    both("getPrinterAttributes", name="a", uri="b")
    both("setPrinterUsersAllowed", "first", "alice")


def messages() -> None:
    """IPPRequest and IPPAttribute, which need no server."""

    def make(module: Any) -> Any:
        request = module.IPPRequest(module.IPP_OP_PRINT_JOB)
        add = [
            (1, 0x45, "printer-uri", "ipp://localhost/printers/x"), (1, 0x42, b"job-name", ["name"]),
            (2, 0x21, "copies", 2), (2, 0x23, "finishings", [3, 4]), (2, 0x22, "flag", [True, False]),
            (2, 0x44, "media", ["a4", "a3"]),
        ]  # fmt: skip
        for arguments in add:
            request.add(module.IPPAttribute(*arguments))
        return request

    def parts(request: Any) -> list[Any]:
        shown = [(a.name, a.group_tag, a.value_tag, list(a.values) if a.value_tag else [], repr(a)) for a in
                 request.attributes if a.value_tag]  # fmt: skip
        return [request.operation, request.statuscode, request.state, len(request.attributes), shown]

    requests = [make(module) for module in (library, shim)]
    same("IPPRequest", *[parts(request) for request in requests])
    files = [io.BytesIO(), io.BytesIO()]
    same("writeIO", *[request.writeIO(file.write) for request, file in zip(requests, files, strict=True)])
    same("octets", *[file.getvalue() for file in files])
    same("state", *[request.state for request in requests])
    for octets in (files[0].getvalue(), files[0].getvalue()[:-3], b"", files[0].getvalue() + b"document"):
        states = []
        for module in (library, shim):
            request, file = module.IPPRequest(), io.BytesIO(octets)
            states.append([request.readIO(file.read), file.tell()])
            if request.state == module.IPP_STATE_DATA:
                states[-1].append(parts(request))
        same(f"readIO of {len(octets)}", states[0][:1] + states[0][2:], states[1][:1] + states[1][2:])
        if len(states[0]) == 3:
            same("where it ends", states[0][1], states[1][1])
    wrong = [(1, 0x21, "a"), (1, 0x21, "a", ["x"]), (1, 0x22, "a", 1), (1, 0x41, "a", b"x"), (1, 0x21, 5, 1)]
    for arguments in wrong:
        same(f"IPPAttribute{arguments}", *[
            type(failure(module.IPPAttribute, *arguments)).__name__ for module in (library, shim)])  # fmt: skip
    for number in [*range(0x420), *range(0x500, 0x510), 0x1000, 0x1001, 0x9999]:
        theirs_name = library.ippErrorString(number).strip("()")
        if not theirs_name.startswith("0x"):  # IANA has registered more since
            same(f"ippErrorString({number})", theirs_name, shim.ippErrorString(number))
    for number in range(0x40):
        if not library.ippOpString(number).startswith(("0x", "(")):
            same(f"ippOpString({number})", library.ippOpString(number), shim.ippOpString(number))
    same("constants", *[
        {name: getattr(module, name) for name in dir(library) if name.startswith(("IPP_", "HTTP_", "CUPS_", "PPD_"))}
        for module in (library, shim)
    ])  # fmt: skip


def ppd_files() -> None:
    """PPDs that Debian's packages bring: what is in them, and what each choice does to the others."""
    for path in sorted(Path("/usr/share/ppd").rglob("*.ppd")):
        ppds = [module.PPD(str(path)) for module in (library, shim)]
        for ppd in ppds:
            ppd.localize()
            ppd.markDefaults()
        same(f"{path.name}", *[shown_ppd(ppd) for ppd in ppds])
        same(f"attributes of {path.name}", *[
            [(a.name, a.spec, a.text, a.value) for a in ppd.attributes] for ppd in ppds])  # fmt: skip
        same(f"constraints of {path.name}", *[
            [(c.option1, c.choice1, c.option2, c.choice2) for c in ppd.constraints] for ppd in ppds])  # fmt: skip
        for name in ("cupsFilter", "Font", "no such"):
            same(f"{name} of {path.name}", *[found_in(ppd, name) for ppd in ppds])
        for reason in ("media-low", "toner-low-error", "no such"):
            same(f"{reason} of {path.name}", *[outcome(ppd.localizeIPPReason, reason) for ppd in ppds])
        for group in ppds[0].optionGroups:
            for option in group.options:
                for choice in option.choices:
                    results = []
                    for ppd in ppds:
                        ppd.markDefaults()
                        conflicts = ppd.markOption(option.keyword, choice["choice"])
                        results.append([conflicts, ppd.conflicts(), ppd.nondefaultsMarked(), shown_ppd(ppd)])
                    same(f"{option.keyword} {choice['choice']} of {path.name}", *results)
        written = []
        for ppd in ppds:
            ppd.markDefaults()
            ppd.markOption("PageSize", "A4")
            with tempfile.TemporaryFile() as file:
                ppd.writeFd(file.fileno())
                file.seek(0)
                written.append(file.read())
        same(f"{path.name} written", *written)
        for section in range(6):
            # Within one order of dependency the library has them in no order that a file tells.
            code = [sorted((ppd.emitString(section, 0.0) or "").splitlines()) for ppd in ppds]
            same(f"section {section} of {path.name}", *code)
    for wrong in ("/etc/hostname", "/no such"):
        same(f"PPD({wrong})", *[outcome(module.PPD, wrong) for module in (library, shim)])


def shown_ppd(ppd: Any) -> Any:
    def shown_group(group: Any) -> Any:
        options = [(o.keyword, o.text, o.defchoice, o.ui, o.conflicted, o.choices) for o in group.options]
        return group.name, group.text, options, [shown_group(each) for each in group.subgroups]

    return [shown_group(group) for group in ppd.optionGroups]


def found_in(ppd: Any, name: str) -> list[Any]:
    found = []
    attribute = ppd.findAttr(name)
    while attribute is not None:
        found.append((attribute.name, attribute.spec, attribute.value))
        attribute = ppd.findNextAttr(name)
    return sorted(found)


def names() -> None:
    models = ("HP LaserJet 4", "HP LaserJet 10", "hp laserjet 4", "HP", "A 2", "A 02", "A 10b", "", "x9y", "x10", "é")
    for one in models:
        for other in models:
            same(f"modelSort({one!r}, {other!r})", library.modelSort(one, other), shim.modelSort(one, other))
    public = {name for name in dir(library) if not name.startswith("_")}
    same("names", sorted(public - set(shim.__all__)), [])


def failure(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return error


def recorded() -> None:
    """Messages from the input, each behind its length in four octets, as IPPRequest reads them."""
    while size := sys.stdin.buffer.read(4):
        octets = sys.stdin.buffer.read(int.from_bytes(size, "big"))
        results = []
        for module in (library, shim):
            request, file = module.IPPRequest(), io.BytesIO(octets + DOCUMENT)
            state = request.readIO(file.read)
            results.append([state, file.tell(), request.operation, failure(shown, request)])
        if isinstance(results[0][3], SystemError):  # a value that the library cannot show
            same("how it was read", results[0][:3], results[1][:3])
        else:
            same(f"what was read: {octets[:60].hex()}", results[0], results[1])


def shown(request: Any) -> list[Any]:
    # The values of what has none cannot be asked of the library without a crash, and of ranges it shows a 0.
    without = (0, 0x10, 0x12, 0x13, 0x15, 0x16, 0x17, 0x33)
    return [
        (a.group_tag, a.value_tag, a.name, a.values if a.value_tag not in without else None) for a in request.attributes
    ]


class Recorder:
    """A server that keeps what it is sent, and answers what a program may go on with."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.server = Server(self.answer, host="127.0.0.1", port=0)

    def answer(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        document = incoming.document.read()
        names = ("attributes-charset", "attributes-natural-language")
        groups = [
            (int(group.tag), sorted((a.name, int(a.tag), a.values) for a in group if a.name not in names))
            for group in message.groups
        ]
        if message.code not in (0x000B, 0x4001, 0x4002):  # by which the library looks a printer up before it prints
            self.kept.append((int(message.code), groups, document))
        printer = {
            "printer-name": "q",
            "printer-type": 4,
            "printer-state": 3,
            "printer-is-accepting-jobs": True,
            "printer-uri-supported": ["ipp://localhost/printers/q"],
        }
        return response(message, printer=printer, job={"job-id": 7, "job-state": 3, "job-state-reasons": ["none"]})


OPTIONS: list[dict[str, str]] = [
    {},
    {"raw": "true"},
    {"raw": "", "document-format": "text/plain"},
    {"document-format": "text/plain"},
    {"job-name": "other", "copies": "2", "job-priority": "60"},
    {"media": "A4,Upper", "job-sheets": "none,standard", "finishings": "4,5"},
    {"media-col": "{media-size={x-dimension=21000 y-dimension=29700} media-type=stationery media-source=main}"},
    {"finishings-col": "{finishing-template=staple},{finishing-template=punch}"},
    {"media-col": "x", "my-col": "{a=1 b='c d' noe f={g=h}}"},
    {"scaling": "100", "ppi": "300", "page-left": "36", "fit-to-page": "true", "fitplot": "off", "landscape": "yes"},
    {"page-ranges": "1-3,7,9-,-4", "number-up": "4", "copies": "abc", "orientation-requested": " 5x"},
    {"printer-resolution": "600dpi", "print-quality": "high"},
    {"printer-resolution": "300x600dpcm"},
    {"my-flag": "TRUE", "other-flag": "on", "my-name": "a,b", "Copies": "3", "empty": "", "media": ""},
    {"foo-default": "x", "foo-supported": "y", "job-k-octets": "3", "ipp-attribute-fidelity": "true"},
    {"notify-events": "job-completed,none", "notify-recipient-uri": "mailto:a", "compression": "gzip"},
    {"job-hold-until": "indefinite", "job-password": "secret", "auth-info": "a,b", "sides": "a,b"},
    {"media": "a\\,b,c", "auth-info": "a\\,b"},
]


def on_the_wire(directory: Path) -> None:
    """What goes out for options, in every form that a text may have: the same attributes in the same groups.

    Not for printFiles: the library loses one of its options there.
    """
    path = directory / "page.txt"
    path.write_text("a page")
    recorder = Recorder()
    with recorder.server:
        for module in (library, shim):
            module.setServer("127.0.0.1")
            module.setPort(recorder.server.port)
            module.setUser("alice")
        connections = [module.Connection() for module in (library, shim)]
        for options in OPTIONS:
            calls: tuple[tuple[str, tuple[Any, ...]], ...] = (
                ("printFile", ("q", str(path), "Titel", options)),
                ("createJob", ("q", "Titel", options)),
            )
            for name, arguments in calls:
                sent = []
                for connection in connections:
                    recorder.kept.clear()
                    result = outcome(getattr(connection, name), *arguments)
                    sent.append([result, [plain(each) for each in recorder.kept]])
                same(f"{name} with {options}", *sent)
        for arguments in (
            ("q", "/no such", "t", {}),
            (b"q", bytes(path), b"t", {"a": "b"}),
            ("q", str(path), "t", {"a": 1}),
        ):
            same(f"printFile{arguments}", *[outcome(connection.printFile, *arguments) for connection in connections])
        connections[1].close()
    for module in (library, shim):
        module.setServer("127.0.0.1")
        module.setPort(PORT)
        module.setUser("")


def plain(kept: Any) -> Any:
    """Without the printer's URI, which names the host in its own way, and where equal names stand."""
    code, groups, document = kept
    return code, [(tag, [each for each in given if each[0] != "printer-uri"]) for tag, given in groups], document


def passwords() -> None:
    """Callbacks for passwords, at a server that asks for one by Basic: how often, and what comes of each answer.

    The library asks without an end for as long as there are wrong ones.
    """
    for answers in (["secret"], ["wrong", "secret"], [None], [""], ["wrong", None]):
        for new in (False, True):
            results = []
            for module in (library, shim):
                left = list(answers)
                asked: list[Any] = []

                def password(*given: Any, left: list[Any] = left, asked: list[Any] = asked) -> Any:
                    asked.append([each if isinstance(each, str) else type(each).__name__ for each in given])
                    return left.pop(0) if len(left) > 1 else left[0]

                authenticator = BasicAuthenticator(lambda *who: who == ("alice", "secret"), insecure=True)
                with Server(lambda request: response(request.message), port=0, authenticator=authenticator) as server:
                    module.setUser("alice")
                    if new:
                        module.setPasswordCB2(password, "context")
                    else:
                        module.setPasswordCB(password)
                    connection = module.Connection("127.0.0.1", server.port)
                    first = outcome(connection.acceptJobs, "q")
                    results.append(
                        [
                            first,
                            asked[:4],
                            outcome(connection.rejectJobs, "q")[:1] if first == (type(None), None) else None,
                        ]
                    )
                    del connection
                module.setPasswordCB2(None)
                module.setUser("")
            same(f"a password callback that gives {answers}", *results)


def forms(directory: Path) -> None:
    """The other methods, with the forms of arguments that the documentation has, and with wrong ones."""
    path = directory / "page.txt"
    path.write_text("a page")
    both("getDevices")
    both("getDevices", limit=1, exclude_schemes=["usb"], timeout=1)
    both("getDevices", include_schemes=["none"])
    for name in ("getPPDs", "getPPDs2"):
        both(name, limit=1)
        both(name, ppd_make="Maker", ppd_type="pdf", exclude_schemes=["a"], include_schemes=["b"])
    for name in ("getPPD", "getPPD3"):
        both(name, "first")
        both(name, "no such")
    numbers = [c.printTestPage("first", str(path), "page", "text/plain", "alice") for c in BOTH]
    shown = [theirs.getJobAttributes(number) for number in numbers]
    same(
        "printTestPage",
        *[(each["job-name"], each["job-originating-user-name"], each["document-format"]) for each in shown],
    )
    both("printTestPage", "no such", file=str(path))
    for which in ("getFile", "putFile"):
        both(which, "/admin/conf/none", "/no such/file")
        both(which, "/admin/conf/none", str(path), fd=3)
        both(which, "/admin/conf/none")
    both("adminSetServerSettings", 3)
    both("getDocument", "ipp://localhost/printers/first", 99999, 1)
    both("authenticateJob", 99999, ["a", "b"])
    both("authenticateJob", 99999)
    both("authenticateJob", 99999, "a")
    both("deleteClass", "no such")
    both("deletePrinter", b"no such")
    both("getSubscriptions", "ipp://localhost/", job_id=99999)
    both("createSubscription", "ipp://localhost/", "events")
    wrong: dict[str, tuple[Any, ...]] = {
        "cancelJob": ("1",), "getJobAttributes": (None,), "enablePrinter": (3,), "getPrinterAttributes": (3,),
        "addPrinter": (None,), "setPrinterInfo": ("first", 3), "moveJob": (3,), "renewSubscription": ("1",),
        "setJobHoldUntil": (1, 3), "printFile": ("first", 3, "t", {}), "printFiles": ("first", "name", "t", {}),
        "createJob": ("first", "t", None), "restartJob": ("x",), "getNotifications": (3,),
    }  # fmt: skip
    for name, given in wrong.items():
        both(name, *given)
    for name in ("getJobAttributes", "getPrinterAttributes"):
        both(name, 1 if "Job" in name else "first", requested_attributes="job-name")
    both("getJobs", limit="1")
    both("getJobs", which_jobs=3)
    for big in (2**31, -(2**31) - 1):
        both("getJobAttributes", big)
    both("getPrinterAttributes", b"first", requested_attributes=[b"printer-name"])


def missing() -> Iterator[str]:
    """What the library's connections have, and ours does not say anything of."""
    otherwise = "startDocument writeRequestData finishDocument addPrinter printFile printFiles createJob"
    otherwise += " adminGetServerSettings adminExportSamba getServerPPD"
    untried = set(otherwise.split())  # where the two would do it twice; they are called above
    yield from sorted({name for name in dir(library.Connection) if name[0] != "_"} - called - untried)
    for name in dir(library.Connection):
        try:
            getattr(ours, name)
        except AttributeError:
            yield name


def corrected() -> None:
    """Without placeholders."""
    right = shim.Connection("127.0.0.1", PORT)
    right.quirks = False
    values = right.getPrinterAttributes("second")
    for name, value in theirs.getPrinterAttributes("second").items():
        is_placeholder = isinstance(value, str) and value.startswith("(") and "IPP" in value
        if is_placeholder == (normal(values[name]) == normal(value)) and name not in VOLATILE:
            found.append(f"corrected {name}: {values[name]!r:.200} where the library gives {value!r:.200}")
    right.close()


messages()
names()
ppd_files()
recorded()
printers()
with tempfile.TemporaryDirectory() as temporary:
    jobs(Path(temporary))
    forms(Path(temporary))
    on_the_wire(Path(temporary))
passwords()
subscriptions()
errors()
corrected()
found += missing()
for name in ("first", "second", "büro-3"):
    ours.deletePrinter(name)
both("getPrinters")
ours.close()
print(compared)
print(*found, sep="\n")
