"""pycups: libcups' codec from Python, by its IPPRequest.

It can read and write any message, but cannot show the attributes of one that has more than one group: the
marks between groups, which have no name, raise SystemError. Collections, dates and octetStrings it shows as a
fixed text.
"""

from collections.abc import Callable
from importlib.metadata import version
from io import BytesIO
from typing import Any

import cups

from . import Adapter


class Pycups(Adapter):
    version = version("pycups")

    def decode(self, octets: bytes) -> Any:
        request = cups.IPPRequest()
        request.readIO(BytesIO(octets).read)
        if request.state != cups.IPP_DATA:
            raise ValueError("libcups refuses the message")
        return request

    def encode(self, message: Any) -> bytes:
        octets = BytesIO()
        message.state = cups.IPP_IDLE  # libcups goes on where it stands, and writes nothing after it has read
        message.writeIO(octets.write)
        return octets.getvalue()

    def client(self, port: int) -> Callable[[], object]:
        connection = cups.Connection(host="127.0.0.1", port=port)
        uri = f"ipp://127.0.0.1:{port}/ipp/print"
        return lambda: connection.getPrinterAttributes(uri=uri, requested_attributes=["printer-state"])

    def serve(self, octets: bytes) -> int:
        attributes = {attribute.name: attribute for attribute in self.decode(octets).attributes}
        (charset,) = attributes["attributes-charset"].values
        (uri,) = attributes["printer-uri"].values
        (user,) = attributes["requesting-user-name"].values
        (name,) = attributes["job-name"].values
        (document_format,) = attributes["document-format"].values
        return len((charset, uri, user, name, document_format))

    def monitor(self, octets: bytes) -> int:
        attributes = {attribute.name: attribute for attribute in self.decode(octets).attributes}
        (state,) = attributes["printer-state"].values
        reasons = attributes["printer-state-reasons"].values
        (accepting,) = attributes["printer-is-accepting-jobs"].values
        (name,) = attributes["printer-name"].values
        (model,) = attributes["printer-make-and-model"].values
        (up_time,) = attributes["printer-up-time"].values
        return len((state, *reasons, accepting, name, model, up_time))

    def jobs(self, octets: bytes) -> int:
        count = 0
        for attribute in self.decode(octets).attributes:
            if attribute.name == "job-id" or attribute.name == "job-state":
                count += len(attribute.values)
        return count

    def touch(self, message: Any) -> int:
        count = 0
        for attribute in message.attributes:
            for _value in attribute.values:
                count += 1
        return count
