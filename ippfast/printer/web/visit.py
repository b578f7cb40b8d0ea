"""One look at a page of a printer: who looks, and what they may see and do.

The rule of this file: it asks `access` and the table of operations, and decides nothing.
"""

from dataclasses import dataclass
from functools import cached_property

from ippfast.enums import Operation
from ippfast.http.hosts import has_port
from ippfast.http.incoming import PageRequest

from ..access import Who, is_operator, may_read, may_see, may_use
from ..calls import OPERATIONS
from ..core import PrinterCore
from ..description import Description
from ..storage.rows import Job, QueueState

__all__ = ["Visit"]

_MOST = 1_000_000  # of a page's number


@dataclass(frozen=True)
class Visit:
    """Who looks at a page of a printer. failed: why what they did just before was not done."""

    printer: PrinterCore
    request: PageRequest
    failed: str = ""

    @cached_property
    def who(self) -> Who:
        """Who looks."""
        return Who(self.request.user, is_operator(self.printer, self.request))

    @cached_property
    def state(self) -> QueueState:
        """The printer's state, the same for the whole page."""
        return self.printer.store.state()

    @cached_property
    def description(self) -> Description:
        """The printer's description, with the attributes that were set over it."""
        return self.printer.description.over(self.printer.settings(self.state))

    def sees(self, job: Job) -> bool:
        """Whether they may know more of a job than everybody."""
        return may_see(self.printer, self.who, job)

    def reads(self, job: Job) -> bool:
        """Whether they may see its documents."""
        return may_read(self.who, job)

    def may(self, code: Operation, job: Job | None = None) -> bool:
        """Whether they may use an operation."""
        spec = OPERATIONS[code]
        return may_use(spec.access, self.who, job) and (spec.while_down or not self.state.down)

    @property
    def target(self) -> str:
        """The target of the request."""
        return self.request.head.target

    def page(self, name: str) -> int:
        """Which page of a list they want, from 1."""
        for pair in self.target.partition("?")[2].split("&"):
            key, _, value = pair.partition("=")
            if key == name and value.isascii() and value.isdigit() and len(value) < 8:
                return min(max(int(value), 1), _MOST)
        return 1

    @property
    def authority(self) -> str:
        """Host and port of this server, as the browser calls it. Without a port, that of HTTP is meant, not of IPP."""
        host = self.printer.host(self.request)
        return host if has_port(host) else f"{host}:{443 if self.request.secure else 80}"
