"""Kills a print server again and again while clients print, and looks what is left: nothing acknowledged is lost.

    python tools/crashes.py [--kills 300] [--seed 1] [--limit 5] [--engines]

With --limit, a user may have so many jobs, none of them is printed, and clients print and cancel at that edge: there is
never one job more, whenever the server is killed. With --engines jobs are in PostgreSQL and documents in an S3 server,
which are started for it (`tests/support` has to be in PYTHONPATH).

The rule of this file: the server is a process of its own that gets SIGKILL at a random moment; what is judged is what
the clients were told, and what lies on the disk in the end. The name of each document is its SHA-256, so that any
document that is found can be judged, whether it was acknowledged or not.
"""

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import obstore

from ippfast import Message, operations
from ippfast.enums import JobState, Status
from ippfast.http import Client, HTTPError
from ippfast.printer import Place
from ippfast.printer.storage.files import MARK
from ippfast.printer.storage.postgres import PostgresStorage
from ippfast.printer.storage.rows import ACTIVE
from ippfast.printer.storage.seam import MAX_ATTEMPTS, Storage

__all__ = ["Crashes", "Edge", "Result"]

_SERVER = """
import os, signal, sys
from pathlib import Path
from ippfast.http import Server
from ippfast.printer import Directory, Place, PrinterLimits, SpoolPrinter

state, out, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
place, shared = Place(store=sys.argv[4], documents=sys.argv[5]), sys.argv[4] != str(state)
for _ in sys.stdin:  # each line asks for a server; forked off, it need not import all that again
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit("a server ended that nobody had killed")
        continue
    description, limits = {"multiple-operation-time-out": 1}, PrinterLimits(history=None, user_jobs=limit or None)
    output = Directory(out)
    with SpoolPrinter(place, output=output, description=description, limits=limits, shared=shared) as printer:
        if limit:
            printer.pause()
        with Server(printer, port=0) as server:
            print(os.getpid(), server.port, flush=True)
            while True:
                signal.pause()
"""
_CLIENTS = 4
_LONGEST = 0.3  # seconds from the first client to the kill
_SETTLING = 60.0


@dataclass
class Result:
    """What happened. faults: what is wrong; nothing should be."""

    kills: int = 0
    acknowledged: int = 0
    documents: int = 0
    begun_anew: int = 0
    aborted: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged} jobs and {self.documents} documents acknowledged,"
            f" {self.begun_anew} jobs begun anew, {self.aborted} aborted, {self.refused} refused,"
            f" {len(self.faults)} faults"
        )


