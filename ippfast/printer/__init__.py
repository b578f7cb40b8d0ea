"""A printer that takes jobs into a spool: `SpoolPrinter`, a handler for the servers of `ippfast.http`.

The rule of this package: a job that was acknowledged is on the disk, with its documents, whatever happens next.

What each file does:

| file | what it does |
|---|---|
| `printer` | `SpoolPrinter`: a request from its arrival to its answer |
| `core` | `PrinterCore`: the parts of a printer, and its state |
| `access` | who is an operator, and what of a job is shown to whom |
| `options`, `errors`, `table` | the settings of a printer; why a request is refused; all operations |
| `storage` | what is kept: jobs, documents, subscriptions, events, with one interface for all engines (see there) |
| `service` | `PrintService`: many printers in one server, and the System object |
| `calls` | the checks of every request; `operation`, which registers a function in the table of operations |
| `job_creation`, `job_operations`, `document_operations`, `printer_operations` | the operations |
| `template` | compares what a client wants for a job with what the printer supports |
| `printer_attributes`, `answers` | the attributes of the printer, of jobs and documents; the choice of requested ones |
| `kept_answers`, `told_jobs`, `told_printers`, `spliced` | answers that are kept as octets while they are true |
| `description`, `derived` | a printer's description in TOML (`description.toml`); the attributes that follow from it |
| `captured` | a description made from another printer's answer |
| `operator_messages` | the messages that operators send with an operation |
| `processing` | the thread that processes jobs |
| `outputs`, `forwarding` | where jobs go: a directory, a command; another printer by IPP, AppSocket or LPD |
| `rings` | printers that forward to each other: a job that comes back is refused |
| `fitting` | documents and attributes of a job, made to fit another printer |
| `device`, `simulating` | the state of the device; `Simulated`: a device for tests, with time and faults |
| `in_threads` | `InThreads`: the printer as a handler for `AsyncServer` and ASGI |
| `receiving` | jobs that are getting a document now: their time-out does not run |
| `actual` | the attributes that a job was printed with |
| `counting`, `pdf_pages` | the pages of a document, and the impressions and sheets that they need |
| `holding`, `fetching` | job-hold-until as a time; documents by reference |
| `events` | `Events.publish`: tells the listeners in this process what happened |
| `subscriptions`, `notifications` | the operations on subscriptions; Get-Notifications |
| `event_attributes` | the content of an event |
| `waiting_room` | limits the requests that wait for events |
| `users`, `oauth` | the users of a file, and how their passwords are checked; tokens of an OpenID provider |
| `web` | the web pages (see there) |
| `metrics`, `announce` | figures for Prometheus; DNS-SD |

Access is decided in `SpoolPrinter._check_access` and `access.may_see`.
"""

from .._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .announce import Announcement
    from .description import Description, DescriptionError
    from .fetching import Fetcher
    from .forwarding import LPD, AppSocket, Forward, forward_to
    from .in_threads import InThreads
    from .metrics import Metrics
    from .options import Access, Address, PrinterLimits
    from .outputs import Command, Directory, Held, Keep, Output, OutputError
    from .printer import SpoolPrinter
    from .service import PrintService, QueueError, QueueSpec
    from .simulating import Clock, ManualClock, RealClock, Simulated
    from .storage.places import Place
    from .web import PrinterPages, ServicePages

__all__ = [
    "LPD",
    "Access",
    "Address",
    "Announcement",
    "AppSocket",
    "Clock",
    "Command",
    "Description",
    "DescriptionError",
    "Directory",
    "Fetcher",
    "Forward",
    "Held",
    "InThreads",
    "Keep",
    "ManualClock",
    "Metrics",
    "Output",
    "OutputError",
    "Place",
    "PrintService",
    "PrinterLimits",
    "PrinterPages",
    "QueueError",
    "QueueSpec",
    "RealClock",
    "ServicePages",
    "Simulated",
    "SpoolPrinter",
    "forward_to",
]

_HOMES = {
    "announce": ("Announcement",),
    "description": ("Description", "DescriptionError"),
    "fetching": ("Fetcher",),
    "in_threads": ("InThreads",),
    "metrics": ("Metrics",),
    "options": ("Access", "Address", "PrinterLimits"),
    "forwarding": ("LPD", "AppSocket", "Forward", "forward_to"),
    "outputs": ("Command", "Directory", "Held", "Keep", "Output", "OutputError"),
    "printer": ("SpoolPrinter",),
    "simulating": ("Clock", "ManualClock", "RealClock", "Simulated"),
    "storage.places": ("Place",),
    "service": ("PrintService", "QueueError", "QueueSpec"),
    "web": ("PrinterPages", "ServicePages"),
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
