"""The shim for ippserver against the library itself, from PyPI: the same of every message, or an error from both.

The rule of this file: the library is the only judge. What its users see is compared with every type in it.
"""

import random
from pathlib import Path

import libraries
import pytest
import vectors

HERE = Path(__file__).resolve().parent
LIBRARY = "ippserver==0.2"


@pytest.fixture(scope="module")
def library() -> libraries.Library:
    return libraries.install(LIBRARY)


def compare(library: libraries.Library, messages: list[bytes]) -> tuple[int, int]:
    """How many messages were compared, and how many of them the library takes."""
    given = b"".join(len(octets).to_bytes(4, "big") + octets for octets in messages)
    said = library.run(HERE / "ippserver_comparison.py", given=given).decode()
    counts, _, found = said.partition("\n")
    assert not found.strip(), found
    compared, accepted = map(int, counts.split())
    assert compared == len(messages)
    return compared, accepted


def test_every_message(library: libraries.Library) -> None:
    _, accepted = compare(library, [vector.octets for vector in vectors.every()])
    assert accepted > 200


def test_truncations(library: libraries.Library) -> None:
    chance = random.Random(8010)
    messages = []
    for vector in vectors.hand_made() + vectors.recorded():
        places = range(len(vector.octets))
        messages += [vector.octets[:place] for place in chance.sample(places, min(30, len(places)))]
    compare(library, messages)


def test_mutations(library: libraries.Library) -> None:
    """Octets changed, taken out, put in twice: also tags and lengths."""
    chance = random.Random(8011)
    messages = []
    for vector in vectors.hand_made() + vectors.recorded():
        if len(vector.octets) < 12 or len(vector.octets) > 6_000:
            continue
        for _ in range(12):
            octets = bytearray(vector.octets)
            for _ in range(chance.randint(1, 4)):
                place = chance.randrange(len(octets))
                kind = chance.randrange(4)
                if kind == 0:
                    octets[place] = chance.randrange(256)
                elif kind == 1:
                    octets[place] = chance.choice([0, 1, 2, 3, 4, 0x21, 0x34, 0x37, 0x44, 0x4A, 0x80, 0xFF])
                elif kind == 2:
                    del octets[place : place + chance.randint(1, 9)]
                else:
                    octets[place:place] = octets[place : place + chance.randint(1, 40)]
                if not octets:
                    break
            messages.append(bytes(octets))
    _, accepted = compare(library, messages)
    assert 0 < accepted < len(messages)


def test_its_own_tests(library: libraries.Library) -> None:
    """The sdist names a test suite, and does not have it: this tells when that changes."""
    folder = libraries.unpack_sdist(LIBRARY)
    assert 'test_suite="tests' in (folder / "setup.py").read_text()
    assert not list(folder.rglob("test*.py"))
