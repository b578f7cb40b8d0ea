"""A service of many printers behind a socket, and who asks it.

The rule of this file: a service is asked as any client asks it.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from printers import DOCUMENT

from ippfast import Attribute, AttributeGroup, Message, Name, Operation, ValueTag, request
from ippfast.enums import Status
from ippfast.http import Client, Server
from ippfast.printer import PrintService, QueueSpec
from ippfast.printer.web import ServicePages
from ippfast.tags import DelimiterTag

__all__ = ["Desk", "serving_many"]


class Desk:
    """A service, its server, and what asks it."""

    def __init__(self, service: PrintService, server: Server) -> None:
        self.service = service
        self.port = server.port
        self.host = f"ipp://localhost:{server.port}"

    def ask(self, code: Operation, path: str = "/ipp/system", document: bytes = b"", **given: Any) -> Message:
        """The answer to a request. groups: more of them, as (tag, attributes)."""
        groups, user = given.pop("groups", []), given.pop("user", "alice")
        name = "system-uri" if path == "/ipp/system" else given.pop("target", "printer-uri")
        attributes = {name: f"{self.host}{path}"} | {key.replace("_", "-"): value for key, value in given.items()}
        message = request(code, operation_attributes=attributes, user=user)
        for tag, content in groups:
            message.groups.append(AttributeGroup(tag, content))
        with Client(f"{self.host}/") as client:
            return client.send(message, document) if document else client.send(message)

    def print(self, name: str) -> int:
        answer = self.ask(Operation.PRINT_JOB, f"/ipp/print/{name}", DOCUMENT, job_name=Name(f"for {name}"))
        assert answer.status is Status.SUCCESSFUL_OK, answer
        number = answer.job["job-id"].value
        assert isinstance(number, int)
        return number

    def state(self, number: int) -> object:
        return self.ask(Operation.GET_JOB_ATTRIBUTES, f"/jobs/{number}", target="job-uri").job["job-state"].value

    def subscribe(self, *events: str, code: Operation = Operation.CREATE_SYSTEM_SUBSCRIPTIONS, **given: Any) -> int:
        """The number of a new subscription of the system's."""
        wanted = [
            Attribute("notify-pull-method", ValueTag.KEYWORD, "ippget"),
            Attribute("notify-events", ValueTag.KEYWORD, list(events)),
        ]
        answer = self.ask(code, groups=[(DelimiterTag.SUBSCRIPTION, wanted)], **given)
        assert answer.status is Status.SUCCESSFUL_OK, answer
        number = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        assert isinstance(number, int)
        return number

    def events(self, subscription: int, first: int = 1, **given: Any) -> list[AttributeGroup]:
        """Its events, from one number on."""
        answer = self.ask(
            Operation.GET_NOTIFICATIONS,
            notify_subscription_ids=[subscription],
            notify_sequence_numbers=[first],
            **given,
        )
        return answer.groups_of(DelimiterTag.EVENT_NOTIFICATION)

    def names(self, **given: Any) -> list[object]:
        answer = self.ask(Operation.GET_PRINTERS, requested_attributes=["printer-name"], **given)
        assert answer.status is Status.SUCCESSFUL_OK, answer
        return [group["printer-name"].value for group in answer.groups_of(DelimiterTag.PRINTER)]


@contextmanager
def serving_many(storage: Any, *names: str, **options: Any) -> Iterator[Desk]:
    queues = [QueueSpec(name=name) for name in names] if names else options.pop("queues", None)
    with (
        contextlib.ExitStack() as stack,
        PrintService(storage, queues=queues, **options) as service,
        Server(service, port=0, pages=ServicePages(service)) as server,
    ):
        if not isinstance(storage, Path):
            stack.callback(storage.close)
        yield Desk(service, server)
