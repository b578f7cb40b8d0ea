"""What several threads may do at once: read the same message, and each change its own.

The rule of this file: it says what `docs/platforms.md` promises, with the interpreter's lock and without. Threads begin
together and change over often.
"""

import copy
import pickle
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from implementations import Implementation
from outcome import normal
from samples import NAMES, made

from ippfast import DecodeError, ValueTag

THREADS = 4


@contextmanager
def changing_over_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(work: Callable[[int], object]) -> None:
    """Do it in several threads, each with its number; what one raises is raised."""
    barrier = threading.Barrier(THREADS)
    raised: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    with changing_over_often():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if raised:
        raise raised[0]


def rounds(codec: Implementation) -> int:
    return 400 if codec.name == "cython" else 60


def octets(codec: Implementation) -> bytes:
    return codec.encode(codec.Message((2, 0), 11, 1, [made(codec)] * 5))


READINGS: dict[str, Callable[[Implementation, Any], object]] = {
    "walk": lambda codec, message: [(each.name, normal(value)) for each, value in codec.walk(message)],
    "iterate": lambda codec, message: [[each.name for each in group] for group in message.groups],
    "unpack": lambda codec, message: [[each.name for each in reversed(group)] for group in message.groups],
    "look up": lambda codec, message: [
        (group.get(name) is None, group.value("job-id"), name in group) for group in message.groups for name in NAMES
    ],
    "members": lambda codec, message: [
        group["media-col"].value["media-size"].value[0].name for group in message.groups
    ],
    "encode": lambda codec, message: codec.encode(message),
    "compare": lambda codec, message: message == copy.deepcopy(message),
    "hash": lambda codec, message: len({group["media-col"] for group in message.groups}),
    "show": lambda codec, message: repr(message),
    "pickle": lambda codec, message: len(pickle.dumps(message.groups[0]["job-name"])),
}


def test_all_read_one_message(codec: Implementation) -> None:
    """Each reading says what it says alone, while other threads unpack the same groups."""
    data = octets(codec)
    expected = {name: reading(codec, codec.decode(data)) for name, reading in READINGS.items()}
    for _ in range(rounds(codec) // 20):
        shared = codec.decode(data)

        def read(number: int, shared: Any = shared) -> None:
            names = list(READINGS)[number:] + list(READINGS)[:number]
            for name in names * 2:
                assert READINGS[name](codec, shared) == expected[name]

        at_once(read)


def test_each_changes_its_own(codec: Implementation) -> None:
    """Names, numbers and values of all of them come from the same caches."""
    data = octets(codec)

    def change(number: int) -> None:
        for place in range(rounds(codec)):
            message = codec.decode(data)
            group = message.groups[place % 5]
            group["job-id"] = number * 1_000_000 + place
            group["new"] = codec.Attribute("new", ValueTag.KEYWORD, f"keyword-{number}-{place % 7}")
            del group["job-name"]
            again = codec.decode(codec.encode(message)).groups[place % 5]
            assert again.value("job-id") == number * 1_000_000 + place
            assert again["new"].value == f"keyword-{number}-{place % 7}"
            assert "job-name" not in again

    at_once(change)


def test_one_walk_and_one_iterator_for_all(codec: Implementation) -> None:
    """Each pair goes to one of them. The pure twin's are generators, which the interpreter keeps for one thread."""
    if codec.name == "python":
        return
    data = octets(codec)
    for _ in range(rounds(codec) // 20):
        message = codec.decode(data)
        for shared, size in ((codec.walk(message), 60), (iter(message.groups[0]), 7)):
            taken: list[list[Any]] = [[] for _ in range(THREADS)]

            def take(number: int, shared: Any = shared, taken: list[list[Any]] = taken) -> None:
                taken[number] += iter(lambda: next(shared, None), None)

            at_once(take)
            assert sum(map(len, taken)) == size


def test_one_decoder_for_all(codec: Implementation) -> None:
    """Whoever comes while it is at work is told so, and what it makes is a message or an error."""
    data = octets(codec)
    for _ in range(rounds(codec) // 4):
        decoder = codec.MessageDecoder()
        made_: list[Any] = []

        def feed(number: int, decoder: Any = decoder, made_: list[Any] = made_) -> None:
            for at in range(0, len(data), 97):
                with suppress(RuntimeError, ValueError, DecodeError):
                    made_.append(decoder.feed(data[at : at + 97]))
                with suppress(RuntimeError):
                    assert decoder.needed >= 0

        at_once(feed)
        for message in made_:
            if message is not None:
                codec.decode(codec.encode(message))


def test_the_lock_does_not_come_back() -> None:
    """An extension that does not say that it can do without brings it back when it is imported."""
    import ippfast.compat.ippx
    import ippfast.http  # noqa: F401

    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
