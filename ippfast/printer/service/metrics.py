"""Figures of a service: its printers, the queue of work, leases, and the store (extra ``metrics``: prometheus-client).

The rule of this file: the store is read once for all printers. Printers are labels, since only operators name them. At
most `_MOST` of them are: those with the lowest numbers, so that a series goes on as long as its printer.
"""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ippfast.enums import PrinterState

from ..metrics import Metrics, gauge
from ..storage.rows import QueueState
from ..storage.seam import Storage, StorageError

if TYPE_CHECKING:
    from .service import PrintService

__all__ = ["ServiceMetrics", "WorkMetrics"]

_MOST = 500


class ServiceMetrics(Metrics):
    """A service and its figures: use it as the handler in the service's place, and give it to `ServicePages`.

    Besides the counters of `Metrics`: ``ippfast_printers``: printers by printer-state.
    ``ippfast_printers_accepting_jobs``. ``ippfast_printer_jobs``: jobs that have not ended, by printer;
    ``ippfast_printer_stopped``, ``ippfast_printer_accepting``: 1 if it is so, by printer.
    ``ippfast_printers_without_figures``: how many printers are left out of those. ``ippfast_resources``,
    ``ippfast_subscriptions``: of the system. And those of `WorkMetrics`.

    Raises ImportError if prometheus-client is not installed.
    """

    def __init__(self, service: "PrintService") -> None:
        self._begin(service, _ServiceGauges(service))


class WorkMetrics:
    """The figures of a worker's process: register it with a registry of prometheus-client.

    ``ippfast_work_waiting``, ``ippfast_work_processing``: jobs of all queues that wait, and that are being processed by
    anybody. ``ippfast_leases_claimed_total``, ``ippfast_leases_lost_total``, ``ippfast_leases_taken_total``: jobs that
    this process has begun, that others took from it, and that it took from workers that had died.
    ``ippfast_store_up``: 1 if the store answers. ``ippfast_store_seconds``: how long it took to answer.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        yield from _of_work(self._storage, *_states(self._storage))


def _states(storage: Storage) -> tuple[dict[str, QueueState] | None, float]:
    """The states of all queues, None: the store does not answer; and how long that took."""
    began = time.monotonic()
    try:
        states: dict[str, QueueState] | None = storage.states()
    except StorageError:
        states = None
    return states, time.monotonic() - began


def _of_work(storage: Storage, states: dict[str, QueueState] | None, seconds: float) -> Iterator[Metric]:
    yield GaugeMetricFamily("ippfast_store_up", "1: the store answers.", value=float(states is not None))
    yield GaugeMetricFamily("ippfast_store_seconds", "Seconds that the store took to answer.", value=seconds)
    counts = storage.leases.counts
    for name, text, value in (
        ("ippfast_leases_claimed", "Jobs that this process has begun.", counts.claimed),
        ("ippfast_leases_lost", "Jobs that other workers took from this process.", counts.lost),
        ("ippfast_leases_taken", "Jobs that this process took from workers that had died.", counts.taken),
    ):
        yield CounterMetricFamily(name, text, value=float(value))
    if states is not None:
        processing = sum(state.processing for state in states.values())
        waiting = sum(state.active for state in states.values()) - processing
        yield GaugeMetricFamily("ippfast_work_waiting", "Jobs of all queues that wait.", value=float(waiting))
        yield GaugeMetricFamily("ippfast_work_processing", "Jobs that are being processed.", value=float(processing))


class _ServiceGauges:
    """The gauges of a service."""

    def __init__(self, service: "PrintService") -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        """The figures as they are now."""
        service = self._service
        states, seconds = _states(service.storage)
        yield from _of_work(service.storage, states, seconds)
        if states is None:
            return
        nothing = QueueState()
        printers = [(spec.name, states.get(spec.key, nothing)) for spec in service.queues.all().values()]
        by_state = [
            (kind.name.lower(), float(sum(state.state == kind for _, state in printers))) for kind in PrinterState
        ]
        yield gauge("ippfast_printers", "Printers by printer-state.", "state", by_state)
        accepting = float(sum(state.accepting for _, state in printers))
        yield GaugeMetricFamily("ippfast_printers_accepting_jobs", "Printers that take new jobs.", value=accepting)
        left = float(max(0, len(printers) - _MOST))
        yield GaugeMetricFamily(
            "ippfast_printers_without_figures", "Printers without figures of their own.", value=left
        )
        shown = [(_label(name), state) for name, state in printers[:_MOST]]
        jobs = [(name, float(state.active)) for name, state in shown]
        yield gauge("ippfast_printer_jobs", "Jobs that have not ended.", "printer", jobs)
        stopped = [(name, float(state.state == PrinterState.STOPPED)) for name, state in shown]
        yield gauge("ippfast_printer_stopped", "1: the printer is stopped.", "printer", stopped)
        taking = [(name, float(state.accepting)) for name, state in shown]
        yield gauge("ippfast_printer_accepting", "1: the printer takes new jobs.", "printer", taking)
        store = service.system.store
        resources = float(sum(not each.ended for each in store.resources()))
        yield GaugeMetricFamily("ippfast_resources", "Resources that have not ended.", value=resources)
        count = float(store.count_subscriptions())
        yield GaugeMetricFamily("ippfast_subscriptions", "Subscriptions to the system's events.", value=count)


def _label(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
