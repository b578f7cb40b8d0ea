"""A printer that gives one answer to everybody: ``python -m benchmarks.peers.answering FILE``.

Rule: it takes as little time as Python allows, so that the clients are what is measured. It says its port, and ends
when its input does. The standard library alone, as for all workers.
"""

import atexit
import re
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
_END = b"\r\n\r\n"
_SIZE = 131_072


@cache
def answering(answer: bytes) -> int:
    """The port of a printer that answers so, started for as long as this process runs."""
    folder = tempfile.TemporaryDirectory()
    file = Path(folder.name) / "answer"
    file.write_bytes(answer)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    port = int(process.stdout.readline())
    folder.cleanup()
    atexit.register(process.wait)
    atexit.register(process.stdin.close)  # the last that is registered comes first
    return port


def _serve(connection: socket.socket, answer: bytes) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: %d" % len(answer) + _END
    with connection:
        while octets := connection.recv(_SIZE):
            while (end := octets.find(_END)) < 0:
                octets += connection.recv(_SIZE)
            found = _LENGTH.search(octets, 0, end + 2)
            assert found is not None
            end += len(_END)
            while len(octets) < end + int(found[1]):
                octets += connection.recv(_SIZE)
            # The answer is to this request: it has its request-id (RFC 8011 section 4.1.2).
            connection.sendall(head + answer[:4] + octets[end + 4 : end + 8] + answer[8:])


def main(answer: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, answer), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_bytes())