class Crashes:
    """One spool, and what clients were told about it."""

    limit = 0

    def __init__(self, directory: Path, seed: int, *, store: str = "", documents: str = "") -> None:
        """store, documents: see `Place`; without them, in the directory."""
        self._state, self._out = directory / "state", directory / "out"
        self._state.mkdir()
        self._said = directory / "said"
        self._objects = documents
        self._place = Place(store=store or str(self._state), documents=documents or str(self._state / "documents"))
        self._random = random.Random(seed)
        self._longest = _LONGEST
        self._lock = threading.Lock()
        self._jobs: dict[int, str] = {}
        self._documents: set[tuple[int, str]] = set()
        self.result = Result()

    def run(self, kills: int) -> Result:
        """Kill the server so many times, then let it end its work, and judge."""
        place = (str(self._place.store), str(self._place.documents))
        command = [sys.executable, "-c", _SERVER, str(self._state), str(self._out), str(self.limit), *place]
        # A process group of its own, so that no server lives longer, whatever happens here.
        with (
            self._said.open("w") as said,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, process_group=0
            ) as self._servers,
        ):
            try:
                for _ in range(kills):
                    self._serve_until_killed()
                process, _ = self._start()
                self._settle()
                os.kill(process, signal.SIGKILL)
                self._servers.communicate()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._servers.pid, signal.SIGKILL)
        self._judge()
        return self.result

    def _storage(self) -> Storage:
        return self._place.open()

    def _keys(self) -> set[str]:
        """The names of all documents that there are, once the collector was there."""
        if not self._objects:
            return {path.name for path in (self._state / "documents").iterdir()} - {MARK}
        storage = PostgresStorage(str(self._place.store), self._objects, life=-1.0)  # as if two hours had passed
        try:
            storage.documents.clean()
            store = storage.documents._store  # type: ignore[attr-defined]
            return {Path(each["path"]).name for batch in obstore.list(store) for each in batch}
        finally:
            storage.close()

    def _start(self) -> tuple[int, str]:
        """A server. Its process, and its URI."""
        assert self._servers.stdin is not None
        assert self._servers.stdout is not None
        self._servers.stdin.write("go\n")
        self._servers.stdin.flush()
        line = self._servers.stdout.readline()
        if not line:
            raise RuntimeError(f"no server began: {self._said.read_text()[-2000:]}")
        pid, port = line.split()
        return int(pid), f"ipp://localhost:{port}/ipp/print"

    def _serve_until_killed(self) -> None:
        process, uri = self._start()
        ended = threading.Event()
        seeds = [self._random.random() for _ in range(_CLIENTS)]
        clients = [threading.Thread(target=self._print, args=(uri, seed, ended)) for seed in seeds]
        for client in clients:
            client.start()
        answered = len(self._jobs) + self.result.refused
        time.sleep(self._random.uniform(0.0, self._longest))
        os.kill(process, signal.SIGKILL)
        ended.set()
        for client in clients:
            client.join()
        if len(self._jobs) + self.result.refused == answered:
            self._longest *= 2.0  # a slow machine: there must be something to lose
        else:
            self._longest = max(_LONGEST, self._longest / 2.0)  # and not so much that the disk is full
        self.result.kills += 1
        self._look()

    def _look(self) -> None:
        """Look at what a killed server has left."""

    def _print(self, uri: str, seed: float, ended: threading.Event) -> None:
        """Print until the server is gone."""
        choice = random.Random(seed)
        with contextlib.suppress(OSError, HTTPError), Client(uri) as client:
            while not ended.is_set():
                if choice.random() < 0.6:
                    document, name = _document(choice)
                    answer = client.send(operations.print_job(uri, job_name="one", document_name=name), document)
                    if self._accepted(answer):
                        self._note(answer.status, answer.job["job-id"].value, name)
                    continue
                answer = client.send(operations.create_job(uri, job_name="several"))
                if not self._accepted(answer):
                    continue
                job_id = answer.job["job-id"].value
                self._note(answer.status, job_id)
                for place in range(3):
                    document, name = _document(choice)
                    send = operations.send_document(uri, job_id, last_document=place == 2, document_name=name)
                    self._note(client.send(send, document).status, job_id, name)

    def _accepted(self, answer: Message) -> bool:
        """Whether the answer has a job. It need not: on a slow machine more jobs wait than the printer takes."""
        if answer.jobs:
            return True
        with self._lock:
            if answer.status is Status.SERVER_ERROR_TOO_MANY_JOBS:
                self.result.refused += 1
            else:
                why = answer.operation_attributes.get("status-message")
                self.result.faults.append(f"no job: {answer.status}: {why}")
        return False

    def _note(self, status: object, job_id: int, name: str | None = None) -> None:
        with self._lock:
            if status is not Status.SUCCESSFUL_OK:
                self.result.faults.append(f"job {job_id}: {status}")
                return
            if name is None or job_id not in self._jobs:
                if job_id in self._jobs:
                    self.result.faults.append(f"the job-id {job_id} was given twice")
                self._jobs[job_id] = name or ""
            if name is not None:
                self._documents.add((job_id, name))

    def _settle(self) -> None:
        """Let the last server end what is left."""
        storage = self._storage()
        store = storage.queue("print")
        try:
            end = time.monotonic() + _SETTLING
            while store.count(ACTIVE):
                if time.monotonic() > end:
                    self.result.faults.append(f"{store.count(ACTIVE)} jobs do not end")
                    return
                time.sleep(0.05)
        finally:
            storage.close()

    def _judge(self) -> None:
        result, faults = self.result, self.result.faults
        result.acknowledged, result.documents = len(self._jobs), len(self._documents)
        storage = self._storage()
        store = storage.queue("print")
        try:
            jobs = {job.id: job for job in store.jobs()}
            files: set[str] = set()
            found: set[tuple[int, str]] = set()
            for job in jobs.values():
                result.begun_anew += job.attempts > 1
                result.aborted += job.state == JobState.ABORTED
                # On a slow machine a job may be what the server does whenever it is killed: that has its limit.
                if job.state == JobState.ABORTED and job.documents and job.attempts < MAX_ATTEMPTS:
                    faults.append(f"job {job.id} was aborted: {job.message}")
                if job.state == JobState.ABORTED and "aborted-by-system" not in job.reasons:
                    faults.append(f"job {job.id} was aborted for no reason")
                for document in store.documents(job.id):
                    files.add(document.key)
                    found.add((job.id, document.name))
                    if _read(storage, document.key) != document.name:
                        faults.append(f"document {document.number} of job {job.id} is not what was sent")
                    out = list(self._out.glob(f"{job.id}-{document.number}-*"))
                    if job.state == JobState.COMPLETED and [_hash(each.read_bytes()) for each in out] != [
                        document.name
                    ]:
                        faults.append(f"document {document.number} of job {job.id} was not put out")
        finally:
            storage.close()
        faults += [f"job {job_id} was acknowledged and is lost" for job_id in self._jobs.keys() - jobs.keys()]
        faults += [f"a document of job {job_id} was acknowledged and is lost" for job_id, _ in self._documents - found]
        faults += [f"the spool has {name}, which no job has" for name in sorted(self._keys() - files)]
        faults += [f"{path.name} was left over" for path in self._out.glob(".*")]


