"""A program for an environment that has ippserver: its SaveFilePrinter, served by ippfast.

The rule of this file: the behaviour is the library's, unchanged. ``handler DIRECTORY`` serves it by `serve_behaviour`,
as ``reject DIRECTORY`` does its RejectAllPrinter; ``command DIRECTORY`` runs the library's own command line, into which
`install` has put our server. The port is printed, and the program ends with its input.
"""

import sys
import threading
from typing import Any

from ippfast.compat import ippserver


def tell(port: int) -> None:
    print(port, flush=True)
    sys.stdin.read()


def serve(directory: str) -> None:
    from ippserver.behaviour import SaveFilePrinter

    ippserver.install()
    printer = SaveFilePrinter(directory, "pdf")
    with ippserver.serve_behaviour(printer, ("127.0.0.1", 0)) as server:
        tell(server.port)


def reject(directory: str) -> None:
    from ippserver.behaviour import RejectAllPrinter

    ippserver.install()
    with ippserver.serve_behaviour(RejectAllPrinter(), ("127.0.0.1", 0)) as server:
        tell(server.port)


def run_command(directory: str) -> None:
    ippserver.install()
    from ippserver import __main__ as command

    made: list[Any] = []
    ours = command.IPPServer

    def make(*arguments: Any) -> Any:
        made.append(ours(*arguments))
        return made[-1]

    command.IPPServer = make
    arguments = ["--host", "127.0.0.1", "--port", "0", "save", "--pdf", directory]
    thread = threading.Thread(target=command.main, args=(arguments,))
    thread.start()
    while not made:
        thread.join(0.05)
    tell(made[0].server_address[1])
    made[0].shutdown()
    thread.join()


if __name__ == "__main__":
    {"handler": serve, "reject": reject, "command": run_command}[sys.argv[1]](sys.argv[2])
