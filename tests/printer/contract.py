"""The promises of a storage, asked of any implementation: `Contract` is a class of tests without a storage.

The rule of this file: it knows the seam alone. An implementation is asked by an entry in `STORAGES` of
`test_printer_storage.py`; a promise that only this file's tests would notice being broken is written here.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ippfast.enums import DocumentState, JobState, PrinterState, ResourceState
from ippfast.printer.storage.bus import Waiter
from ippfast.printer.storage.limits import LimitReached, Limits
from ippfast.printer.storage.rows import (
    ACTIVE,
    ENDED,
    SYSTEM,
    Job,
    NewDocument,
    NewJob,
    NewResource,
    NewSubscription,
    Subscription,
    Told,
)
from ippfast.printer.storage.seam import MAX_ATTEMPTS, JobStore, Storage, StorageError, TooLarge

__all__ = ["Contract"]

SECONDS = 90.0
PENDING, HELD, PROCESSING = JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING


def new(user: str = "alice", **more: Any) -> NewJob:
    return NewJob(name="Report", user=user, host="127.0.0.1", **more)


def document(octets: int = 3, key: str = "", **more: Any) -> NewDocument:
    key = key or f"{time.monotonic_ns():032x}"
    return NewDocument(key=key, octets=octets, format="text/plain", name="doc", ticket=b"t", **more)


def heard(store: JobStore, subscription: Subscription | None, first: int = 1) -> list[tuple[int, str]]:
    assert subscription is not None
    return [(event.number, event.name) for event in store.events(subscription, first)]


def subscribe(store: JobStore, *events: str, job_id: int | None = None, **more: Any) -> Subscription:
    made = store.subscribe([NewSubscription(events=events, user="alice", **more)], job_id=job_id)
    assert made is not None
    assert made[0] is not None
    return made[0]


def ended(store: JobStore, job: Job) -> Job:
    changed = store.change(job.id, ACTIVE, tell=("job-completed",), state=JobState.COMPLETED, reasons=("none",))
    assert changed is not None
    return changed


def together(works: list[Callable[[], object]]) -> list[object]:
    """Do all at the same time. What each returned or raised."""
    barrier = threading.Barrier(len(works))
    found: list[object] = [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        barrier.wait(SECONDS)
        try:
            found[place] = work()
        except Exception as error:
            found[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return found


@contextmanager
def working(storage: Storage, worker: str, *, shared: bool = True) -> Iterator[None]:
    storage.leases.begin(worker, shared=shared)
    try:
        yield
    finally:
        storage.leases.close(worker)


class Contract:
    """What every storage promises. A subclass has the fixture `storage`."""

    @pytest.fixture
    def store(self, storage: Storage) -> JobStore:
        return storage.queue("print")

    # Jobs.

    def test_a_job_is_what_it_was_made_of(self, store: JobStore) -> None:
        made = store.create(new(priority=70, ticket=b"ticket"), [document(3), document(4)]).job
        job = store.job(made.id)
        assert job == made
        assert job is not None
        assert (job.state, job.priority, job.octets, job.documents) == (PENDING, 70, 7, 2)
        assert (job.ticket, job.user, job.output, job.epoch, job.attempts) == (b"ticket", "alice", "", 0, 0)
        assert job.created == pytest.approx(store.now(), abs=20.0)
        found = store.documents(job.id)
        assert [(each.number, each.octets, each.state) for each in found] == [
            (1, 3, DocumentState.PENDING),
            (2, 4, DocumentState.PENDING),
        ]

    def test_strings_that_are_no_utf8_come_back(self, store: JobStore) -> None:
        name = b"\xff\xfe\xed\xa0\x80".decode("utf-8", "surrogateescape")
        job = store.create(NewJob(name=name, user=name, host="h"), [document()]).job
        store.change(job.id, ACTIVE, message=name)
        found = store.job(job.id)
        assert found is not None
        assert (found.name, found.user, found.message) == (name, name, name)
        assert [each.id for each in store.jobs(user=name)] == [job.id]
        assert store.octets_of(name) == 3

    def test_job_ids_are_never_given_twice(self, storage: Storage, store: JobStore) -> None:
        other = storage.queue("other")
        ids = [queue.create(new()).job.id for queue in (store, other, store, other)]
        assert len(set(ids)) == 4
        last = store.job(ids[2])
        assert last is not None
        ended(store, last)
        store.remove([last.id])
        assert store.create(new()).job.id > max(ids)

    def test_queues_do_not_see_each_other(self, storage: Storage, store: JobStore) -> None:
        other = storage.queue("other")
        job = store.create(new(), [document()]).job
        assert other.job(job.id) is None
        assert other.jobs() == []
        assert other.documents(job.id) == []
        assert other.change(job.id, ACTIVE, message="x") is None
        assert other.count() == 0
        store.set(paused=1)
        assert not other.state().paused
        assert other.remove([job.id]) == []

    def test_a_change_names_the_states_that_it_starts_from(self, store: JobStore) -> None:
        job = store.create(new()).job
        assert store.change(job.id, (HELD,), state=PENDING) is None
        changed = store.change(job.id, (PENDING, HELD), state=HELD, reasons=("a", "b"), release=5.0, held=True)
        assert changed == store.job(job.id)
        assert changed is not None
        assert (changed.state, changed.reasons, changed.release, changed.held) == (HELD, ("a", "b"), 5.0, True)
        assert store.change(99, ACTIVE, message="x") is None

    def test_the_store_sets_the_moments_of_states(self, store: JobStore) -> None:
        job = store.create(new(open=True)).job
        begun = store.change(job.id, ACTIVE, state=PROCESSING)
        assert begun is not None
        assert begun.processing is not None
        assert begun.completed is None
        done = ended(store, job)
        assert done.completed is not None
        assert done.created <= begun.processing <= done.completed <= store.now()
        assert not done.open

    def test_a_change_of_an_old_lease_is_refused(self, storage: Storage, store: JobStore) -> None:
        job = store.create(new(), [document()]).job
        with working(storage, "one"):
            lease = storage.leases.claim("one")
            assert lease is not None
            assert store.change(job.id, ACTIVE, epoch=lease.epoch - 1, message="old") is None
            assert store.change(job.id, ACTIVE, epoch=lease.epoch, output="noted") is not None
        found = store.job(job.id)
        assert found is not None
        assert found.output == "noted"

    def test_the_order_of_jobs(self, store: JobStore) -> None:
        low, high, usual, done = (store.create(new(priority=each)).job for each in (10, 90, 50, 50))
        ended(store, done)
        again = store.create(new()).job
        assert [job.id for job in store.jobs(ACTIVE)] == [high.id, usual.id, again.id, low.id]
        assert [job.id for job in store.jobs()] == [high.id, usual.id, again.id, low.id, done.id]
        assert [job.id for job in store.jobs(limit=2, first=2)] == [usual.id, again.id]
        assert [job.id for job in store.jobs(limit=2, first=4)] == [low.id, done.id]
        assert [job.id for job in store.jobs(first=5)] == [done.id]
        assert [job.id for job in store.jobs(ids=[done.id, low.id, 99])] == [low.id, done.id]
        assert store.jobs(user="nobody") == []
        store.change(low.id, ACTIVE, state=PROCESSING)
        assert [job.id for job in store.jobs(ACTIVE)] == [low.id, high.id, usual.id, again.id]

    def test_how_many_are_ahead(self, store: JobStore) -> None:
        jobs = [store.create(new(priority=each)).job for each in (50, 90, 50, 10)]
        held = store.create(new(state=HELD)).job
        store.change(jobs[0].id, ACTIVE, state=PROCESSING)
        jobs = [job for each in (*jobs, held) if (job := store.job(each.id)) is not None]
        wanted = [0, 1, 2, 3, 3]
        assert store.create(new(priority=1)).ahead == 4
        assert store.create(new(priority=99)).ahead == 1
        for job in store.jobs(ACTIVE):
            if job.priority in (1, 99):
                ended(store, job)
        assert store.ahead_of(jobs) == wanted
        assert [store.ahead_of([job])[0] for job in jobs] == wanted
        assert store.ahead_of([ended(store, jobs[3])]) == [0]

    def test_counts_follow_every_change(self, store: JobStore) -> None:
        jobs = [store.create(new(user), [document(5)]).job for user in ("alice", "alice", "bob")]
        assert (store.count(), store.state().active, store.count(user="alice")) == (3, 3, 2)
        assert (store.octets_of("alice"), store.octets_of("bob")) == (10, 5)
        store.change(jobs[0].id, ACTIVE, state=PROCESSING)
        assert (store.state().processing, store.state().active) == (1, 3)
        ended(store, jobs[0])
        assert (store.state().processing, store.state().active, store.count()) == (0, 2, 2)
        assert store.octets_of("alice") == 5
        store.remove([jobs[0].id])
        assert (store.state().active, store.count(ENDED)) == (2, 0)

    def test_reorder(self, store: JobStore) -> None:
        jobs = [store.create(new(priority=each)).job.id for each in (50, 50, 50, 80)]
        assert store.reorder(jobs[2], None)
        assert [job.id for job in store.jobs(ACTIVE)] == [jobs[2], jobs[3], jobs[0], jobs[1]]
        assert store.reorder(jobs[2], jobs[0])
        assert [job.id for job in store.jobs(ACTIVE)] == [jobs[3], jobs[0], jobs[2], jobs[1]]
        assert not store.reorder(jobs[2], 99)
        assert not store.reorder(99, None)
        behind = store.create(new()).job.id
        assert [job.id for job in store.jobs(ACTIVE)][-1] == behind

    def test_what_time_changes(self, store: JobStore) -> None:
        still_open = store.create(new(open=True)).job
        until = store.create(new(state=HELD, held=True, release=7.0)).job
        store.create(new(state=HELD, held=True))
        store.create(new())
        assert sorted(job.id for job in store.timed()) == [still_open.id, until.id]

    def test_the_oldest_are_forgotten(self, store: JobStore) -> None:
        jobs = [store.create(new(), [document(key=f"k{each}", content=b"abc")]).job for each in range(4)]
        for job in jobs[:3]:
            ended(store, job)
        assert store.oldest_ended(2) == [jobs[0].id]
        assert store.content("k0") == b"abc"
        assert store.remove([jobs[0].id, jobs[3].id, 99]) == ["k0"]  # one that has not ended stays
        assert store.job(jobs[0].id) is None
        assert store.job(jobs[3].id) is not None
        assert store.content("k0") is None
        assert not store.knows_key("k0")
        assert store.knows_key("k3")

    # Documents.

    def test_attach(self, store: JobStore) -> None:
        job = store.create(new(open=True, reasons=("job-incoming",))).job
        first = store.attach(job.id, document(5), last=False)
        assert first is not None
        assert (first.open, first.documents, first.octets, first.reasons) == (True, 1, 5, ("job-incoming",))
        assert first.touched >= job.touched
        last = store.attach(job.id, document(6), last=True)
        assert last is not None
        assert (last.open, last.documents, last.octets, last.reasons) == (False, 2, 11, ("none",))
        assert [each.number for each in store.documents(job.id)] == [1, 2]
        assert store.attach(job.id, document(), last=True) is None
        assert store.attach(99, document(), last=True) is None

    def test_attach_at_the_same_time(self, store: JobStore) -> None:
        job = store.create(new(open=True)).job
        found = together([lambda: store.attach(job.id, document(1), last=False)] * 12)
        assert all(isinstance(each, Job) for each in found), found
        assert [each.number for each in store.documents(job.id)] == list(range(1, 13))

    def test_a_job_that_was_held_meanwhile_stays_held(self, store: JobStore) -> None:
        job = store.create(new(open=True)).job
        store.change(job.id, ACTIVE, state=HELD, reasons=("job-hold-until-specified",))
        closed = store.attach(job.id, None, last=True)
        assert closed is not None
        assert (closed.state, closed.reasons) == (HELD, ("job-hold-until-specified",))

    def test_change_document(self, store: JobStore) -> None:
        job = store.create(new(), [document(), document()]).job
        assert store.change_document(job.id, 2, state=DocumentState.CANCELED, name="other")
        assert not store.change_document(job.id, 3, name="none")
        second = store.documents(job.id)[1]
        assert (second.state, second.name) == (DocumentState.CANCELED, "other")
        ended(store, job)
        assert not store.change_document(job.id, 1, name="late")

    def test_change_document_in_some_states(self, store: JobStore) -> None:
        job = store.create(new(), [document(), document()]).job
        begun, waits = (JobState.PROCESSING,), (DocumentState.PENDING,)
        assert not store.change_document(job.id, 1, of=begun, state=DocumentState.PROCESSING)
        store.change(job.id, (JobState.PENDING,), state=JobState.PROCESSING)
        assert not store.change_document(job.id, 1, state=DocumentState.CANCELED)
        assert store.change_document(job.id, 1, of=begun, states=waits, state=DocumentState.PROCESSING)
        assert not store.change_document(job.id, 1, of=begun, states=waits, state=DocumentState.CANCELED)
        assert [each.state for each in store.documents(job.id)] == [DocumentState.PROCESSING, DocumentState.PENDING]

    def test_pages(self, store: JobStore) -> None:
        """A job has its documents' pages together, while they are known; how many are done begins anew."""
        assert store.create(new()).job.pages is None
        assert store.create(new(), [document(pages=3), document(pages=None)]).job.pages is None
        job = store.create(new(open=True), [document(pages=3)]).job
        assert (job.pages, job.impressions, job.sheets) == (3, 0, 0)
        for more, pages in ((document(pages=4), 7), (None, 7), (document(pages=None), None), (document(pages=1), None)):
            attached = store.attach(job.id, more, last=False)
            assert attached is not None
            assert attached.pages == pages
        assert [each.pages for each in store.documents(job.id)] == [3, 4, None, 1]
        done = store.change(job.id, (JobState.PENDING,), impressions=5, sheets=3)
        assert done is not None
        assert (done.impressions, done.sheets) == (5, 3)
        ended(store, job)
        again = store.restart(job.id, held=False, release=None)
        assert again is not None
        assert (again.impressions, again.sheets) == (0, 0)
        whole = store.create(new(), [document(pages=2), document(pages=5)]).job
        assert store.create(new(), copy_of=whole.id).job.pages == 7

    def test_events_tell_how_much_is_done(self, store: JobStore) -> None:
        job = store.create(new(), [document(pages=3)]).job
        subscription = subscribe(store, "job-progress", job_id=job.id)
        for count in (1, 2):
            store.change(job.id, (JobState.PENDING,), tell=("job-progress",), impressions=count)
        assert [each.job_impressions for each in store.events(subscription)] == [1, 2]

    def test_a_copy_has_the_documents(self, store: JobStore) -> None:
        first = store.create(new(), [document(4, key="k", content=b"abcd")]).job
        ended(store, first)
        copy = store.create(new("bob"), copy_of=first.id).job
        assert (copy.documents, copy.octets) == (1, 4)
        assert [each.key for each in store.documents(copy.id)] == ["k"]
        assert store.remove([first.id]) == []
        assert store.content("k") == b"abcd"

    def test_documents_are_kept(self, storage: Storage, store: JobStore) -> None:
        whole = bytes(range(256)) * 2_000
        for octets in (b"small", whole):
            with storage.documents.new() as incoming:
                incoming.write([octets[:100], octets[100:]], None)
                assert (incoming.octets, incoming.head) == (len(octets), octets[:1_024])
                one = document(incoming.octets, incoming.key, content=incoming.content, fenced=incoming.fenced)
                store.create(new(), [one])
                incoming.keep()
            assert b"".join(storage.documents.open(one.key)) == octets
            assert b"".join(storage.documents.open(one.key, 3)) == octets[3:]
            with storage.documents.local(one.key) as path:
                assert path.read_bytes() == octets
        assert storage.documents.clean() == 0
        assert b"".join(storage.documents.open(one.key)) == whole

    def test_a_document_that_nobody_keeps_is_gone(self, storage: Storage) -> None:
        with storage.documents.new() as incoming:
            incoming.write([bytes(200_000)], None)
        with pytest.raises(FileNotFoundError), storage.documents.local(incoming.key):
            pass
        with pytest.raises(FileNotFoundError):
            list(storage.documents.open(incoming.key))

    def test_a_document_may_be_too_large(self, storage: Storage) -> None:
        for limit in (10, 100_000):
            with storage.documents.new() as incoming:
                incoming.write([bytes(limit)], limit)
            with pytest.raises(TooLarge), storage.documents.new() as incoming:
                incoming.write([bytes(limit), b"x"], limit)

    def test_a_worker_that_claims_has_done_with_what_it_had(self, storage: Storage, store: JobStore) -> None:
        """The answer to a claim got lost: nobody else may take the job, for its worker lives."""
        with working(storage, "w"), working(storage, "other"):
            job = store.create(new(), [document()]).job
            lost = storage.leases.claim("w")
            assert lost is not None
            assert storage.leases.claim("other") is None
            lease = storage.leases.claim("w")
            assert lease is not None
            assert (lease.job.id, lease.job.attempts) == (job.id, 2)
            assert storage.leases.end(lost, JobState.COMPLETED, ("none",), "", ()) == (None, None)
            ended, _ = storage.leases.end(lease, JobState.COMPLETED, ("none",), "", ())
            assert ended is not None
            assert storage.leases.claim("w") is None

    def test_the_fence_between_uploads_and_jobs(self, store: JobStore) -> None:
        store.begin_upload("fast")
        store.begin_upload("slow")
        store.create(new(), [document(key="fast", fenced=True)])
        assert store.doom_uploads(-1.0) == ["slow"]
        assert store.doom_uploads(-1.0) == ["slow"]
        with pytest.raises(StorageError):
            store.create(new(), [document(key="slow", fenced=True)])
        job = store.create(new(open=True)).job
        with pytest.raises(StorageError):
            store.attach(job.id, document(key="slow", fenced=True), last=True)
        store.end_uploads(["slow"])
        assert store.doom_uploads(-1.0) == []
        assert store.count() == 2

    # Limits.

    def test_no_limit_is_passed_however_many_ask(self, store: JobStore) -> None:
        cases: list[tuple[Limits, str, int]] = [
            (Limits(jobs=3), "jobs", 3),
            (Limits(user_jobs=2), "user_jobs", 2),
            (Limits(user_octets=25), "user_octets", 2),
        ]
        for limits, limit, most in cases:

            def create(limits: Limits = limits) -> object:
                return store.create(new(), [document(10)], limits=limits)

            found = together([create] * 10)
            refused = [each for each in found if isinstance(each, LimitReached)]
            assert (len(refused), {each.limit for each in refused}) == (10 - most, {limit}), limit
            assert store.count() == most
            for job in store.jobs(ACTIVE):
                ended(store, job)

    def test_documents_have_limits_too(self, store: JobStore) -> None:
        job = store.create(new(open=True)).job
        found = together([lambda: store.attach(job.id, document(1), last=False, limits=Limits(documents=3))] * 8)
        assert sum(isinstance(each, LimitReached) for each in found) == 5
        with pytest.raises(LimitReached, match="user_octets"):
            store.attach(job.id, document(10), last=True, limits=Limits(user_octets=12))
        found_job = store.job(job.id)
        assert found_job is not None
        assert (found_job.documents, found_job.octets, found_job.open) == (3, 3, True)

    def test_a_printer_that_accepts_nothing(self, store: JobStore) -> None:
        job = ended(store, store.create(new(), [document()]).job)
        cases: list[dict[str, Any]] = [{"accepting": 0}, {"accepting": 1, "down": 1}]
        for settings in cases:
            store.set(**settings)
            with pytest.raises(LimitReached, match="accepting"):
                store.create(new())
            with pytest.raises(LimitReached, match="accepting"):
                store.restart(job.id, held=False, release=None)
        assert store.count() == 0

    def test_new_jobs_are_held_if_all_are(self, store: JobStore) -> None:
        done = ended(store, store.create(new(), [document()]).job)
        store.set(hold_new=1)
        made = store.create(new()).job
        again = store.restart(done.id, held=False, release=None)
        assert again is not None
        for job in (made, again):
            assert (job.state, job.held, job.release) == (HELD, True, None)

    def test_restart(self, store: JobStore) -> None:
        job = store.create(new(), [document(10)]).job
        empty = ended(store, store.create(new()).job)
        assert store.restart(job.id, held=False, release=None) is None
        assert store.restart(empty.id, held=False, release=None) is None
        ended(store, job)
        waiting = store.create(new(), [document(10)]).job
        with pytest.raises(LimitReached):
            store.restart(job.id, held=False, release=None, limits=Limits(user_jobs=1))
        with pytest.raises(LimitReached):
            store.restart(job.id, held=False, release=None, limits=Limits(user_octets=15))
        again = store.restart(job.id, held=False, release=None, limits=Limits(user_jobs=2))
        assert again is not None
        assert (again.state, again.attempts, again.completed, again.processing) == (PENDING, 0, None, None)
        assert [each.id for each in store.jobs(ACTIVE)] == [waiting.id, job.id]

    # State.

    def test_settings(self, storage: Storage, store: JobStore) -> None:
        state = store.state()
        assert str(state.settings["uuid"]).startswith("urn:uuid:")
        assert state.settings["started"] == pytest.approx(store.now(), abs=20.0)
        assert (state.state, state.reasons, state.accepting) == (PrinterState.IDLE, ("none",), True)
        store.set(paused=1, attributes=b"\0\1", word="w")
        state = storage.queue("print").state()
        assert (state.state, state.reasons) == (PrinterState.STOPPED, ("paused",))
        assert (state.settings["attributes"], state.settings["word"]) == (b"\0\1", "w")

    def test_a_setting_is_added_once_and_forgotten(self, store: JobStore) -> None:
        assert sum(map(bool, together([lambda: store.add({"number": 7})] * 4))) == 1
        assert store.add({"number": 8, "another": "x"}) == ["another"]
        assert store.state().settings["number"] == 7
        store.forget(["number", "other"])
        assert "number" not in store.state().settings
        assert store.add({"number": 8, "another": "y"}) == ["number"]
        assert store.state().settings["another"] == "x"

    def test_a_number_goes_on(self, store: JobStore) -> None:
        found = together([lambda: store.advance("last")] * 8)
        assert sorted(map(str, found)) == sorted(map(str, range(1, 9)))
        assert store.advance("last", 10) == 18
        assert store.state().settings["last"] == 18

    def test_queues_are_known(self, storage: Storage, store: JobStore) -> None:
        other = storage.queue("other")
        assert sorted(storage.queues()) == ["other", "print"]
        assert storage.queues(active=True) == []
        job = other.create(new()).job
        assert storage.queues(active=True) == ["other"]
        assert storage.queue_of(job.id) == "other"
        assert storage.queue_of(999) is None
        ended(other, job)
        assert storage.queues(active=True) == []
        assert storage.queue_of(job.id) == "other"

    def test_whoever_listens_to_all_hears_of_each(self, storage: Storage, store: JobStore) -> None:
        heard: list[int] = []
        end = storage.bus.listen(None, lambda: heard.append(1))
        storage.bus.wake("print")
        storage.bus.wake("other")
        assert len(heard) >= 2
        end()

    def test_the_state_changes_when_a_job_is_begun_and_ended(self, store: JobStore) -> None:
        job = store.create(new()).job
        moments = [store.state().settings["state_changed"]]
        store.change(job.id, ACTIVE, state=PROCESSING)
        moments.append(store.state().settings["state_changed"])
        store.change(job.id, ACTIVE, message="a word")
        moments.append(store.state().settings["state_changed"])
        ended(store, job)
        moments.append(store.state().settings["state_changed"])
        assert moments[0] < moments[1] == moments[2] < moments[3]  # type: ignore[operator]

    def test_a_setting_of_the_state_changes_its_time_and_another_does_not(self, store: JobStore) -> None:
        store.set(paused=False)
        moment = store.state().settings["state_changed"]
        others: dict[str, object] = {"device_message": "a word", "started": 5.0}
        for name, value in others.items():
            store.set((), **{name: value})
            assert store.state().settings["state_changed"] == moment
        states: dict[str, object] = {"paused": True, "accepting": False, "hold_new": True, "down": True}
        for name, value in states.items() | {"pause_after_current": True, "device_reasons": "media-jam-error"}.items():
            before = store.state().settings["state_changed"]
            store.set((), **{name: value})
            assert store.state().settings["state_changed"] > before, name  # type: ignore[operator]

    # Subscriptions and events.

    def test_an_event_tells_what_was_true_then(self, store: JobStore) -> None:
        subscription = subscribe(store, "job-state-changed", "printer-state-changed")
        job = store.create(new(), [document(7)]).job
        store.change(job.id, ACTIVE, tell=("job-state-changed", "printer-state-changed"), state=PROCESSING)
        store.change(job.id, ACTIVE, state=HELD, name="another", message="untold")
        created, begun, printer = store.events(subscription)
        assert [each.number for each in (created, begun, printer)] == [1, 2, 3]
        assert (created.name, created.job_state, created.job_id) == ("job-created", PENDING, job.id)
        assert (begun.job_state, begun.job_name, begun.job_user) == (PROCESSING, "Report", "alice")
        assert (begun.job_octets, begun.job_documents, begun.job_uuid) == (7, 1, job.uuid)
        assert (printer.name, printer.job_id, printer.printer_state) == (
            "printer-state-changed",
            None,
            PrinterState.PROCESSING,
        )
        assert (printer.printer_reasons, printer.accepting) == (("none",), True)

    def test_a_subscription_hears_what_it_is_for(self, storage: Storage, store: JobStore) -> None:
        job = store.create(new()).job
        mine = subscribe(store, "job-state-changed", job_id=job.id)
        completed, printer = subscribe(store, "job-completed"), subscribe(store, "printer-state-changed")
        other = subscribe(storage.queue("other"), "job-state-changed", "printer-state-changed")
        store.create(new())
        store.set(("printer-state-changed", "printer-stopped"), paused=1)
        ended(store, job)
        assert heard(store, mine) == [(1, "job-completed")]
        assert heard(store, completed) == [(1, "job-completed")]
        assert heard(store, printer) == [(1, "printer-state-changed"), (2, "printer-stopped")]
        assert heard(storage.queue("other"), other) == []
        assert [store.sequence(each) for each in (mine, completed, printer)] == [1, 1, 2]

    def test_what_is_refused_tells_nothing(self, store: JobStore) -> None:
        subscription = subscribe(store, "job-state-changed", "job-config-changed", "printer-queue-order-changed")
        with pytest.raises(LimitReached):
            store.create(new(), limits=Limits(jobs=0))
        store.change(99, ACTIVE, tell=("job-config-changed",), name="x")
        store.reorder(99, None)
        assert heard(store, subscription) == []

    def test_events_are_numbered_without_gaps_and_in_their_order(self, store: JobStore) -> None:
        subscription = subscribe(store, "job-state-changed")

        def print_one() -> None:
            job = store.create(new()).job
            store.change(job.id, ACTIVE, tell=("job-state-changed",), state=PROCESSING)
            ended(store, job)

        together([print_one] * 10)
        events = store.events(subscription)
        assert [event.number for event in events] == list(range(1, 31))
        for job in store.jobs():
            names = [event.name for event in events if event.job_id == job.id]
            assert names == ["job-created", "job-state-changed", "job-completed"]

    def test_later_events_are_found_by_their_numbers(self, store: JobStore) -> None:
        subscription = subscribe(store, "job-created")
        for _ in range(5):
            store.create(new())
        assert [number for number, _ in heard(store, subscription, 4)] == [4, 5]
        assert heard(store, subscription, 6) == []

    def test_a_jobs_subscriptions_come_and_end_with_it(self, store: JobStore) -> None:
        wanted = [NewSubscription(events=("job-state-changed",), user="alice")] * 2
        made = store.create(new(), [document()], wanted)
        first = made.subscriptions[0]
        assert first is not None
        assert (first.job_id, first.lease, first.expires) == (made.job.id, None, None)
        assert heard(store, first) == [(1, "job-created")]
        ended(store, made.job)
        assert heard(store, first) == [(1, "job-created"), (2, "job-completed")]
        late = store.subscription(first.id)
        assert late is not None
        assert late.ended
        assert late.expires == pytest.approx(store.now() + store.life, abs=20.0)
        store.restart(made.job.id, held=False, release=None)
        assert len(heard(store, first)) == 2
        store.change(made.job.id, ACTIVE, state=JobState.CANCELED)
        assert store.subscribe(wanted, job_id=made.job.id) is None
        assert store.subscribe(wanted, job_id=99) is None

    def test_subscriptions_never_miss_the_end_of_their_job(self, store: JobStore) -> None:
        """However a subscription and the end of its job meet: either it is refused, or it hears of the end."""
        for _ in range(10):
            job = store.create(new()).job
            _, made = together(
                [
                    lambda job=job: ended(store, job),  # type: ignore[misc]
                    lambda job=job: store.subscribe(  # type: ignore[misc]
                        [NewSubscription(events=("job-completed",), user="alice")], job_id=job.id
                    ),
                ]
            )
            if made is not None:
                assert isinstance(made, list)
                assert heard(store, made[0]) == [(1, "job-completed")]

    def test_how_many_subscriptions_there_may_be(self, store: JobStore) -> None:
        alice = NewSubscription(events=("job-completed",), user="alice", lease=60)
        bob = NewSubscription(events=("job-completed",), user="bob", lease=60)
        limits = Limits(subscriptions=4, user_subscriptions=3)
        made = store.subscribe([alice] * 4, limits=limits)
        assert made is not None
        assert [each is None for each in made] == [False, False, False, True]
        made = store.subscribe([bob] * 2, limits=limits)
        assert made is not None
        assert [each is None for each in made] == [False, True]
        first = store.subscriptions()[0]
        assert store.unsubscribe(first.id)
        assert not store.unsubscribe(first.id)
        assert store.subscription(first.id) is None
        found = together([lambda: store.subscribe([bob], limits=limits)] * 5)
        assert sum(each != [None] for each in found) == 1
        assert store.count_subscriptions() == 4

    def test_subscriptions_are_listed(self, store: JobStore) -> None:
        job = store.create(new()).job
        mine = subscribe(store, "job-completed", lease=60, user_data=b"\0", attributes=("job-name",), interval=3)
        made = store.subscribe([NewSubscription(events=("job-completed",), user="bob", lease=0)])
        of_job = subscribe(store, "job-completed", job_id=job.id)
        assert made is not None
        assert made[0] is not None
        assert store.subscriptions() == [mine, made[0]]
        assert store.subscriptions(user="bob") == made
        assert store.subscriptions(job_id=job.id) == [of_job]
        assert store.subscriptions(limit=1) == [mine]
        assert (mine.lease, mine.user_data, mine.attributes, mine.interval) == (60, b"\0", ("job-name",), 3)
        assert made[0].expires is None

    def test_renew(self, store: JobStore) -> None:
        subscription = subscribe(store, "job-completed", lease=60)
        renewed = store.renew(subscription.id, 600)
        assert renewed == store.subscription(subscription.id)
        assert renewed is not None
        assert renewed.lease == 600
        assert renewed.expires == pytest.approx(store.now() + 600, abs=20.0)
        assert store.renew(99, 60) is None
        job = store.create(new()).job
        assert store.renew(subscribe(store, "job-completed", job_id=job.id).id, 60) is None

    def test_all_ends_with_its_time(self, store: JobStore) -> None:
        store.life = 0
        subscription = subscribe(store, "job-created", "job-completed", lease=600)
        job = store.create(new()).job
        of_job = subscribe(store, "job-completed", job_id=job.id)
        ended(store, job)
        assert store.subscription(of_job.id) is None
        assert heard(store, subscription) == []
        store.expire()
        assert store.count_subscriptions() == 1
        store.life = 300
        store.create(new())
        assert heard(store, subscription) == [(3, "job-created")]  # the numbers go on
        assert store.sequence(subscription) == 3

    # Leases.

    def test_one_job_of_a_queue_at_a_time(self, storage: Storage, store: JobStore) -> None:
        other = storage.queue("other")
        jobs = [store.create(new(priority=each), [document()]).job for each in (50, 80)]
        elsewhere = other.create(new(), [document()]).job
        still_open = store.create(new(open=True, priority=99)).job
        subscription = subscribe(store, "job-state-changed", "printer-state-changed")
        with working(storage, "one"), working(storage, "two"):
            first = storage.leases.claim("one", ("print",))
            assert first is not None
            assert (first.job.id, first.queue, first.job.state) == (jobs[1].id, "print", PROCESSING)
            assert (first.job.attempts, first.job.reasons) == (1, ("job-printing",))
            assert first.job.processing is not None
            assert storage.leases.claim("two", ("print",)) is None
            found = storage.leases.claim("two")
            assert found is not None
            assert found.job.id == elsewhere.id
            assert storage.leases.renew(first)
            done, following = storage.leases.end(first, JobState.COMPLETED, ("none",), "", ("job-completed",))
            assert done is not None
            assert following is None
            assert done.completed is not None
            assert storage.leases.end(first, JobState.ABORTED, ("none",), "", ()) == (None, None)
            assert not storage.leases.renew(first)
            second = storage.leases.claim("two", ("print",))
            assert second is not None
            assert second.job.id == jobs[0].id
            assert storage.leases.end(second, JobState.COMPLETED, ("none",), "", ())[0] is not None
            assert storage.leases.claim("two", ("print",)) is None
        assert [name for _, name in heard(store, subscription)] == [
            "job-state-changed",
            "printer-state-changed",
            "job-completed",
            "job-state-changed",
            "printer-state-changed",
        ]
        assert store.job(still_open.id) == still_open

    def test_all_claim_and_each_job_is_begun_once(self, storage: Storage, store: JobStore) -> None:
        for _ in range(6):
            store.create(new(), [document()])
        begun: list[int] = []

        def work(worker: str) -> None:
            while store.count():
                lease = storage.leases.claim(worker)
                if lease is not None:
                    begun.append(lease.job.id)
                    assert storage.leases.end(lease, JobState.COMPLETED, ("none",), "", ())[0] is not None

        with working(storage, "one"), working(storage, "two"), working(storage, "three"):
            found = together([lambda name=name: work(name) for name in ("one", "two", "three")])  # type: ignore[misc]
        assert found == [None, None, None]
        assert sorted(begun) == [job.id for job in sorted(store.jobs(ENDED), key=lambda job: job.id)]
        assert len(begun) == 6

    def test_one_job_ends_and_the_next_begins_at_once(self, storage: Storage, store: JobStore) -> None:
        jobs = [store.create(new(), [document()]).job.id for _ in range(4)]
        subscription = subscribe(store, "job-state-changed")
        with working(storage, "one", shared=False):
            lease = storage.leases.claim("one", ("print",))
            for job_id in jobs[1:3]:
                assert lease is not None
                _, lease = storage.leases.end(lease, JobState.COMPLETED, ("none",), "", ("job-completed",), go_on=True)
                assert lease is not None
                assert lease.job.id == job_id
                assert (store.state().processing, store.state().active) == (1, store.count())
            store.set(pause_after_current=1)
            assert lease is not None
            assert storage.leases.end(lease, JobState.ABORTED, ("none",), "", (), go_on=True)[1] is None
        names = [name for _, name in heard(store, subscription)]
        assert names == ["job-state-changed", *["job-completed", "job-state-changed"] * 2]

    def test_jobs_with_nothing_to_do_pass_through(self, storage: Storage, store: JobStore) -> None:
        jobs = [store.create(new(), [document()]).job for _ in range(3)]
        still_open = store.create(new(open=True)).job
        subscription = subscribe(store, "job-state-changed", "printer-state-changed", job_id=jobs[0].id)
        with working(storage, "one", shared=False):
            store.set(paused=1)
            assert storage.leases.pass_through("one", "print") == 0
            store.set(paused=0, pause_after_current=1)
            assert storage.leases.pass_through("one", "print") == 1
            store.set(pause_after_current=0)
            assert storage.leases.pass_through("one", "print") == 2
            assert storage.leases.pass_through("one", "print") == 0
        for each in jobs:
            job = store.job(each.id)
            assert job is not None
            assert (job.state, job.attempts) == (JobState.COMPLETED, 1)
            assert job.processing is not None
        assert (store.state().active, store.state().processing) == (1, 0)
        assert store.job(still_open.id) == still_open
        told = [(event.name, event.job_state) for event in store.events(subscription)]
        assert told == [("job-state-changed", PROCESSING), ("job-completed", JobState.COMPLETED)]

    def test_a_paused_queue_begins_nothing(self, storage: Storage, store: JobStore) -> None:
        store.create(new(), [document()])
        with working(storage, "one"):
            cases: list[dict[str, Any]] = [{"paused": 1}, {"paused": 0, "down": 1}]
            for settings in cases:
                store.set(**settings)
                assert storage.leases.claim("one") is None
            store.set(down=0)
            assert storage.leases.claim("one") is not None

    def test_a_dead_workers_job_is_begun_anew(self, storage: Storage, store: JobStore) -> None:
        job = store.create(new(), [document()]).job
        subscription = subscribe(store, "job-completed")
        for attempt in range(1, MAX_ATTEMPTS + 1):
            with working(storage, "one"):
                lease = storage.leases.claim("one")
                assert lease is not None
                assert lease.job.attempts == attempt
                assert storage.leases.reap() == 0
            assert storage.leases.reap() == 1
            assert not storage.leases.renew(lease)
            assert storage.leases.end(lease, JobState.COMPLETED, ("none",), "", (), go_on=True) == (None, None)
        found = store.job(job.id)
        assert found is not None
        assert found.state == JobState.ABORTED
        assert heard(store, subscription) == [(1, "job-completed")]
        assert storage.leases.reap() == 0

    def test_a_dead_workers_canceled_job_is_canceled(self, storage: Storage, store: JobStore) -> None:
        job = store.create(new(), [document()]).job
        with working(storage, "one"):
            assert storage.leases.claim("one") is not None
            store.change(job.id, (PROCESSING,), reasons=("processing-to-stop-point", "job-canceled-by-user"))
        assert storage.leases.reap() == 1
        found = store.job(job.id)
        assert found is not None
        assert (found.state, found.reasons) == (JobState.CANCELED, ("job-canceled-by-user",))

    def test_who_does_not_share_is_alone(self, storage: Storage) -> None:
        with working(storage, "one"), working(storage, "two"):
            pass
        with working(storage, "one", shared=False):
            pass
        with working(storage, "two", shared=False):
            pass

    # Hints.

    def test_whoever_waits_hears_of_a_change(self, storage: Storage, store: JobStore) -> None:
        waiter, elsewhere = Waiter(storage.bus, "print"), Waiter(storage.bus, "other")
        timer = threading.Timer(0.05, lambda: storage.bus.wake("print"))
        timer.start()
        assert waiter.wait(SECONDS)
        timer.join()
        assert not waiter.wait(0.0)
        assert not elsewhere.wait(0.0)
        storage.bus.wake("print")
        assert waiter.wait(0.0)  # what came before the wait is not missed
        waiter.close()
        storage.bus.wake("print")
        assert not waiter.wait(0.0)

    # The system: it hears of every queue.

    @pytest.fixture
    def system(self, storage: Storage) -> JobStore:
        return storage.queue(SYSTEM)

    def test_a_system_hears_of_every_queue(self, storage: Storage, system: JobStore) -> None:
        one, two = storage.queue("one/1"), storage.queue("two/2")
        one.create(new())
        everything = subscribe(system, "job-state-changed", "printer-state-changed", lease=0)
        narrow = subscribe(system, "job-state-changed", lease=0, printers=("two/2",))
        own = subscribe(two, "job-state-changed", lease=0)
        job = two.create(new()).job
        one.set(("printer-stopped", "printer-state-changed"), paused=1)
        ended(two, job)
        told = [(event.number, event.name, event.printer, event.job_id) for event in system.events(everything)]
        assert told == [
            (1, "job-created", "two/2", job.id),
            (2, "printer-stopped", "one/1", None),
            (3, "printer-state-changed", "one/1", None),
            (4, "job-completed", "two/2", job.id),
        ]
        assert system.events(everything)[1].printer_state == PrinterState.STOPPED
        assert heard(system, narrow) == heard(two, own) == [(1, "job-created"), (2, "job-completed")]
        assert system.sequence(everything) == 4
        assert [event.printer for event in two.events(own)] == ["two/2", "two/2"]

    def test_the_systems_state_follows_its_printers(self, storage: Storage, system: JobStore) -> None:
        one, two = storage.queue("one/1"), storage.queue("two/2")
        made = {name: Told("printer-created", name) for name in ("one/1", "two/2", "never asked/3")}
        system.add(dict.fromkeys(made, 1), made)
        subscription = subscribe(system, "system-state-changed", lease=0)
        system.forget(["never asked/3"], [Told("printer-deleted", "never asked/3")])
        one.set(("printer-state-changed",), paused=1)
        assert heard(system, subscription) == []
        two.set(("printer-state-changed",), paused=1)
        one.set(("printer-state-changed",), paused=0)
        one.create(new(), [document()])
        with working(storage, "w"):
            lease = storage.leases.claim("w")
            assert lease is not None
            storage.leases.end(lease, JobState.COMPLETED, ("none",), "", ("job-completed", "printer-state-changed"))
        states = [(event.name, event.printer_state) for event in system.events(subscription)]
        assert states == [
            ("system-stopped", PrinterState.STOPPED),
            ("system-state-changed", PrinterState.IDLE),
            ("system-state-changed", PrinterState.PROCESSING),
            ("system-state-changed", PrinterState.IDLE),
        ]

    def test_printers_that_come_and_go_are_told(self, system: JobStore) -> None:
        subscription = subscribe(system, "printer-created", "printer-deleted", lease=0)
        assert system.add({"printer/a": "A"}, {"printer/a": Told("printer-created", "a/1")}) == ["printer/a"]
        assert system.add({"printer/a": "B"}, {"printer/a": Told("printer-created", "a/2")}) == []
        system.set((Told("printer-created", "b/2"),), b=1)
        system.forget(["printer/a"], (Told("printer-deleted", "a/1"),))
        told = [(event.name, event.printer, event.accepting) for event in system.events(subscription)]
        assert told == [
            ("printer-created", "a/1", True),
            ("printer-created", "b/2", True),
            ("printer-deleted", "a/1", False),
        ]
        assert "printer/a" not in system.state().settings

    def test_the_events_of_many_queues_have_no_gap(self, storage: Storage, system: JobStore) -> None:
        """Whoever fetches while many queues change misses none, and sees each queue's in their order."""
        subscription = subscribe(system, "job-created", lease=0)
        queues, each = [storage.queue(f"q/{number}") for number in range(6)], 15
        found: list[tuple[int, int]] = []
        done = threading.Event()

        def fetch() -> None:
            while True:
                last = done.is_set()
                first = found[-1][0] + 1 if found else 1
                found.extend((event.number, event.job_id or 0) for event in system.events(subscription, first))
                if last:
                    return

        def make(queue: JobStore) -> list[int]:
            return [queue.create(new()).job.id for _ in range(each)]

        fetching = threading.Thread(target=fetch)
        fetching.start()
        made = together([lambda queue=queue: make(queue) for queue in queues])  # type: ignore[misc]
        done.set()
        fetching.join(SECONDS)
        assert [number for number, _ in found] == list(range(1, len(queues) * each + 1))
        for ids in made:
            assert isinstance(ids, list)
            assert [job_id for _, job_id in found if job_id in ids] == ids

    def test_events_of_some_are_counted_when_old_ones_go(
        self, storage: Storage, system: JobStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A subscription that hears of one printer, or of one resource, goes on with the next number."""
        one, two = storage.queue("one/1"), storage.queue("two/2")
        resource, _ = system.create_resource(NewResource(type="static-image", user="alice"))
        narrow = subscribe(system, "job-created", lease=0, printers=("two/2",))
        of_resource = subscribe(system, "resource-state-changed", lease=0, resource_id=resource.id)
        for queue in (one, two, one, two):
            queue.create(new())
        system.create_resource(NewResource(type="static-image", user="alice"))
        changed = ("resource-config-changed", "resource-state-changed")
        system.change_resource(resource.id, (ResourceState.PENDING,), tell=changed, name="New")
        assert (system.sequence(narrow), system.sequence(of_resource)) == (2, 1)
        with monkeypatch.context() as patched:
            patched.setattr(type(system), "life", -1.0)
            system.expire()
            assert system.events(narrow) == []
        job = two.create(new()).job
        system.change_resource(resource.id, (ResourceState.PENDING,), tell=changed, name="Newer")
        assert [(event.number, event.job_id) for event in system.events(narrow)] == [(3, job.id)]
        assert [(event.number, event.resource_id) for event in system.events(of_resource)] == [(2, resource.id)]

    # Resources.

    def test_a_resource_and_its_states(self, storage: Storage, system: JobStore) -> None:
        hears = subscribe(system, "resource-state-changed", lease=0)
        begun = NewSubscription(events=("resource-state-changed",), user="alice", lease=600)
        made, subscriptions = system.create_resource(NewResource(type="static-image", user="alice"), [begun])
        other, _ = system.create_resource(NewResource(type="static-image", user="bob"))
        assert (made.state, made.reasons, made.uses, made.key) == (3, ("resource-incoming",), 0, "")
        assert system.change_resource(made.id, (ResourceState.AVAILABLE,), state=ResourceState.INSTALLED) is None
        data = NewDocument(key="picture", octets=3, format="image/png", name="", ticket=b"t", content=b"abc")
        sent = system.attach_resource(made.id, data)
        assert sent is not None
        assert (sent.state, sent.reasons, sent.format, sent.octets) == (4, ("none",), "image/png", 3)
        assert system.attach_resource(made.id, data) is None
        assert (system.content("picture"), system.knows_key("picture")) == (b"abc", True)
        tell, state = ("resource-installed",), ResourceState.INSTALLED
        installed = system.change_resource(made.id, (ResourceState.AVAILABLE,), tell=tell, state=state)
        assert installed is not None
        assert installed.installed is not None
        assert installed == system.resource(made.id)
        canceled, keys = system.cancel_resource(made.id, "old")
        assert canceled is not None
        assert (canceled.state, canceled.message, canceled.installed, keys) == (6, "old", None, ["picture"])
        assert (system.content("picture"), system.knows_key("picture")) == (None, False)
        assert system.cancel_resource(made.id) == (None, [])
        assert [each.id for each in system.resources()] == [made.id, other.id]
        names = ["resource-created", "resource-state-changed", "resource-installed", "resource-canceled"]
        assert [(each.name, each.resource_id) for each in system.events(hears)] == [
            (names[0], made.id),
            (names[0], other.id),
            *((name, made.id) for name in names[1:]),
        ]
        (own,) = subscriptions
        assert heard(system, own) == list(enumerate(names, 1))
        assert own is not None
        found = system.subscription(own.id)
        assert found is not None
        assert found.ended

    def test_a_resource_in_use_is_canceled_when_it_is_let_go(self, system: JobStore) -> None:
        made = self._installed(system, "k1")
        assert system.allocate("one/1", [made])
        assert system.allocate("two/2", [made, made])
        assert system.allocate("two/2", [made])
        assert system.allocated() == {"one/1": (made,), "two/2": (made,)}
        canceled, keys = system.cancel_resource(made)
        assert canceled is not None
        assert (canceled.state, canceled.reasons, canceled.uses, keys) == (5, ("cancel-requested",), 2, [])
        assert not system.allocate("three/3", [made])
        assert system.deallocate("one/1", [made]) == (True, [])
        assert system.deallocate("one/1", [made]) == (False, [])
        assert system.deallocate("two/2") == (True, ["k1"])
        found = system.resource(made)
        assert found is not None
        assert (found.state, found.uses) == (ResourceState.CANCELED, 0)
        assert system.allocated() == {}

    def _installed(self, system: JobStore, key: str) -> int:
        made, _ = system.create_resource(NewResource(type="static-image", user="alice"))
        system.attach_resource(made.id, document(key=key, content=b"abc"))
        system.change_resource(made.id, (ResourceState.AVAILABLE,), state=ResourceState.INSTALLED)
        return made.id

    def test_printers_get_all_resources_or_none(self, system: JobStore) -> None:
        one, two = self._installed(system, "k1"), self._installed(system, "k2")
        pending, _ = system.create_resource(NewResource(type="static-image", user="alice"))
        assert not system.allocate("a/1", [one, pending.id])
        assert not system.allocate("a/1", [one, 99])
        assert system.allocated() == {}
        with pytest.raises(LimitReached):
            system.allocate("a/1", [one, two], most=1)
        assert system.allocate("a/1", [one, two], most=2)
        assert system.deallocate("a/1", [one, 99]) == (False, [])
        assert system.allocated() == {"a/1": (one, two)}

    def test_how_many_resources_there_are(self, system: JobStore) -> None:
        limits = Limits(resources=2)
        ids = []
        for _ in range(110):
            made, _ = system.create_resource(NewResource(type="static-image", user="alice"), limits=limits)
            system.create_resource(NewResource(type="static-image", user="alice"), limits=limits)
            with pytest.raises(LimitReached, match="resources"):
                system.create_resource(NewResource(type="static-image", user="alice"), limits=limits)
            ids.append(made.id)
            system.cancel_resource(made.id)
            limits = Limits(resources=len(ids) + 2)
        left = [each.id for each in system.resources() if each.ended]
        assert 100 <= len(left) <= 101
        assert left[-1] == ids[-1]

    def test_a_resources_data_that_took_too_long(self, system: JobStore) -> None:
        made, _ = system.create_resource(NewResource(type="static-image", user="alice"))
        system.begin_upload("k")
        assert system.doom_uploads(-1.0) == ["k"]
        with pytest.raises(StorageError):
            system.attach_resource(made.id, document(key="k", fenced=True))
        found = system.resource(made.id)
        assert found is not None
        assert found.state == ResourceState.PENDING

    def test_the_states_of_all_queues(self, storage: Storage, store: JobStore) -> None:
        store.create(new())
        storage.queue("other").set(paused=1, unseen=b"x")
        states = storage.states()
        assert (states["print"].active, states["print"].state) == (1, PrinterState.IDLE)
        assert (states["other"].state, states["other"].accepting) == (PrinterState.STOPPED, True)
        assert isinstance(states["other"].settings["state_changed"], float)

    def test_the_states_of_all_queues_are_those_of_each(self, storage: Storage, store: JobStore) -> None:
        """All settings that a state follows from are read: without the device's, a stopped printer seemed idle."""
        storage.queue("device").set(device_reasons="media-empty-error")
        storage.queue("after").set(pause_after_current=1)
        storage.queue("waits").set(device_waits="connecting-to-device")
        for name in ("device", "after", "waits"):
            queue = storage.queue(name)
            found, own = storage.states()[name], queue.state()
            assert (found.state, found.reasons) == (own.state, own.reasons)
            assert found.reasons != ("none",)

    def test_the_states_of_some_queues_have_all_that_was_set(self, storage: Storage, store: JobStore) -> None:
        store.create(new())
        other = storage.queue("other's")
        other.set(paused=1, unseen=b"x")
        for _ in range(2):
            assert storage.states_of(["other's", "print"]) == {"other's": other.state(), "print": store.state()}
            other.set(paused=0)
        assert storage.states_of([]) == {}

    def test_changes_of_the_configuration_are_counted(self, store: JobStore) -> None:
        before = store.state().settings
        store.set(("printer-config-changed",), attributes=b"a")
        store.set(("printer-config-changed", "printer-state-changed"), paused=1)
        store.set(("printer-state-changed",), paused=0)
        after = store.state().settings
        assert after["config_changes"] == 2
        assert float(str(after["config_changed"])) > float(str(before["config_changed"]))

    def test_lost_leases_are_counted(self, storage: Storage, store: JobStore) -> None:
        store.create(new(), [document()])
        storage.leases.begin("one", shared=True)
        lease = storage.leases.claim("one")
        assert lease is not None
        storage.leases.close("one")
        assert storage.leases.reap() == 1
        end = JobState.COMPLETED, ("none",), "", ("job-completed",)
        assert storage.leases.end(lease, *end) == (None, None)
        counts = storage.leases.counts
        assert (counts.claimed, counts.lost, counts.taken) == (1, 1, 1)
