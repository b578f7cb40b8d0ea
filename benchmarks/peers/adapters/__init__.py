"""What a Python library must say to take part: one adapter for each, one method for each workload.

Rule: an adapter does what that library's users would write, with its public functions and in its own model,
and as little else as it can. One iteration of a workload is one call of one method here, whose result is the
count that the harness compares. What a library cannot do is left as the `Unable` below, which the table shows
as its error.
"""

from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any


class Unable(Exception):
    """The library has nothing for this."""


def no_decoder(octets: bytes) -> Any:
    raise Unable("no decoder")


def no_encoder(message: Any) -> bytes:
    raise Unable("no encoder")


class Adapter:
    """A Python library behind the workloads. Octets in, counts out."""

    version = "?"

    decode: Callable[..., Any] = staticmethod(no_decoder)  # the library's own, and nothing else
    encode: Callable[..., bytes] = staticmethod(no_encoder)

    def serve(self, octets: bytes) -> int:
        """Read the five operation attributes that workloads.SERVED names."""
        raise Unable("no decoder")

    def monitor(self, octets: bytes) -> int:
        """Read the six printer attributes that workloads.MONITORED names."""
        raise Unable("no decoder")

    def jobs(self, octets: bytes) -> int:
        """Read job-id and job-state of each job."""
        raise Unable("no decoder")

    def touch(self, message: Any) -> int:
        """Read every value of a decoded message, recursing into collections; returns how many."""
        raise Unable("no decoder")

    def maker(self, octets: bytes) -> Callable[[], Any]:
        """A function that makes this message from plain values, new at every call, for `encode`."""
        raise Unable("no encoder")

    def copy(self, octets: bytes) -> int:
        return len(self.encode(self.decode(octets)))

    def proxy(self, octets: bytes, uri: str) -> int:
        """Decode a request, put another printer-uri into it, encode."""
        raise Unable("no encoder")

    def pieces(self, pieces: list[bytes]) -> Any:
        """Decode from pieces that come in one after the other; returns the message that the last one completes."""
        raise Unable("no incremental decoder")

    def dict(self, octets: bytes) -> Any:
        """Decode, and make dictionaries, lists and plain values of all that is in the message."""
        raise Unable("no dictionaries")

    def validate(self, octets: bytes) -> Any:
        """Decode, and tell what breaks the rules for attributes and values."""
        raise Unable("no validator")

    def recover(self, octets: bytes) -> Any:
        """Decode a message that may be broken."""
        raise Unable("refuses what is broken")

    def request(self, octets: bytes) -> Any:
        """Make a Print-Job request with `NAMES_AND_VALUES`, whose syntaxes the library knows, and encode it."""
        raise Unable("knows no syntaxes")

    def response(self, octets: bytes) -> Any:
        """Decode a request, and encode a response with `JOB` in a job group."""
        raise Unable("makes no responses")

    def client(self, port: int) -> Callable[[], object]:
        """What asks a printer at this port for printer-state, each time over the same connection, and decodes."""
        raise Unable("no client")

    def client_async(self, port: int) -> Callable[[], object]:
        """The same by the library's client for asyncio."""
        raise Unable("no client for asyncio")

    def post(self, port: int) -> Callable[[], object]:
        """The same by `Posting` and the library's decoder, with a request made before."""
        raise Unable("not compared")

    def print(self, port: int) -> Callable[[], object]:
        """What prints `DOCUMENT` on a printer at this port, each time over the same connection."""
        raise Unable("no client that prints")

    def print_async(self, port: int) -> Callable[[], object]:
        """The same by the library's client for asyncio."""
        raise Unable("no client for asyncio that prints")

    def post_print(self, port: int) -> Callable[[], object]:
        """The same by `Posting` and the library's decoder, with a request made before."""
        raise Unable("not compared")

    def printer(self, octets: bytes) -> Any:
        """Decode a request to a printer, carry it out, encode the answer."""
        raise Unable("no printer")


class Posting:
    """The standard library's client for those that have none, for `Adapter.client`. request: what is posted."""

    def __init__(self, port: int, request: bytes) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._request = request

    def __call__(self) -> bytes:
        """The octets of the answer."""
        self._connection.request("POST", "/ipp/print", self._request, {"Content-Type": "application/ipp"})
        return self._connection.getresponse().read()


DOCUMENT = b"%PDF-1.7".ljust(10_240, b"\n")
URI = "ipp://printer.example/ipp/print"
NAMES_AND_VALUES = (
    {"job-name": "Report", "document-format": "application/pdf"},
    {"copies": 2, "sides": "two-sided-long-edge", "print-quality": 4, "media": "iso_a4_210x297mm"},
)
"""Of the operation and of the job."""
JOB: dict[str, Any] = {"job-id": 7, "job-uri": f"{URI}/7", "job-state": 3, "job-state-reasons": "none"}
