"""Runs a cluster: see the package's head.

The rule of this file: in a network namespace of its own, if the machine lets us have one, so that links can be cut and
nothing reaches a real network.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from ippfast.printer.storage.postgres import PostgresStorage

from .chaos import Chaos
from .clients import Clients
from .judge import Result, judge, overlooked
from .parts import Cluster

_SETTLING = 90.0


def _run(directory: Path, seconds: float, seed: int, lease: float, *, real: bool) -> Result:
    with Cluster(directory, real=real, lease=lease) as cluster:
        os.environ |= cluster.objects.environment
        cluster.wait_until_served()
        clients = Clients(cluster.uri, cluster.queues, seed)
        chaos = Chaos(cluster, seed, seconds)
        clients.start()
        try:
            chaos.run()
            clients.stop()
            settled = _settle(cluster)
        finally:
            clients.stop()
            clients.close()
        for node in cluster.nodes:
            node.end()
        result = judge(cluster, clients, chaos)
        result.faults += [*settled, *overlooked(cluster, clients, chaos)]
        return result


def _settle(cluster: Cluster) -> list[str]:
    """Let the workers end what is left. Returns what is wrong."""
    cluster.objects.wait_until_ready()
    storage = PostgresStorage(cluster.store, cluster.documents)
    try:
        end = time.monotonic() + _SETTLING
        while left := storage.queues(active=True):
            if time.monotonic() > end:
                return [f"jobs do not end in {', '.join(left)}"]
            cluster.supervise()
            time.sleep(0.2)
    finally:
        storage.close()
    return []


def main() -> None:
    """See the file's head."""
    parser = argparse.ArgumentParser(prog="make cluster", description="A print service while its hosts die.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lease", type=float, default=3.0, help="after how many seconds a worker's jobs are taken")
    parser.add_argument("--directory", help="for the logs of the processes, to be kept")
    parser.add_argument("--json", action="store_true", help="the result for programs")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    unshare = shutil.which("unshare")
    if not given.inside and unshare is not None and _may(unshare):
        command = [unshare, "--net", sys.executable, "-m", "cluster", *sys.argv[1:], "--inside"]
        sys.exit(subprocess.run(command, check=False).returncode)
    if not given.inside:
        print("No network namespaces here (that needs root): no link is cut.", file=sys.stderr)
    directory = Path(given.directory or tempfile.mkdtemp(prefix="ippfast-cluster-"))
    try:
        result = _run(directory, given.seconds, given.seed, given.lease, real=given.inside)
    finally:
        if not given.directory:
            shutil.rmtree(directory, ignore_errors=True)
    print(json.dumps(asdict(result)) if given.json else result.table())
    for fault in result.faults[:50]:
        print(fault, file=sys.stderr)
    if not given.json:
        print("answers that were none:", dict(sorted(result.refused.items())))
    sys.exit(1 if result.faults else 0)


def _may(unshare: str) -> bool:
    return subprocess.run([unshare, "--net", "ip", "link"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()
