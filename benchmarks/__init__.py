"""ippfast against its peers, in one run on one core: ``python -m benchmarks``.

Rule: every contender is a worker, a process of its own that is told by a line what to do and answers by a
line how long its loop took. So libraries in C, Go and Python, and Python libraries that cannot share an
interpreter, take turns on the same core within one run, and noise of the machine hits all alike.

    messages.py     the messages
    workloads.py    what is done with them, and the line protocol
    contenders.py   who takes part; prepares what they need under build/bench-peers/
    peers/          the workers: libcups_bench.c, goipp_bench/, python_worker.py and its adapters
    races.py        contenders taking turns, round by round
    test_*.py       the benchmarks, for pytest-benchmark, whose JSON is the one source of what follows
    results.py      reads that JSON: medians, ratios with their spread
    targets.py      the figures to reach
    report.py       the table, docs/benchmarks/results.md
    plots.py        docs/benchmarks/*.svg
"""
