"""The shim for pycups against the library itself, compiled from PyPI, at one cupsd.

The rule of this file: the library and the server are the judges. The library's own test script goes on to PPDs, which
the shim does not have; its example program runs with both.
"""

import json
from pathlib import Path

import libraries
import vectors
from peers import Scheduler, SystemBus, program

import ippfast.compat.pycups as cups

HERE = Path(__file__).resolve().parent


LIBRARY = "pycups==2.0.4"


def test_every_call(system_bus: SystemBus) -> None:
    program("cups-config")  # The library is compiled.
    library = libraries.install(LIBRARY)
    given = b"".join(len(each.octets).to_bytes(4, "big") + each.octets for each in vectors.recorded())
    script = HERE / "pycups_comparison.py"
    with Scheduler(system_bus) as scheduler:  # one without the queues and subscriptions of other tests
        environment = {**scheduler.environment, "HOME": str(scheduler.directory)}
        said = library.run(script, str(scheduler.port), environment=environment, given=given).decode()
    count, _, found = said.partition("\n")
    assert not found.strip(), found
    assert int(count) > 1_000 + len(vectors.recorded())


def test_its_example(system_bus: SystemBus) -> None:
    """The tree of printers and classes that it prints."""
    program("cups-config")  # The library is compiled.
    library = libraries.install(LIBRARY)
    example = libraries.unpack_sdist(LIBRARY) / "examples" / "cupstree.py"
    with Scheduler(system_bus) as scheduler:
        connection = cups.Connection("localhost", scheduler.port)
        for name in ("first", "second"):
            connection.addPrinter(name, info=f"The {name}", device="ipps://127.0.0.1:9/printer")
            connection.addPrinterToClass(name, "both")
        connection.close()
        environment = {**scheduler.environment, "HOME": str(scheduler.directory)}
        source = example.read_text()
        theirs = library.run("-c", source, environment=environment)
        install = "from ippfast.compat import pycups; pycups.install()\n"
        ours = library.run("-c", install + source, environment=environment)
    assert ours == theirs
    assert b"The first" in ours
    assert b"both" in ours


class DrivingScheduler(Scheduler):
    """A cupsd that knows drivers: with the programs of Debian's package ``cups``, which is not installed here."""

    def __init__(self, bus: SystemBus, programs: Path) -> None:
        self.programs = programs
        super().__init__(bus)

    def _environment(self, bus: SystemBus) -> dict[str, str]:
        own = self.directory / "bin"
        for place in (Path("/usr/lib/cups"), self.programs / "usr/lib/cups"):
            for path in place.glob("*/*"):
                (own / path.parent.name).mkdir(parents=True, exist_ok=True)
                (own / path.parent.name / path.name).unlink(missing_ok=True)
                (own / path.parent.name / path.name).symlink_to(path)
        with (self.directory / "cups-files.conf").open("a") as files:
            files.write(f"ServerBin {own}\n")
        return super()._environment(bus)


DRIVERS = """
import json, sys, cups
cups.setServer("localhost")
cups.setPort(int(sys.argv[1]))
connection = cups.Connection()
found = connection.getPPDs(exclude_schemes=["drv"])
name = sorted(name for name in found if name.endswith("Generic-PDF_Printer-PDF.ppd"))[0]
path = connection.getServerPPD(name)
try:
    connection.getServerPPD("no-such.ppd")
except cups.IPPError as error:
    refused = error.args[0]
ppd = cups.PPD(path)
print(json.dumps([
    found,
    sorted(connection.getPPDs2(ppd_make="Generic")),
    len(connection.getPPDs(limit=2)),
    open(path).read(),
    ppd.findOption("PageSize").defchoice,
    refused,
], sort_keys=True))
"""


def test_drivers_of_a_server(system_bus: SystemBus) -> None:
    """What CUPS-Get-PPDs and CUPS-Get-PPD give, which cups-driverd answers."""
    program("cups-config")  # The library is compiled.
    library = libraries.install(LIBRARY)
    with DrivingScheduler(system_bus, libraries.unpack_debian("cups")) as scheduler:
        port = str(scheduler.port)
        theirs = library.run("-c", DRIVERS, port, environment=scheduler.environment)
        install = "from ippfast.compat import pycups; pycups.install()\n"
        ours = library.run("-c", install + DRIVERS, port, environment=scheduler.environment)
    assert json.loads(ours) == json.loads(theirs)
    assert b"Generic-PDF_Printer-PDF.ppd" in ours


def test_every_request() -> None:
    """What goes out, at a server of ours."""
    program("cups-config")  # The library is compiled.
    said = libraries.install(LIBRARY).run(HERE / "pycups_requests.py").decode()
    count, _, found = said.partition("\n")
    assert not found.strip(), found
    assert int(count) > 40
