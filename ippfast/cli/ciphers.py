"""Finds which old ciphers a server takes: it sends a ClientHello for each kind, and looks for a ServerHello.

The rule of this file: OpenSSL no longer has these ciphers, so the one record that offers them is written by hand (RFC
5246 section 7.4.1.2). No handshake is finished, and only that record is sent.
"""

import secrets
import socket
import struct
from typing import NamedTuple

from ippfast.http.uri import Endpoint

from .findings import Finding, Level

__all__ = ["examine_ciphers"]

_SECONDS = 5.0
_MOST_OCTETS = 16_389
_HANDSHAKE, _SERVER_HELLO = 22, 2


class _Kind(NamedTuple):
    """Cipher suites that have a fault in common, by their numbers in IANA's registry."""

    suites: tuple[int, ...]
    level: Level
    what: str


_KINDS = (
    _Kind(
        (0x0001, 0x0002, 0x003B, 0xC001, 0xC006, 0xC00B, 0xC010, 0xC015),
        Level.BAD,
        "ciphers that encrypt nothing (NULL) are taken",
    ),
    _Kind(
        (0x0018, 0x001B, 0x0034, 0x003A, 0x006C, 0x006D, 0x00A6, 0x00A7, 0xC017, 0xC018, 0xC019),
        Level.BAD,
        "ciphers without a certificate (anonymous) are taken: anybody can answer in its place",
    ),
    _Kind(
        (0x0003, 0x0006, 0x0008, 0x000B, 0x000E, 0x0011, 0x0014, 0x0062, 0x0064),
        Level.BAD,
        "ciphers for export are taken, which were made to be broken (RFC 4346 section 8)",
    ),
    _Kind((0x0009, 0x000C, 0x000F, 0x0012, 0x0015), Level.BAD, "DES is taken, whose keys can all be tried"),
    _Kind(
        (0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011, 0xC016),
        Level.BAD,
        "RC4 is taken, which no server may (RFC 7465)",
    ),
    _Kind(
        (0x000A, 0x000D, 0x0010, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012),
        Level.WEAK,
        "3DES is taken, whose blocks are too short for much data (SWEET32)",
    ),
)
_AUTHENTICATED = (0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0x009E, 0x009F, 0x009C, 0x009D, 0xC09C, 0xC09D)
_FORWARD = (
    *(0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0x009E, 0x009F, 0xCCAA),
    *(0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC024, 0xC027, 0xC028, 0x0033, 0x0039, 0x0067, 0x006B),
)


def examine_ciphers(endpoint: Endpoint, newest: str) -> list[Finding]:
    """Findings about the kinds of ciphers that a server takes. newest: its newest version of TLS.

    TLS 1.3 has none of them (RFC 8446 section 1.2), but a server that has it may take them from older clients.
    """
    found = [
        Finding(kind.level, kind.what, "switch it off in the printer's settings, or update the firmware")
        for kind in _KINDS
        if _takes(endpoint, kind.suites)
    ]
    if newest == "TLSv1.2":
        if not _takes(endpoint, _FORWARD):
            words = "no forward secrecy: with the server's key, older recorded connections can be read"
            found.append(
                Finding(Level.WEAK, words, "switch on ECDHE in the printer's settings, or update the firmware")
            )
        if not _takes(endpoint, _AUTHENTICATED):
            words = "it has only CBC ciphers, whose padding was attacked again and again"
            found.append(
                Finding(Level.NOTE, words, "switch on AES-GCM in the printer's settings, or update the firmware")
            )
    return found


def _takes(endpoint: Endpoint, suites: tuple[int, ...]) -> bool:
    """Whether a server goes on with one of these cipher suites; False too if it does not answer."""
    try:
        with socket.create_connection((endpoint.host, endpoint.port), _SECONDS) as connection:
            connection.sendall(_client_hello(endpoint.host, suites))
            answer = b""
            while len(answer) < 6:
                piece = connection.recv(_MOST_OCTETS)
                if not piece:
                    return False
                answer += piece
    except OSError:
        return False
    return answer[0] == _HANDSHAKE and answer[5] == _SERVER_HELLO


def _client_hello(host: str, suites: tuple[int, ...]) -> bytes:
    """The record with a ClientHello of TLS 1.2 (RFC 5246 sections 6.2.1 and 7.4.1.2)."""
    ciphers = b"".join(struct.pack(">H", each) for each in suites)
    extensions = b"".join(
        (
            _extension(10, _sized(struct.pack(">5H", 29, 23, 24, 25, 256))),  # supported_groups (RFC 8422, RFC 7919)
            _extension(11, b"\x01\x00"),  # ec_point_formats: uncompressed
            _extension(13, _sized(struct.pack(">9H", *_SIGNATURES))),  # signature_algorithms
            _server_name(host),
        )
    )
    body = b"\x03\x03" + secrets.token_bytes(32) + b"\x00" + _sized(ciphers) + b"\x01\x00" + _sized(extensions)
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", _HANDSHAKE, 0x0301, len(handshake)) + handshake


_SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0804, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)


def _sized(octets: bytes) -> bytes:
    return struct.pack(">H", len(octets)) + octets


def _extension(number: int, octets: bytes) -> bytes:
    return struct.pack(">H", number) + _sized(octets)


def _server_name(host: str) -> bytes:
    """The server_name extension (RFC 6066 section 3); nothing for an address, which is not a name."""
    if ":" in host or host.replace(".", "").isdigit() or not host.isascii():
        return b""
    return _extension(0, _sized(b"\x00" + _sized(host.encode())))
