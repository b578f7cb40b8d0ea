"""pycups' calls against the shim's, at one cupsd, in turns: ``python benchmarks/shims/calls.py PORT``.

The rule of this file: it runs where pycups and ippfast are, on the queues and jobs that the server has. A figure is
the least of several medians, for others use the machine too; what counts is the ratio within one run.
"""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import cups as library

from ippfast.compat import pycups as shim

CALLS = (("getPrinters", ()), ("getJobs", ()), ("getJobs", ("all",)), ("getDefault", ()), ("getDests", ()))
ROUNDS, TIMES = 7, 100


def milliseconds(function: Callable[..., Any], *arguments: Any) -> float:
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        function(*arguments)
        taken.append(time.perf_counter() - begun)
    return median(taken) * 1_000


def main(port: int) -> None:
    connections = [module.Connection("localhost", port) for module in (library, shim)]
    print("call                pycups ms   shim ms   shim / pycups")
    for name, arguments in CALLS:
        rounds = [[milliseconds(getattr(each, name), *arguments) for each in connections] for _ in range(ROUNDS)]
        theirs, ours = (min(figures) for figures in zip(*rounds, strict=True))
        print(f"{name + str(arguments or '()'):20}{theirs:9.3f}{ours:10.3f}{ours / theirs:12.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
