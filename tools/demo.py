"""What ``make demo`` runs: the codec on messages that CUPS' programs really sent (tests/vectors/recorded).

    python tools/demo.py

A Print-Job request is decoded, shown, changed as a proxy would change it and encoded; then a printer's answer
is read, and every recorded message goes through the codec and back.

The rule of this file: it uses the public names of ippfast alone, and every "ok" that it prints was computed.
Exit status 1 where something is not as it says.
"""

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import ippfast
from ippfast import Attribute, AttributeGroup, Collection, Message, ValueTag, decode, decode_prefix, encode
from ippfast.tags import describe_tag

RECORDED = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "recorded"
REQUEST = "ipptool-print-job-request-1.ipp"
ANSWER = "ippeveprinter-get-printer-attributes-response-1.ipp"
SOME = (
    "printer-make-and-model",
    "printer-state",
    "copies-supported",
    "printer-resolution-supported",
    "finishings-supported",
    "printer-current-time",
)


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def check(what: str, right: bool) -> None:
    """Print what was checked. Where it is not so, the demonstration ends."""
    print(f"  {'ok' if right else 'WRONG'}: {what}")
    if not right:
        sys.exit(1)


def lines(attributes: Iterable[Attribute], indent: str = "    ") -> Iterator[str]:
    """Each attribute with its tag and its values, enum values by name; below, the members of collections."""
    for attribute in attributes:
        collections = [value for value in attribute.values if isinstance(value, Collection)]
        values = "" if collections else ", ".join(map(str, attribute.enum()))
        yield f"{indent}{attribute.name:{36 - len(indent)}}{describe_tag(attribute.tag):20}{values}".rstrip()
        for collection in collections:
            yield from lines(collection, indent + "    ")


def show(message: Message) -> None:
    for group in message.groups:
        print(f"  {describe_tag(group.tag)}")
        print(*lines(group), sep="\n")


def change(request: Message) -> None:
    """Another printer, a name for the job, two copies, and A4 instead of the paper that was asked for."""
    request.operation_attributes["printer-uri"] = "ipp://backend.example:8631/printers/second-floor"
    request.operation_attributes.append(Attribute("job-name", ValueTag.NAME, "Prüfbericht"))
    request.job["copies"] = Attribute("copies", ValueTag.INTEGER, 2)
    a4 = Collection(
        [
            Attribute("x-dimension", ValueTag.INTEGER, 21000),
            Attribute("y-dimension", ValueTag.INTEGER, 29700),
        ]
    )
    margins = [member for member in request.job["media-col"].value if member.name != "media-size"]
    request.job["media-col"] = Collection([Attribute("media-size", ValueTag.BEG_COLLECTION, a4), *margins])


def rebuild(message: Message) -> Message:
    """The same message of new objects, made from the values that were read."""
    groups = [
        AttributeGroup(group.tag, [Attribute(each.name, each.tags, each.values) for each in group])
        for group in message.groups
    ]
    return Message(message.version, message.code, message.request_id, groups)


def print_a_job() -> None:
    octets = (RECORDED / REQUEST).read_bytes()
    heading("1. Decode a Print-Job request that CUPS' ipptool sent, and show it")
    request, end = decode_prefix(octets)
    document = octets[end:]
    version = ".".join(map(str, request.version))
    print(f"  {REQUEST}: {request.operation}, IPP {version}, request-id {request.request_id}")
    print(f"  {end} octets, then {len(document)} octets of document: {document[:8]!r}...")
    show(request)
    check("encoded unchanged, it is the same octets", encode(request) == octets[:end])

    heading("2. Change it, as a proxy would")
    change(request)
    show(request)

    heading("3. Encode it, and verify")
    changed = encode(request)
    again, end_again = decode_prefix(changed + document)
    check(f"the {len(changed)} octets, decoded again, are the changed message", again == request)
    check("the document begins where the message ends", (changed + document)[end_again:] == document)
    old = [attribute for group in decode(octets[:end]).groups for attribute in group]
    new = [attribute for group in again.groups for attribute in group]
    other = {attribute.name for attribute in old if attribute not in new}
    kept = len(old) - len(other)
    check(f"the {kept} attributes that were not changed are as they were", other == {"printer-uri", "media-col"})


def read_an_answer() -> None:
    heading("4. Decode a printer's answer to Get-Printer-Attributes (CUPS' ippeveprinter), and read some of it")
    octets = (RECORDED / ANSWER).read_bytes()
    answer = decode(octets)
    print(f"  {ANSWER}: {answer.status}")
    print(f"  {len(octets)} octets, {len(answer.printer)} attributes, of which")
    print(*lines([answer.printer[name] for name in SOME]), sep="\n")
    check("encoded unchanged, it is the same octets", encode(answer) == octets)


def round_trip_all() -> None:
    heading("5. Decode and encode every recorded message: unchanged, and rebuilt from its values")
    paths, total = sorted(RECORDED.glob("*.ipp")), 0
    for path in paths:
        octets = path.read_bytes()
        message, end = decode_prefix(octets)
        if not encode(message) == encode(rebuild(message)) == octets[:end]:
            check(f"{path.name} is the same octets", False)
        total += end
    check(f"{len(paths)} messages, {total:,} octets: the same octets, both ways", len(paths) > 0)


def main() -> None:
    twin = {"cython": "compiled", "python": "pure Python"}[ippfast.IMPLEMENTATION]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"ippfast {ippfast.__version__}, {twin} codec, {python}")
    print_a_job()
    read_an_answer()
    round_trip_all()
    if find_spec("ippfast._codec") is None:
        print("\nThe compiled codec, which does the same but faster, is not built here. It needs a C compiler and")
        print("Python's headers. On Debian: apt-get install gcc python3-dev, then make clean demo.")


if __name__ == "__main__":
    main()
