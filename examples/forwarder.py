"""A print server in front of a printer: every request goes on to it, and documents pass through as they arrive.

    python examples/forwarder.py ipp://printer.local/ipp/print

prints where it listens. It uses threads, and nothing of a document is kept: not on disk, and not in memory either.
"""

import argparse
import itertools
import threading

from ippfast import DelimiterTag, Message, response
from ippfast.enums import Status
from ippfast.http import Client, HTTPError, IncomingRequest, Server


class Forwarder:
    """The handler of the server. Clients see the printer under the server's own URI."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.uri = ""  # the server's own, once it listens
        self.client = Client(target)  # usable from every thread

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        self._replace(message, self.uri, self.target)
        # Print-Job and Send-Document have a document; of any other request it is empty.
        document = iter(incoming.document)
        first = next(document, None)
        try:
            answer = self.client.send(message, None if first is None else itertools.chain([first], document))
        except (HTTPError, OSError) as error:
            return response(message, Status.SERVER_ERROR_SERVICE_UNAVAILABLE, status_message=str(error)[:255])
        self._replace(answer, self.target, self.uri)
        return answer

    def _replace(self, message: Message, old: str, new: str) -> None:
        """URIs of the one, in a message, become those of the other."""
        for group in message.groups:
            if group.tag == DelimiterTag.UNSUPPORTED:
                continue
            for name in ("printer-uri", "job-uri", "job-printer-uri", "printer-uri-supported"):
                attribute = group.get(name)
                if attribute is not None and isinstance(attribute.values[0], str):
                    path = attribute.values[0].removeprefix(old)
                    group[name] = new + path if path != attribute.values[0] else new


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", help="the printer's URI")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    forwarder = Forwarder(arguments.target)
    with forwarder.client, Server(forwarder, port=arguments.port) as server:
        forwarder.uri = f"ipp://localhost:{server.port}/ipp/print"
        print(forwarder.uri, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
