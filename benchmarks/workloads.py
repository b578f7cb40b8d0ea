"""What the contenders are asked to do: the workloads, and the line protocol of the workers.

Rule: a workload is one thing that a program does with IPP, start to end. One iteration of it is one call in
every worker, and returns a count (values read, octets written) by which the harness sees whether all did the
same.

The protocol, a line each way; parted by tabs, as C, Go and Python all read it without a parser:

    WORKLOAD \t ITERATIONS \t OPTION \t FILE [\t FILE ...]
    {"results": [{"ns": 5120, "count": 18} | {"error": "..."}, ...]}      one result a file, in order
    version
    {"version": "2.4.2"}

"ns" is the time of all iterations on a monotonic clock, taken by the worker around its loop. Where there are
several iterations the worker does one more before the loop, which is not timed.
"""

from dataclasses import dataclass

# Read by `serve` and `monitor`. The Python adapters write these look-ups out, as a program would.
SERVED = ("attributes-charset", "printer-uri", "requesting-user-name", "job-name", "document-format")
MONITORED = (
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-name",
    "printer-make-and-model",
    "printer-up-time",
)
NEW_URI = "ipp://backend.example:8631/printers/second-floor"


@dataclass(frozen=True)
class Workload:
    """One thing to do, and the samples to do it with (names that `messages.load` gives)."""

    name: str  # what the workers know it by
    title: str  # what the table calls it
    about: str
    samples: tuple[str, ...]
    option: str = "-"


JOBS = ("jobs-1", "jobs-10", "jobs-100", "jobs-1000", "jobs-10000")
PRINTERS = ("printer-held", "printer-real")

KEPT = " over a kept connection and decode the answer, which a printer of few lines gives from memory"

WORKLOADS = (
    Workload(
        "serve",
        "serve",
        "decode a Print-Job request, read five operation attributes",
        ("print-job",),
        ",".join(SERVED),
    ),
    Workload("monitor", "monitor", "decode a printer's attributes, read six of them", PRINTERS, ",".join(MONITORED)),
    Workload(
        "touch",
        "touch all",
        "decode, read every value, those in collections too",
        ("print-job", *PRINTERS, *JOBS, "responses-real"),
    ),
    Workload("jobs", "jobs", "decode a Get-Jobs response, read id and state of each job", JOBS),
    Workload(
        "decode",
        "decode",
        "decode alone, nothing read",
        ("print-job", *PRINTERS, "jobs-100", "jobs-1000", "jobs-10000"),
    ),
    Workload("build", "build", "encode freshly made objects", ("request", "print-job", *PRINTERS, "jobs-1000")),
    Workload(
        "make-build",
        "make, build",
        "make the objects, encode them",
        ("request", "print-job", *PRINTERS, "jobs-1000"),
    ),
    Workload("copy", "copy", "decode, encode unchanged", ("print-job", *PRINTERS, "jobs-1000")),
    Workload("proxy", "proxy", "decode a Print-Job request, change printer-uri, encode", ("print-job",), NEW_URI),
    Workload(
        "pieces",
        "pieces of 64",
        "decode as 64-octet pieces come in",
        ("print-job", *PRINTERS, "jobs-100", "jobs-1000", "jobs-10000"),
        "64",
    ),
    Workload(
        "pieces",
        "pieces of 16 KiB",
        "decode as 16-KiB pieces come in",
        ("jobs-100", "jobs-1000", "jobs-10000"),
        "16384",
    ),
    Workload("dict", "dict", "decode, make plain data of it all", ("print-job", *PRINTERS, "responses-real")),
    Workload(
        "validate",
        "validate",
        "decode, tell what is wrong in it",
        ("request", "print-job", *PRINTERS, "responses-real"),
    ),
    Workload(
        "recover", "recover", "decode a sound message, whatever it may be", ("request", *PRINTERS, "responses-real")
    ),
    Workload("request", "request", "make a Print-Job request from names and values, encode it", ("request",)),
    Workload("response", "response", "decode a request, answer it with a job's four attributes, encode", ("request",)),
    Workload("client", "client", f"ask a printer for its state{KEPT}", ("state-answer", *PRINTERS)),
    Workload("client_async", "client, asyncio", "the same from an event loop", ("state-answer",)),
    Workload("post", "http.client, decode", "the same with http.client, a request made before", ("state-answer",)),
    Workload("print", "print", f"print a document of 10 kB{KEPT}", ("job-answer",)),
    Workload("print_async", "print, asyncio", "the same from an event loop", ("job-answer",)),
    Workload("post_print", "print by http.client", "the same with http.client, a request made before", ("job-answer",)),
    Workload(
        "printer",
        "printer",
        "be the printer: decode Get-Printer-Attributes, carry it out, encode the answer; no sockets",
        ("state-question",),
    ),
)
# Every race: a workload with one of its samples.
RACES = {f"{workload.title}: {sample}": (workload, sample) for workload in WORKLOADS for sample in workload.samples}
IMPORT = Workload("import", "import", "a whole interpreter that imports the library and ends", ())
LONG_SAMPLES = {"jobs-10000"}  # left out of a quick run
MEMORY_SAMPLES = ("print-job", *PRINTERS, "jobs-1000")
