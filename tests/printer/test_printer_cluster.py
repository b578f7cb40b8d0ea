"""A print service whose hosts die, stand still and are cut off loses nothing that it acknowledged.

The rule of this file: it is tools/cluster that does and judges that; `make cluster` does more of it for a minute.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from peers import program

ROOT = Path(__file__).parent.parent.parent


def test_nothing_is_lost_on_hosts_that_die() -> None:
    for name in ("haproxy", "initdb", "ip", "ipptool"):
        program(name)
    path = os.pathsep.join([str(ROOT / "tests" / "support"), str(ROOT / "tools")])
    command = [sys.executable, "-m", "cluster", "--seconds", "12", "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    result = subprocess.run(
        command, env=environment | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=600
    )
    assert result.stdout, result.stderr
    found = json.loads(result.stdout)
    assert found["faults"] == []
    assert (found["lost"], found["orphans"]) == (0, 0)
    assert found["done"]["killed primary"] == 1
    assert found["acknowledged"] > 0
