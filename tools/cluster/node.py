"""One process of the service: a front end, or a worker whose output notes what it gets.

    python -m cluster.node JSON

The rule of this file: it is put together of what `ippfast serve` and `ippfast work` use, with a shorter lease. A job
that is begun is noted in a file named after the job and its lease, and so is one that is done, with its hash.
"""

import hashlib
import json
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ippfast.http import HTTPLimits, Server
from ippfast.printer import PrinterLimits, PrintService, QueueSpec
from ippfast.printer.outputs import Task
from ippfast.printer.storage.postgres import PostgresStorage
from ippfast.printer.storage.seam import StorageError

__all__ = ["Given", "Noted"]

_CLEAN = 2.0


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a process is told. name: its own. port: of a front end; 0: a worker. lease, life: see `PostgresStorage`."""

    name: str
    store: str
    documents: str
    out: str
    host: str
    port: int
    queues: int
    lease: float
    life: float


class Noted:
    """An output that takes its time, and notes what it begins and what it has done."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._directory = directory
        self._worker = worker

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        name = f"{task.job.id}.{task.job.epoch}"
        self._note(f"{name}.begun", f"{self._worker} {time.monotonic()}")
        found = [hashlib.sha256(path.read_bytes()).hexdigest() for _, path in task.documents]
        task.wait(random.uniform(0.0, 0.3))
        self._note(f"{name}.done", " ".join(found))

    def _note(self, name: str, text: str) -> None:
        part = self._directory / f".{name}.{self._worker}"
        part.write_text(text)
        part.replace(self._directory / name)


def main() -> None:
    """See the file's head."""
    given = Given(**json.loads(sys.argv[1]))
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: ended.set())
    storage = PostgresStorage(given.store, given.documents, patience=given.lease, life=given.life)
    if given.port:
        queues = [QueueSpec(name=f"q{number:02}") for number in range(given.queues)]
        limits = PrinterLimits(history=None)
        service = PrintService(storage, queues=queues, workers=0, shared=True, limits=limits)
        http = HTTPLimits(connections_per_host=1_000)  # all come from the balancer
        with service, Server(service, host=given.host, port=given.port, limits=http):
            ended.wait()
    else:
        out = Path(given.out)
        limits = PrinterLimits(history=None)
        output = Noted(out, given.name)
        with PrintService(storage, workers=3, shared=True, limits=limits, output=lambda spec: output):
            while not ended.wait(_CLEAN):
                try:
                    storage.documents.clean()
                except (StorageError, OSError) as error:
                    print(f"not cleaned: {error}", flush=True)
    storage.close()


if __name__ == "__main__":
    main()
