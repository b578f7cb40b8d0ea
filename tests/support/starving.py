"""What the compiled twin does where memory ends: every allocation of an action fails in turn, twice over.

    python starving.py ACTION

The rule of this file: an action does what it does or raises MemoryError; what it worked on is as before or as after,
and it leaves nothing behind. It prints as JSON how many allocations failed and how many blocks of memory the second
round left. It is a process of its own, since what goes wrong here ends the interpreter.
"""

import gc
import json
import operator
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from implementations import COMPILED

from ippfast import (
    DEFAULT_LIMITS,
    DateTime,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)
from ippfast.arrow import schema
from ippfast.arrow.words import dictionary_of, keywords_of
from ippfast.enums import JobState

__all__ = ["ACTIONS"]

assert COMPILED is not None
codec = COMPILED
loops = import_module("ippfast.compat._loops_c")
glance = import_module("ippfast._glance")
plain = import_module("ippfast._plain")
memory = import_module("_testcapi")

VALUES: list[tuple[int | list[int], Any]] = [
    (ValueTag.INTEGER, 70_000),
    (ValueTag.INTEGER, [70_001, 70_002, 3]),
    (ValueTag.BOOLEAN, True),
    (ValueTag.ENUM, [3, 4, 5]),
    (ValueTag.OCTET_STRING, b"octets"),
    (ValueTag.DATE_TIME, DateTime(2026, 1, 2, 3, 4, 5, 6, "+", 7, 8)),
    (ValueTag.RESOLUTION, [Resolution(601, 602, 3), Resolution(1203, 1204, 4)]),
    (ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1001, 2002)),
    (ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("a text", "en-gb")),
    (ValueTag.TEXT, "a text that is long enough to be no name: " + "x" * 100),
    (ValueTag.NAME, "gr\u00f6\u00dfe"),
    (ValueTag.KEYWORD, [f"keyword-{number}" for number in range(20)]),
    (ValueTag.URI, "ipp://printer.example/ipp/print"),
    (ValueTag.INTEGER, RawValue(b"xyz")),
    (ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
    ([ValueTag.KEYWORD, ValueTag.NAME, ValueTag.INTEGER], ["auto", "mine", 9]),
]


def attributes() -> list[Any]:
    made = [codec.Attribute(f"name-{place}", tag, value) for place, (tag, value) in enumerate(VALUES)]
    size = codec.Collection([codec.Attribute("x-dimension", ValueTag.INTEGER, 21_000)])
    media = codec.Collection([*made[:3], codec.Attribute("media-size", ValueTag.BEG_COLLECTION, size)])
    return [*made, codec.Attribute("media-col", ValueTag.BEG_COLLECTION, [media, media])]


def message() -> Any:
    return codec.Message((2, 0), 11, 1, [codec.AttributeGroup(1, attributes()), codec.AttributeGroup(4, attributes())])


DATA = codec.encode(message())
LARGE = codec.encode(codec.Message((2, 0), 11, 1, [codec.AttributeGroup(4, attributes() * 4)]))
TAGGED = [each for each in codec.decode(DATA).to_dict(tags=True)["groups"][0]["attributes"] if each["name"] != "name-5"]
NAMES = sorted({attribute.name.encode() for attribute, _ in codec.walk(codec.decode(DATA))})
READY = SimpleNamespace(dictionary=dictionary_of(NAMES))
REFUSED = DATA[:-1] + b"\x00"


def fed(data: bytes) -> Any:
    decoder = codec.MessageDecoder()
    for at in range(0, len(data), 100):
        made = decoder.feed(data[at : at + 100])
    return made


def read(made: Any) -> list[Any]:
    found: list[Any] = []
    for group in made.groups:
        for attribute in group:
            found += [attribute.name, attribute.tags, attribute.value if len(attribute.values) == 1 else None]
        found += [group["name-11"].values, group.value("name-0"), "name-3" in group, len(group)]
        found += [repr(group), group.get_all("media-col"), hash(group["media-col"])]
    return found


def change(made: Any) -> None:
    group = made.groups[1]
    group["name-0"] = 5
    group["name-11"] = ["none"]
    del group["name-4"]
    group["new"] = codec.Attribute("new", ValueTag.INTEGER, 1)
    group[0:2] = [group[2]]
    group.insert(0, group.pop())


def change_one(made: Any) -> None:
    made.groups[1]["name-9"] = "another"


CONVERTERS: dict[type, Callable[[Any], Any]] = {RangeOfInteger: list, Resolution: tuple}


# The functions are the interpreter's own, in C: its own code in Python is not what is tried here.
def to_dictionary(group: Any) -> Any:
    return loops.read_attributes(group, {"name-3": JobState}, False, CONVERTERS, operator.is_, dict)


