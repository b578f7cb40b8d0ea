"""What is wrong in the end, and the table.

The rule of this file: what clients were told is held against the rows of the database, the objects of the store, and
the notes of the outputs. What nobody was told may be there or not, but is whole if it is.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import obstore

from ippfast.enums import JobState
from ippfast.printer.storage.postgres import PostgresStorage
from ippfast.printer.storage.seam import MAX_ATTEMPTS

from .chaos import Chaos, Disturbance
from .clients import Clients
from .parts import Cluster

__all__ = ["Result", "judge", "overlooked"]


@dataclass
class Result:
    """What happened. faults: what is wrong; nothing should be.

    unsaid: jobs that are there, though no client was told of them. given_up: jobs that were begun three times, each
    time by a worker that was killed.
    """

    seed: int
    done: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    begun_twice: int = 0
    done_twice: int = 0
    given_up: int = 0
    unsaid: int = 0
    documents: int = 0
    orphans: int = 0
    events: int = 0
    longest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        """For people."""
        rows = [
            *((word, str(count)) for word, count in sorted(self.done.items())),
            ("jobs acknowledged", str(self.acknowledged)),
            ("requests that failed", str(sum(self.refused.values()))),
            ("jobs lost", str(self.lost)),
            ("jobs begun twice", str(self.begun_twice)),
            ("jobs done twice", str(self.done_twice)),
            ("jobs given up after three workers", str(self.given_up)),
            ("jobs that no client was told of", str(self.unsaid)),
            ("documents in the object store", str(self.documents)),
            ("orphans there after the collector", str(self.orphans)),
            ("events of one queue, without a gap", str(self.events)),
            ("longest answer, in seconds", f"{self.longest:.1f}"),
            ("faults", str(len(self.faults))),
        ]
        return "\n".join(f"| {name:<36} | {value:>8} |" for name, value in [("seed", str(self.seed)), *rows])


def judge(cluster: Cluster, clients: Clients, chaos: Chaos) -> Result:
    """What is left, after all has ended."""
    told = clients.told
    result = Result(
        chaos.seed,
        done=dict(chaos.done),
        acknowledged=len(told.jobs),
        refused=dict(told.others),
        longest=told.longest,
        faults=list(told.faults),
    )
    storage = PostgresStorage(cluster.store, cluster.documents, life=-1.0)
    try:
        _judge_jobs(storage, cluster, clients, chaos.disturbances, result)
        _judge_objects(storage, result)
    finally:
        storage.close()
    _judge_events(clients, result)
    return result


def overlooked(cluster: Cluster, clients: Clients, chaos: Chaos) -> list[str]:
    """What the judge would not see: evidence is taken away, a piece at a time, and it has to say so each time."""
    told, events = clients.told.jobs, clients.heard.events

    def is_silent(word: str) -> bool:
        return not any(word in fault for fault in judge(cluster, clients, chaos).faults)

    found = []
    notes = [path for path in cluster.out.glob("[0-9]*") if path.suffix != ".begun"]
    counts = Counter(path.name.partition(".")[0] for path in notes)
    note = next(path for path in notes if counts[path.name.partition(".")[0]] == 1)  # of a job that was done once
    hidden = note.rename(note.with_name(f"hidden-{note.name}"))
    if is_silent("was not put out"):
        found.append("the judge does not see that a job was not put out")
    hidden.rename(note)
    told[2**31 - 1] = next(iter(told.values()))
    if is_silent("was acknowledged and is lost"):
        found.append("the judge does not see that a job is lost")
    del told[2**31 - 1]
    event = events.pop(len(events) // 2)
    if is_silent("there are gaps among the events"):
        found.append("the judge does not see a gap among the events")
    events.insert(len(events) // 2, event)
    return found


def _judge_jobs(
    storage: PostgresStorage, cluster: Cluster, clients: Clients, disturbances: list[Disturbance], result: Result
) -> None:
    faults, told = result.faults, clients.told.jobs
    begun: dict[int, list[tuple[int, str, float]]] = {}
    done: dict[int, dict[int, str]] = {}
    for path in cluster.out.glob("[0-9]*"):
        number, epoch = map(int, path.stem.split("."))
        if path.suffix == ".begun":
            worker, moment = path.read_text().split()
            begun.setdefault(number, []).append((epoch, worker, float(moment)))
        else:
            done.setdefault(number, {})[epoch] = path.read_text()
    found = set()
    for queue in storage.queues():
        store = storage.queue(queue)
        for job in store.jobs():
            found.add(job.id)
            documents = store.documents(job.id)
            name = told[job.id][0] if job.id in told else job.name
            if [each.name for each in documents] != [name]:
                faults.append(f"job {job.id} has not the document that it came with")
            for document in documents:
                octets = b"".join(storage.documents.open(document.key))
                if hashlib.sha256(octets).hexdigest() != document.name:
                    faults.append(f"the document of job {job.id} is not what was sent")
            if job.state == JobState.ABORTED and job.attempts >= MAX_ATTEMPTS:
                result.given_up += 1
            elif job.state != JobState.COMPLETED:
                faults.append(f"job {job.id} of {queue} is {job.state.name}: {job.reasons} {job.message}")
                result.lost += job.id in told
            elif done.get(job.id, {}).get(job.epoch) != name:
                faults.append(f"job {job.id} is completed, and was not put out")
                result.lost += job.id in told
    for lost in told.keys() - found:
        faults.append(f"job {lost} was acknowledged and is lost")
        result.lost += 1
    result.unsaid = len(found - told.keys())
    result.done_twice = sum(len(each) > 1 for each in done.values())
    for number, times in begun.items():
        times.sort()
        result.begun_twice += len(times) > 1
        for (_, worker, before), (_, _, after) in pairwise(times):
            if not any(
                each.name in (worker, "database", "objects") and each.ended >= before and each.begun <= after
                for each in disturbances
            ):
                faults.append(f"job {number} was begun again, though nothing happened to {worker}")


def _judge_objects(storage: PostgresStorage, result: Result) -> None:
    storage.documents.clean()
    rows = storage._engine.read("SELECT key FROM documents WHERE key NOT IN (SELECT key FROM contents)")
    known = {key for (key,) in rows}
    store = storage.documents._store  # type: ignore[attr-defined]
    there = {Path(each["path"]).name for batch in obstore.list(store) for each in batch}
    result.documents, result.orphans = len(there), len(there - known)
    result.faults += [f"the object {key} is no job's" for key in sorted(there - known)]
    result.faults += [f"the object {key} is missing" for key in sorted(known - there)]


def _judge_events(clients: Clients, result: Result) -> None:
    events, faults = clients.heard.events, result.faults
    result.events = len(events)
    numbers = [number for number, _, _ in events]
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append("there are gaps among the events")
    count = Counter((name, job) for _, name, job in events)
    queue = clients.heard_queue
    for number, (_, of) in clients.told.jobs.items():
        if of == queue and (count["job-created", number], count["job-completed", number]) != (1, 1):
            faults.append(f"of job {number} it was not told once that it was made and that it ended")
