"""The messages that tests run over: those in tests/vectors and, where IPPFAST_CORPUS names it, a corpus.

The rule of this file: it reads what others wrote and decides nothing. tests/vectors/README.md says how each
folder was made and what its index means.

A corpus is a directory with ``messages/``, its ``MANIFEST.tsv`` (file, end_of_attributes_offset, validity)
and ``malformed/``, of which only the octets are known. Without one, `corpus` yields nothing, and the vectors
of the project still cover every rule.
"""

import csv
import functools
import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scale import some

__all__ = ["Vector", "accepted", "corpus", "every", "http", "parametrize", "recorded", "refused"]

DIRECTORY = Path(__file__).resolve().parent.parent / "vectors"
ACCEPTED = "accepted"

# A test costs more than what it does with most vectors: 60,000 of them took longer to count than to run.
TOGETHER = 100


class Vector(NamedTuple):
    """A message, and what `decode` makes of it as far as that is known."""

    name: str
    """Its path below the directory that it comes from."""
    octets: bytes
    outcome: str | None
    """``accepted``, or the name of the exception, or None where nothing is known."""
    offset: int | None
    """Where an accepted message ends, or where the fault of a refused one is."""
    raw_values: int | None = None
    """How many values of an accepted message are RawValue, those of members included."""

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as index:
        yield from csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE)


@functools.cache
def hand_made() -> tuple[Vector, ...]:
    """The folders rfc8010, odd and refused."""
    return tuple(
        Vector(
            row["file"],
            (DIRECTORY / row["file"]).read_bytes(),
            row["outcome"],
            int(row["offset"]),
            int(row["raw_values"]) if row["outcome"] == ACCEPTED else None,
        )
        for row in _rows(DIRECTORY / "INDEX.tsv")
    )


@functools.cache
def recorded() -> tuple[Vector, ...]:
    """What real programs sent; none of it has a value that does not fit its tag."""
    vectors = []
    for row in _rows(DIRECTORY / "recorded" / "INDEX.tsv"):
        octets = (DIRECTORY / "recorded" / row["file"]).read_bytes()
        document = int(row["document"].split(" ")[0])
        vectors.append(Vector(f"recorded/{row['file']}", octets, ACCEPTED, len(octets) - document, 0))
    return tuple(vectors)


@functools.cache
def corpus() -> tuple[Vector, ...]:
    """The corpus' messages and its malformed ones; empty without IPPFAST_CORPUS."""
    root = os.environ.get("IPPFAST_CORPUS")
    if not root:
        return ()
    directory = Path(root)
    vectors = [
        Vector(
            row["file"],
            (directory / row["file"]).read_bytes(),
            ACCEPTED,
            int(row["end_of_attributes_offset"]),
        )
        for row in _rows(directory / "MANIFEST.tsv")
        if row["validity"].startswith("well-formed")
    ]
    malformed = sorted((directory / "malformed").glob("*.ipp"))
    vectors += [Vector(f"malformed/{path.name}", path.read_bytes(), None, None) for path in malformed]
    return tuple(vectors)


def every() -> tuple[Vector, ...]:
    return hand_made() + recorded() + corpus()


def accepted() -> tuple[Vector, ...]:
    return tuple(vector for vector in every() if vector.outcome == ACCEPTED)


def refused() -> tuple[Vector, ...]:
    return tuple(vector for vector in every() if vector.outcome not in (ACCEPTED, None))


@functools.cache
def http() -> dict[str, bytes]:
    """Whole HTTP requests and responses, by file name."""
    return {path.name: path.read_bytes() for path in sorted((DIRECTORY / "http").glob("*.http"))}


def parametrize(vectors: tuple[Vector, ...]) -> Callable[[Callable[..., None]], Any]:
    """Decorates a test with an argument ``vector``: it runs over `some` of these, `TOGETHER` of them in a test.

    Each vector of a test is tried, whatever the others come to; the first failure is raised, with the names of all.
    """
    chosen = some(vectors)
    parts = [chosen[at : at + TOGETHER] for at in range(0, len(chosen), TOGETHER)]

    def decorate(test: Callable[..., None]) -> Any:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def over_all(*, part: Sequence[Vector], **fixtures: Any) -> None:
            failures: dict[str, Exception] = {}
            for vector in part:
                try:
                    test(vector=vector, **fixtures)
                except Exception as failure:
                    failures[vector.name] = failure
            for first in failures.values():
                first.add_note("fails with: " + ", ".join(failures))
                raise first

        names = ["part" if name == "vector" else name for name in signature.parameters]
        over_all.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
        )
        return pytest.mark.parametrize("part", parts, ids=[f"{part[0].name}..." for part in parts])(over_all)

    return decorate
