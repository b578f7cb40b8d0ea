"""Figures for a monitoring system, in the text form that Prometheus reads (extra ``metrics``: prometheus-client).

The rule of this file: figures have few labels, with fixed values; nothing that a client sends becomes a label, so that
no client can make many of them. Gauges are read from the storage when they are asked for; counters count in the
handler's process, and are added up over processes if PROMETHEUS_MULTIPROC_DIR names a directory for them.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from ippfast.codec import Message
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.http.errors import Refusal
from ippfast.http.events import DocumentData, Event
from ippfast.http.incoming import IncomingDocument, IncomingRequest, Parts, Reply

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__ = ["Metrics", "SupportsCollect", "gauge"]


class Metrics:
    """A printer and its figures: use it as the handler in the printer's place, and give it to `PrinterPages`.

    ``ippfast_requests_total``: requests by operation and IPP status (or ``http-400`` and the like, for one that was
    refused with an HTTP status). ``ippfast_document_octets_total``: document data received. ``ippfast_jobs``: jobs by
    job-state. ``ippfast_printer_state``: 1 for the state that the printer is in. ``ippfast_printer_accepting_jobs``,
    ``ippfast_printer_up_seconds``, ``ippfast_subscriptions``.

    Raises ImportError if prometheus-client is not installed.
    """

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, printer: "SpoolPrinter") -> None:
        self._begin(printer, _Gauges(printer))

    def _begin(
        self, printer: "Callable[[IncomingRequest], Message | Reply | Parts]", gauges: "SupportsCollect"
    ) -> None:
        self._printer = printer
        self._registry = CollectorRegistry()
        together = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        counting = None if together else self._registry
        self._requests = Counter(
            "ippfast_requests", "Requests, by operation and status.", ("operation", "status"), registry=counting
        )
        self._octets = Counter("ippfast_document_octets", "Octets of document data received.", registry=counting)
        if together:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._registry.register(gauges)

    def __call__(self, incoming: IncomingRequest) -> Message | Reply | Parts:
        """Have the printer carry out a request, and count it."""
        operation = _word(Operation.coerce(incoming.message.code))
        counted = IncomingRequest(
            message=incoming.message,
            head=incoming.head,
            peer=incoming.peer,
            secure=incoming.secure,
            user=incoming.user,
            gone=incoming.gone,
            document=_Counted(incoming.document, self._octets),
        )
        try:
            answer = self._printer(counted)
        except Refusal as refusal:
            self._requests.labels(operation, f"http-{refusal.status}").inc()
            raise
        status = "successful-ok"
        if not isinstance(answer, Parts):
            code = answer.code if isinstance(answer, Message) else answer.message.code
            status = _word(Status.coerce(code))
        self._requests.labels(operation, status).inc()
        return answer

    def render(self) -> bytes:
        """All figures as they are now."""
        return generate_latest(self._registry)


class _Counted(IncomingDocument):
    """A document whose octets are counted as they come."""

    def __init__(self, document: IncomingDocument, counter: Counter) -> None:
        super().__init__(
            lambda: self._count_event(document._next_event()),
            lambda: self._count_event(document._ready_event()),
            document._bare_octets,
            lambda buffer: self._count(document._fill(buffer)),
        )
        self._counter = counter

    def _count_event(self, event: Event) -> Event:
        if isinstance(event, DocumentData):
            self._count(len(event.data))
        return event

    def _count(self, octets: int) -> int:
        self._counter.inc(octets)
        return octets


class SupportsCollect(Protocol):
    """A source of figures that are read when they are asked for."""

    def collect(self) -> Iterable[Metric]:
        """The figures as they are now."""


class _Gauges:
    """The gauges of a printer."""

    def __init__(self, printer: "SpoolPrinter") -> None:
        self._printer = printer

    def collect(self) -> Iterator[Metric]:
        printer = self._printer
        states = [(_word(state), float(printer.store.count((state,)))) for state in JobState]
        yield gauge("ippfast_jobs", "Jobs that the printer remembers, by job-state.", "state", states)
        kept = printer.store.state()
        now = kept.state
        states = [(_word(state), float(state == now)) for state in PrinterState]
        yield gauge("ippfast_printer_state", "1 for the state that the printer is in.", "state", states)
        accepting = float(kept.accepting)
        yield GaugeMetricFamily("ippfast_printer_accepting_jobs", "1: new jobs are taken.", value=accepting)
        yield GaugeMetricFamily(
            "ippfast_printer_up_seconds", "Seconds since the first start.", value=float(printer.up_time)
        )
        count = float(printer.store.count_subscriptions())
        yield GaugeMetricFamily("ippfast_subscriptions", "Subscriptions to events.", value=count)


def gauge(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """A figure with one label."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for word, value in values:
        family.add_metric([word], value)
    return family


def _word(member: object) -> str:
    """The keyword of a member of an enum; one word for all numbers that have no name."""
    name = getattr(member, "name", None)
    return "unknown" if name is None else str(name).lower().replace("_", "-")
