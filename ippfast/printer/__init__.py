"""A printer that takes jobs into a spool: `SpoolPrinter`, a handler for the servers of `ippfast.http`.

The rule of this package: a job that was acknowledged is on the disk, with its documents, whatever happens next.

What each file does:

| file | what it does |
|---|---|
| `printer` | `SpoolPrinter`: holds the parts together; state and attributes of the printer |
| `calls` | a request on its way; the checks of every request; `operation`, which registers in the table of operations |
| `job_creation`, `job_operations`, `document_operations`, `printer_operations` | the operations |
| `template` | what a client wants of a job against what the printer has |
| `answers` | the attributes of jobs and documents, and which of them are asked for |
| `description` | what the printer says of itself, from TOML (`description.toml`) |
| `database`, `store`, `documents` | a SQLite file; the job table in one, and the spool of documents |
| `processing`, `outputs` | the thread that processes jobs, and where they go: directory, command, other printer |
| `in_threads` | `InThreads`: the printer as a handler for `AsyncServer` and ASGI |
| `holding`, `fetching` | job-hold-until as a moment; documents by reference |
| `events` | `Events.publish`: what happened, told to whoever listens |
| `subscriptions`, `notifications` | who subscribed to what, and the events that wait for them; the operations on both |
| `pages`, `metrics`, `announce` | the web page, figures for Prometheus, DNS-SD |

Access is decided in `SpoolPrinter._check_access` and `Call.may_see`.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .announce import Announcement
    from .description import Description, DescriptionError
    from .fetching import Fetcher
    from .in_threads import InThreads
    from .metrics import Metrics
    from .outputs import Command, Directory, Forward, Keep, Output, OutputError
    from .pages import PrinterPages
    from .printer import SpoolPrinter

__all__ = [
    "Announcement",
    "Command",
    "Description",
    "DescriptionError",
    "Directory",
    "Fetcher",
    "Forward",
    "InThreads",
    "Keep",
    "Metrics",
    "Output",
    "OutputError",
    "PrinterPages",
    "SpoolPrinter",
]

_HOMES = {
    "announce": ("Announcement",),
    "description": ("Description", "DescriptionError"),
    "fetching": ("Fetcher",),
    "in_threads": ("InThreads",),
    "metrics": ("Metrics",),
    "outputs": ("Command", "Directory", "Forward", "Keep", "Output", "OutputError"),
    "pages": ("PrinterPages",),
    "printer": ("SpoolPrinter",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
