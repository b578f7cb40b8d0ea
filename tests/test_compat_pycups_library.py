"""The shim for pycups against the library itself, compiled from PyPI, at one cupsd.

The rule of this file: the library and the server are the judges.
"""

from pathlib import Path

import libraries
import pytest
import vectors
from peers import Scheduler, SystemBus

pytestmark = pytest.mark.peers

HERE = Path(__file__).resolve().parent


def test_every_call(system_bus: SystemBus) -> None:
    library = libraries.install("pycups==2.0.4")
    given = b"".join(len(each.octets).to_bytes(4, "big") + each.octets for each in vectors.recorded())
    script = HERE / "pycups_comparison.py"
    with Scheduler(system_bus) as scheduler:  # one without the queues and subscriptions of other tests
        environment = {**scheduler.environment, "HOME": str(scheduler.directory)}
        said = library.run(script, str(scheduler.port), environment=environment, given=given).decode()
    count, _, found = said.partition("\n")
    assert not found.strip(), found
    assert int(count) > 250 + len(vectors.recorded())
