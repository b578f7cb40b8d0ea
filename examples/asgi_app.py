"""A printer as a part of a web application, under any ASGI server:

    uvicorn --app-dir examples asgi_app:application

Under /ipp/print it is a printer; ``GET /documents`` tells, as JSON, what has been printed. Documents are digested as
they arrive, and kept nowhere.
"""

import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ippfast import DelimiterTag, Message, response
from ippfast.enums import JobState, Operation, Status
from ippfast.http import AsyncIncomingRequest
from ippfast.http.asgi import IPPApplication

Event = MutableMapping[str, Any]

documents: list[dict[str, object]] = []
ids = itertools.count(1)


async def handle(incoming: AsyncIncomingRequest) -> Message:
    message = incoming.message
    # Every operation on a printer names it, once (RFC 8011 section 4.1.5).
    groups = message.groups_of(DelimiterTag.OPERATION)
    targets = groups[0]["printer-uri"].values if groups and "printer-uri" in groups[0] else ()
    if len(targets) != 1:
        return response(message, Status.CLIENT_ERROR_BAD_REQUEST, status_message="there must be one printer-uri")
    uri = str(targets[0])
    if message.operation is Operation.PRINT_JOB:
        digest, octets = hashlib.sha256(), 0
        async for piece in incoming.document:
            digest.update(piece)
            octets += len(piece)
        job_id = next(ids)
        documents.append({"job-id": job_id, "octets": octets, "sha256": digest.hexdigest()})
        job = {
            "job-id": job_id,
            "job-uri": f"{uri}/{job_id}",
            "job-state": JobState.COMPLETED,
            "job-state-reasons": "none",
        }
        return response(message, job=job)
    if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
        printer = {
            "printer-name": "Digests",
            "printer-uri-supported": uri,
            "printer-state": "idle",
            "operations-supported": [Operation.PRINT_JOB, Operation.GET_PRINTER_ATTRIBUTES],
        }
        return response(message, printer=printer)
    return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)


# A web page elsewhere must not reach it under a name of its own (DNS rebinding): only these names are answered.
printer = IPPApplication(handle, hosts=["localhost", "127.0.0.1"])


async def application(
    scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]
) -> None:
    """The whole application: a framework's router would be in this place."""
    if scope["type"] == "http" and scope["path"] == "/documents":
        body = json.dumps(documents).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    else:
        await printer(scope, receive, send)
