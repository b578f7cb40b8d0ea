"""Random names and UUIDs: for jobs, documents, workers.

The rule of this file: they can't be guessed, and no two are the same. The random octets are read from the system in
large pieces, since each call costs as much as a row in a table.
"""

import os
import threading

__all__ = ["is_token", "token", "uuid_urn"]

_MANY = 4_096
_lock = threading.Lock()
_octets = b""


def _forget() -> None:
    """Drop the octets in a forked process, since its parent uses them."""
    global _lock, _octets
    _lock, _octets = threading.Lock(), b""


os.register_at_fork(after_in_child=_forget)


def _random() -> bytes:
    global _octets
    with _lock:
        if not _octets:
            _octets = os.urandom(_MANY)
        found, _octets = _octets[:16], _octets[16:]
    return found


def token() -> str:
    """A name of 32 hexadecimal digits."""
    return _random().hex()


def is_token(text: str) -> bool:
    """Whether a text is such a name."""
    return len(text) == 32 and all(digit in "0123456789abcdef" for digit in text)


def uuid_urn() -> str:
    """A UUID of version 4 (RFC 9562 section 5.4) as a URN."""
    number = int.from_bytes(_random(), "big")
    number = number & ~(0xF000 << 64 | 0xC000 << 48) | 0x4000 << 64 | 0x8000 << 48
    digits = f"{number:032x}"
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