class Edge(Crashes):
    """Clients of one user at the limit of its jobs."""

    def __init__(self, directory: Path, seed: int, limit: int, *, store: str = "", documents: str = "") -> None:
        super().__init__(directory, seed, store=store, documents=documents)
        self.limit = limit

    def _look(self) -> None:
        storage = self._storage()
        try:
            count = storage.queue("print").count()
        finally:
            storage.close()
        if count > self.limit:
            self.result.faults.append(f"there are {count} jobs after kill {self.result.kills}")

    def _print(self, uri: str, seed: float, ended: threading.Event) -> None:
        choice, mine = random.Random(seed), list(self._jobs)
        with contextlib.suppress(OSError, HTTPError), Client(uri) as client:
            while not ended.is_set():
                if mine and choice.random() < 0.3:
                    client.send(operations.cancel_job(uri, mine.pop(choice.randrange(len(mine)))))
                    continue
                document, name = _document(choice)
                answer = client.send(operations.print_job(uri, job_name="one", document_name=name), document)
                if not self._accepted(answer):
                    with self._lock:
                        mine.append(choice.choice(list(self._jobs)))
                    continue
                mine.append(answer.job["job-id"].value)
                self._note(answer.status, mine[-1], name)

    def _settle(self) -> None:
        """Nothing is printed."""


def _document(choice: random.Random) -> tuple[bytes, str]:
    octets = b"%PDF-" + choice.randbytes(choice.choice([100, 5_000, 70_000, 1_500_000]))
    return octets, _hash(octets)


def _read(storage: Storage, key: str) -> str | None:
    """What hash a document has; None: it is lost."""
    try:
        return _hash(b"".join(storage.documents.open(key)))
    except OSError:
        return None


def _hash(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def main() -> None:
    """See the file's head."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--engines", action="store_true", help="jobs in PostgreSQL, documents in an S3 server")
    given = parser.parse_args()
    with contextlib.ExitStack() as opened:
        directory = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="ippfast-crashes-")))
        where = {}
        if given.engines:
            from engines import place_on_engines

            place = opened.enter_context(place_on_engines())
            where = {"store": str(place.store), "documents": str(place.documents)}
        crashes = (
            Edge(directory, given.seed, given.limit, **where)
            if given.limit
            else Crashes(directory, given.seed, **where)
        )
        result = crashes.run(given.kills)
    print(result)
    for fault in result.faults[:50]:
        print(fault)
    sys.exit(1 if result.faults else 0)


if __name__ == "__main__":
    main()
