"""The Python contenders' worker: ``python -m benchmarks.peers.python_worker ADAPTER``.

Rule: as in the C and Go workers, the clock runs around the loop only. The garbage collector is on, as it is in a
program. It runs in the virtual environment of its library, which holds
nothing of ours, so this file and the adapters import the standard library, the adapter's library and no more.
"""

import gc
import importlib
import json
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from itertools import repeat
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from .adapters import Adapter
from .answering import answering

ADAPTERS = {
    "ippfast": "Ippfast",
    "ippserver": "Ippserver",
    "ippx": "Ippx",
    "pycups": "Pycups",
    "pyipp": "Pyipp",
}
ASKING = ("client", "client_async", "post", "print", "print_async", "post_print")
"""What these do, they do with a printer that answers from memory."""
UNCOUNTED = ("decode", "pieces", "dict", "validate", "recover", "request", "response", "printer", *ASKING)
"""What these give has no number."""
FRESH_OCTETS = 10_000  # of messages that are made before a timed loop encodes them: few enough for the caches
LARGE = 16 << 20


def timed(run: Callable[[Any], Any], argument: Any, iterations: int) -> tuple[int, Any]:
    """Nanoseconds of so many calls, and what the last returned."""
    start = perf_counter_ns()
    for _ in repeat(None, iterations):
        result = run(argument)
    return perf_counter_ns() - start, result


def timed_build(adapter: Adapter, octets: bytes, iterations: int) -> tuple[int, bytes]:
    """The same for an encoder: each message is encoded once, so that nothing kept in it can help."""
    make, encode = adapter.maker(octets), adapter.encode
    at_once = 1 + FRESH_OCTETS // len(octets)
    elapsed = 0
    encoded = b""
    while iterations:
        fresh = [make() for _ in range(min(iterations, at_once))]
        iterations -= len(fresh)
        start = perf_counter_ns()
        for message in fresh:
            encoded = encode(message)
        elapsed += perf_counter_ns() - start
        del message
        fresh.clear()  # now, so that the next are made last of all before they are encoded
    return elapsed, encoded


@cache
def asker(adapter: Adapter, workload: str, answer: bytes) -> Callable[[], object]:
    """What asks a printer that answers so, over a connection that is kept."""
    make: Callable[[int], Callable[[], object]] = getattr(adapter, workload)
    return make(answering(answer))


def workload_call(adapter: Adapter, workload: str, option: str, octets: bytes) -> tuple[Callable[[Any], Any], Any]:
    """The function that does one iteration, and its argument."""
    decode, encode, touch, proxy = adapter.decode, adapter.encode, adapter.touch, adapter.proxy
    if workload == "touch":
        return lambda octets: touch(decode(octets)), octets
    if workload == "proxy":
        return lambda octets: proxy(octets, option), octets
    if workload == "make-build":
        return lambda make: len(encode(make())), adapter.maker(octets)
    if workload in ASKING:
        return lambda ask: ask(), asker(adapter, workload, octets)
    if workload == "pieces":
        size = int(option)
        return adapter.pieces, [octets[at : at + size] for at in range(0, len(octets), size)]
    return getattr(adapter, workload), octets


def measure(adapter: Adapter, workload: str, iterations: int, option: str, octets: bytes) -> dict[str, Any]:
    if workload == "build":
        if iterations > 1:
            timed_build(adapter, octets, 1)
        elapsed, encoded = timed_build(adapter, octets, iterations)
        return {"ns": elapsed, "count": len(encoded)}
    run, argument = workload_call(adapter, workload, option, octets)
    if iterations > 1:
        run(argument)  # untimed: fills the caches, and shows whether it works at all
    elapsed, count = timed(run, argument, iterations)
    return {"ns": elapsed, "count": len(octets) if workload in UNCOUNTED else count}


def measure_memory(adapter: Adapter, octets: bytes) -> dict[str, Any]:
    """Octets that one message holds, then after every value was read; and the most in use while decoding.

    What it was read from counts in the peak, and afterwards only if the message keeps it. The message is
    decoded once before, and dropped, so that what the library keeps for good does not count. What a library's
    C code allocates by itself, as libcups does under pycups, tracemalloc does not see.
    """
    count = adapter.touch(adapter.decode(octets))
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    received = bytes(memoryview(octets))  # so that octets which the message keeps count
    message = adapter.decode(received)
    peak = tracemalloc.get_traced_memory()[1] - before
    del received
    gc.collect()
    untouched = tracemalloc.get_traced_memory()[0] - before
    adapter.touch(message)
    gc.collect()
    touched = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return {"untouched": untouched, "touched": touched, "peak": peak, "count": count}


def answer(adapter: Adapter, line: str) -> dict[str, Any]:
    workload, *rest = line.rstrip("\n").split("\t")
    if workload == "version":
        return {"version": adapter.version}
    iterations, option, *files = rest
    messages = [Path(file).read_bytes() for file in files]
    results = []
    for octets in messages:
        try:
            if workload == "memory":
                results.append(measure_memory(adapter, octets))
            else:
                results.append(measure(adapter, workload, int(iterations), option, octets))
        except Exception as error:  # whatever a library does with a message is its result
            results.append({"error": f"{type(error).__name__}: {error}"})
    return {"results": results}


def main(name: str) -> None:
    module = importlib.import_module(f".adapters.{name}", __package__)
    adapter = getattr(module, ADAPTERS[name])()
    # As in a program that had something large before: after it the C library keeps what is freed for the next use.
    bytes(LARGE)
    for line in sys.stdin:
        print(json.dumps(answer(adapter, line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
