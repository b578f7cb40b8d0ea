"""Many printers in one server: `PrintService`, a handler for the servers of `ippfast.http`.

The rule of this package: a printer of the service is a `SpoolPrinter` that is made at its first request, and
costs no thread. The storage has the list of printers, so that every process with the same storage serves them all.

| file | what it does |
|---|---|
| `service` | `PrintService`: which printer, job or system a request is for |
| `queues` | what printers there are, and their names, numbers and outputs |
| `files` | printers from a file of TOML |
| `work` | the threads that process the jobs of all printers |
| `system`, `system_attributes` | the System object of PWG 5100.22: its operations and its attributes |
| `table`, `subscriptions` | who may use which operation; subscriptions to the events of all printers |
| `resources`, `allocations`, `templates` | its resources; what a printer or a request gets of them |
| `metrics` | figures for Prometheus |
| `cups` | what CUPS' own commands ask of a server |
"""

from .files import read_printers
from .queues import QueueError, QueueSpec
from .service import PrintService, output_of

__all__ = ["PrintService", "QueueError", "QueueSpec", "output_of", "read_printers"]
