"""The shim for pycups against the library itself, compiled from PyPI, at one cupsd.

The rule of this file: the library and the server are the judges. The library's own test script goes on to PPDs, which
the shim does not have; its example program runs with both.
"""

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


def test_every_request() -> None:
    """What goes out, at a server of ours."""
    program("cups-config")  # The library is compiled.
    said = libraries.install(LIBRARY).run(HERE / "pycups_requests.py").decode()
    count, _, found = said.partition("\n")
    assert not found.strip(), found
    assert int(count) > 40
