"""Tries what is installed, with nothing but the package itself and what it needs: ``python tools/try_wheel.py``.

The rule of this file: it fails unless the compiled codec is there, and gives each message back octet for octet.
"""

import sys
from pathlib import Path

import ippfast
from ippfast import operations
from ippfast.http import Client, Server

ROOT = Path(__file__).resolve().parent.parent
LEAST = 100


def main() -> None:
    assert Path(ippfast.__file__).parent.parent != ROOT, "this is the source tree, not what is installed"
    assert ippfast.IMPLEMENTATION == "cython", ippfast.IMPLEMENTATION
    tried = 0
    for path in sorted((ROOT / "tests" / "vectors" / "recorded").glob("*.ipp")):
        octets = path.read_bytes()
        message, end = ippfast.decode_prefix(octets)
        assert ippfast.encode(message) == octets[:end], path
        tried += 1
    assert tried >= LEAST, tried
    with Server(lambda incoming: ippfast.response(incoming.message), port=0) as server:
        uri = f"ipp://localhost:{server.port}/ipp/print"
        with Client(uri) as client:
            answer = client.send(operations.validate_job(uri))
    assert answer.status == 0, answer.status
    print(f"{ippfast.__version__} on Python {sys.version.split()[0]}: {tried} messages, a client and a server")


if __name__ == "__main__":
    main()
