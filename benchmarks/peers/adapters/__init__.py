"""What a Python library must say to take part: one adapter for each, one method for each workload.

Rule: an adapter does what that library's users would write, with its public functions and in its own model,
and as little else as it can. One iteration of a workload is one call of one method here, whose result is the
count that the harness compares. What a library cannot do is left as the `Unable` below, which the table shows
as its error.
"""

from collections.abc import Callable
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
