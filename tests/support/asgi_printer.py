"""An ASGI application as a user would write one, for real ASGI servers to run: ``uvicorn asgi_printer:application``."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag
from ippfast.enums import Operation, Status
from ippfast.http import (
    AsyncIncomingRequest,
    AsyncReply,
    BasicAuthenticator,
    HTTPLimits,
    Page,
    PageRequest,
    Refusal,
    RequestHead,
)
from ippfast.http.asgi import IPPApplication

__all__ = ["application", "handle"]

started: list[str] = []


async def handle(request: AsyncIncomingRequest) -> Message | AsyncReply:
    """What each operation does is for the tests alone."""
    message = request.message
    if message.operation is Operation.VALIDATE_JOB:
        raise Refusal(404, "no such printer")
    if message.operation is Operation.CANCEL_JOB:
        raise Refusal(403, "not yours", ipp_status=Status.CLIENT_ERROR_FORBIDDEN)
    size, digest = 0, hashlib.sha256()
    if message.operation in (Operation.PRINT_JOB, Operation.CREATE_JOB):
        async for piece in request.document:
            size += len(piece)
            digest.update(piece)
    group = [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
    ]
    job = [
        Attribute("job-id", ValueTag.INTEGER, 7),
        Attribute("job-uri", ValueTag.URI, "ipp://localhost/ipp/print/7"),
        Attribute("job-state", ValueTag.ENUM, 9),
        Attribute("job-state-reasons", ValueTag.KEYWORD, "job-completed-successfully"),
        Attribute("x-size", ValueTag.INTEGER, size),
        Attribute("x-digest", ValueTag.TEXT, digest.hexdigest()),
        Attribute("x-user", ValueTag.NAME, request.owner),
    ]
    groups = [AttributeGroup(DelimiterTag.OPERATION, group), AttributeGroup(DelimiterTag.JOB, job)]
    answer = Message(message.version, Status.SUCCESSFUL_OK, message.request_id, groups)
    if message.operation is Operation.SEND_DOCUMENT:
        pieces = [piece async for piece in request.document]
        return AsyncReply(answer, iter(pieces))
    return answer


async def show(request: PageRequest) -> Page | None:
    if request.head.target != "/page%20one?x=1":
        return None
    return Page(200, "text/plain", f"{request.peer} {started}".encode())


def is_anonymous(head: RequestHead, message: Message | None) -> bool:
    return message is None or message.operation is not Operation.CREATE_JOB


def check(user: str, password: str) -> bool:
    return (user, password) == ("ada", "secret")


@asynccontextmanager
async def live() -> AsyncIterator[None]:
    started.append("up")
    yield
    started.clear()


application = IPPApplication(
    handle,
    limits=HTTPLimits(document=200_000_000, idle=5.0),
    hosts={"localhost", "127.0.0.1"},
    authenticator=BasicAuthenticator(check, insecure=True),
    anonymous=is_anonymous,
    pages=show,
    lifespan=live,
)