def to_json(data: bytes) -> Any:
    return codec.to_json(data), codec.to_json(bytearray(data), lossless=True)


def to_table(data: bytes) -> Any:
    dictionary = partial(
        getattr, READY, "dictionary"
    )  # CPython loses blocks if `array` fails in the midst of an iterable
    made = codec.Builder(rows=1000, limits=DEFAULT_LIMITS, keywords=keywords_of, dictionary=dictionary)
    made.take([data] * 3)
    return rows_in(made.finish())


def rows_in(batch: Any) -> list[bytes | None]:
    """The octets of a batch's columns, which was handed over once."""
    codec.export_array(schema.row_of(schema.VALUES), batch)
    return [None if each is None else bytes(each) for column in batch.children for each in column.buffers]


def to_objects(group: Any) -> Any:
    return loops.read_group(group, SimpleNamespace, list(range(256)), True, CONVERTERS, dir, operator.is_, dict)


ACTIONS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "decode": (lambda: DATA, codec.decode),
    "decode a buffer": (lambda: bytearray(DATA), codec.decode),
    "decode a part": (lambda: DATA, lambda data: codec.decode(data, only=["name-1", "media-col"])),
    "decode what is sound": (lambda: DATA, lambda data: glance.decode_sound(data, DEFAULT_LIMITS)),
    "glance": (lambda: codec.decode(DATA), lambda made: glance.doubtful(made.groups[1], False, 4)),
    "to plain data": (lambda: codec.decode(DATA), lambda made: plain.to_plain(made.groups[1], 4, False, repr)),
    "to tagged data": (lambda: codec.decode(DATA), lambda made: plain.to_tagged(made.groups[1], operator.is_)),
    "from tagged data": (lambda: TAGGED, lambda data: plain.from_tagged(data, operator.is_)),
    "feed": (lambda: LARGE, fed),
    "walk": (lambda: codec.decode(DATA), lambda made: list(codec.walk(made))),
    "walk what was made": (message, lambda made: list(codec.walk(made))),
    "walk and keep nothing": (lambda: codec.walk(codec.decode(DATA)), deque(maxlen=0).extend),
    "read": (lambda: codec.decode(DATA), read),
    "make": (lambda: None, lambda _: message()),
    "change": (lambda: codec.decode(DATA), change),
    "change one": (lambda: codec.decode(DATA), change_one),
    "change what was made": (message, change),
    "encode": (message, codec.encode),
    "encode into memory": (message, lambda made: codec.encode_into(made, bytearray(9000))),
    "encode what was changed": (lambda: changed(codec.decode(LARGE)), codec.encode),
    "to a dictionary": (lambda: codec.decode(DATA).groups[0], to_dictionary),
    "to JSON": (lambda: DATA, to_json),
    "to a table": (lambda: DATA, to_table),
    "to objects": (lambda: codec.decode(DATA).groups[0], to_objects),
}


def changed(made: Any) -> Any:
    made.groups[0]["name-0"] = 5
    return made


def outcome(act: Callable[[Any], Any], subject: Any) -> Any:
    try:
        return act(subject)
    except MemoryError:
        raise
    except Exception as error:
        return type(error), str(error)


def states(prepare: Callable[[], Any], act: Callable[[Any], Any]) -> list[bytes]:
    """The octets of what is worked on: before, after, and after each step between."""
    subject = prepare()
    if not isinstance(subject, codec.Message):
        return []
    before = codec.encode(subject)
    act(subject)
    return [before, codec.encode(subject)]


def starve(prepare: Callable[[], Any], act: Callable[[Any], Any]) -> int:
    """Let each allocation fail once; returns how many did."""
    expected = repr(outcome(act, prepare()))
    known = states(prepare, act) if act in (change_one, codec.encode, read) else []
    failures = successes = place = 0
    while successes < 30:  # in a row: some that fail are made good
        subject = prepare()
        result: Any = None
        memory.set_nomemory(place, place + 1)
        try:
            result = act(subject)
            failed = False
        except MemoryError:
            failed = True
        except Exception as error:
            result, failed = (type(error), str(error)), False
        finally:
            memory.remove_mem_hooks()
        if failed:
            failures, successes = failures + 1, 0
        else:
            successes += 1
            assert repr(result) == expected, (place, repr(result)[:200])
        if isinstance(subject, codec.Message):
            octets = codec.encode(subject)
            assert not known or octets in known, place
            codec.decode(octets)
        place += 1
    return failures


if __name__ == "__main__":
    prepare, act = ACTIONS[sys.argv[1]]
    starve(prepare, act)
    gc.collect()
    before = sys.getallocatedblocks()
    failures = starve(prepare, act)
    gc.collect()
    print(json.dumps({"failures": failures, "blocks": sys.getallocatedblocks() - before}))
