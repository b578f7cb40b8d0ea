"""Whatever a printer answers, as real ones do and damaged in every known way, the commands and clients come through.

The rule of this file: each answer about a printer's attributes, of the vectors and of IPPFAST_CORPUS, is damaged in one
way that its number decides, and replayed. There is no traceback, nothing hangs, and one damaged value costs itself.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import damages
import pytest
import vectors
from command_line import run
from damages import DAMAGES, Damaged, Leaf, Token
from scale import examples
from scripted_printer import http, printer

from ippfast import DelimiterTag, Message, ValueTag, decode, encode, response
from ippfast.enums import Operation, Status
from ippfast.http import AnswerError, AsyncClient, Client

COUNT = examples(1_000)
BLOCKS = 10
SECONDS = 300.0
JOB = {"job-id": 7, "job-uri": "ipp://localhost/7", "job-name": "Report", "job-state": "completed"}
_OF_COLLECTIONS = (damages.BEGIN, damages.END, damages.MEMBER)
_TAGS = sorted({int(tag) for tag in ValueTag} - {*_OF_COLLECTIONS})
_ABOUT_JOBS = (
    Operation.PRINT_JOB,
    Operation.CREATE_JOB,
    Operation.SEND_DOCUMENT,
    Operation.GET_JOB_ATTRIBUTES,
    Operation.GET_JOBS,
)
COMMANDS = (
    ("attributes", "URI"),
    ("supplies", "URI"),
    ("jobs", "URI"),
    ("print", "URI", "FILE", "--wait", "--no-check"),
    ("print", "URI", "FILE", "-o", "sides=two-sided-long-edge", "-o", "media=iso_a4_210x297mm"),
    ("watch", "URI", "7"),
    ("check", "URI"),
)


@cache
def answers() -> tuple[bytes, ...]:
    """What printers answered to Get-Printer-Attributes: the vectors that hold a printer's attributes and succeed."""
    found: dict[bytes, None] = {}
    for vector in vectors.accepted():
        if vector.offset is not None:
            octets = vector.octets[: vector.offset]
            message = decode(octets)
            groups = message.groups_of(DelimiterTag.PRINTER)
            if message.code < 0x0100 and len(groups) == 1 and len(groups[0]) > 2:
                found[octets] = None
    return tuple(found)


def _other_value(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    """One value has other octets, of any length; or another tag."""
    places = [
        number for number, token in enumerate(tokens) if token.value is not None and token.tag not in (0x34, 0x37, 0x4A)
    ]
    if not places:
        return None
    place = chance.choice(places)
    token = tokens[place]
    if chance.random() < 0.3:
        changed = token._replace(tag=chance.choice(_TAGS))
    else:
        size = chance.choice([0, 1, 3, 4, 5, 8, 9, 11, len(token.value or b""), 300])
        changed = token._replace(value=chance.randbytes(size))
    pieces = [each.octets for each in tokens]
    pieces[place] = changed.octets
    return Damaged(head + b"".join(pieces), frozenset({place}))


def damaged(number: int, sound: bytes = b"") -> tuple[bytes, Damaged, bool]:
    """A sound answer, the same damaged, and whether the damage leaves the framing alone."""
    chance = random.Random(f"damaged answers {number}")
    sound = sound or answers()[number % len(answers())]
    tokens = damages.tokens_of(sound)
    names = chance.sample(sorted(DAMAGES), len(DAMAGES))
    ways: list[tuple[damages.Damage, bool]] = [(DAMAGES[name], False) for name in names]
    if number % 3 == 0:
        ways.insert(0, (_other_value, True))
    for way, framed in ways:
        made = way(sound[:8], tokens, chance)
        if made is not None:
            return sound, made, framed
    raise AssertionError("there is a damage for every message")


class Replaying:
    """Answers Get-Printer-Attributes with octets, and what jobs need so that all commands go to their end.

    job: the octets of the first answers about jobs, until `asked` is set back; the next say that all is printed.
    """

    def __init__(self) -> None:
        self.octets = b""
        self.job = b""
        self.asked = 0

    def __call__(self, message: Message) -> Message | bytes:
        request_id = message.request_id.to_bytes(4, "big")
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return http(self.octets[:4] + request_id + self.octets[8:])
        if message.operation in _ABOUT_JOBS:
            self.asked += 1
            if self.asked <= 3 and self.job:
                return http(self.job[:4] + request_id + self.job[8:])
            return response(message, job=JOB)
        if message.operation is Operation.VALIDATE_JOB:
            return response(message)
        return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)


def in_time(work: Callable[[], None]) -> None:
    """Do it in a thread, which has to end."""
    failures: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive(), "it hangs"
    for failure in failures:
        raise failure


@pytest.fixture
def replaying() -> Iterator[tuple[Replaying, str]]:
    replayed = Replaying()
    with printer(replayed) as uri:
        yield replayed, uri


@pytest.mark.parametrize("block", range(BLOCKS))
def test_commands(
    replaying: tuple[Replaying, str], block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed, uri = replaying
    (tmp_path / "report.pdf").write_bytes(b"%PDF-")
    words = {"URI": uri, "FILE": str(tmp_path / "report.pdf")}
    for module in ("http._client.watching._FIRST_PAUSE", "http._client.tasks._FIRST_PAUSE"):
        monkeypatch.setattr(f"ippfast.{module}", 0.001)
    of_jobs = encode(response(None, Status.SUCCESSFUL_OK, job=JOB))

    def work() -> None:
        for number in range(block, COUNT, BLOCKS):
            replayed.octets, replayed.job = damaged(number)[1].octets, damaged(number, of_jobs)[1].octets
            for command in COMMANDS:
                replayed.asked = 0
                result = run(*(words.get(word, word) for word in command))
                assert result.exception is None or isinstance(result.exception, SystemExit), (number, command)
                assert result.exit_code in (0, 1, 2, 6), (number, command, result.output)
                assert "Traceback" not in result.output

    in_time(work)


def test_clients(replaying: tuple[Replaying, str]) -> None:
    """And of the values that were not damaged themselves, none is missing where only one was."""
    replayed, uri = replaying
    expected_in_all = saved_in_all = saved_whole = refused = 0

    def ask() -> None:
        nonlocal expected_in_all, saved_in_all, saved_whole, refused
        with Client(uri) as client:
            for number in range(COUNT):
                sound, made, framed = damaged(number)
                replayed.octets = made.octets
                try:
                    group = client.attributes()
                except AnswerError:
                    assert not framed, number
                    refused += 1
                    continue
                answer = encode(Message((2, 0), 0, 1, [group]))
                expected = _of_printer(damages.leaves(damages.tokens_of(sound), made.touched))
                saved = expected & damages.leaves(damages.tokens_of(answer))
                assert not framed or saved == expected, number
                expected_in_all += sum(expected.values())
                saved_in_all += sum(saved.values())
                saved_whole += saved == expected
                assert client.print(b"%PDF-").wait().id == 7
                assert len(client.jobs()) == 1
                assert next(client.watch()).event is None

    async def ask_in_loop() -> None:
        async with AsyncClient(uri) as client:
            for number in range(0, COUNT, 10):
                _, made, framed = damaged(number)
                replayed.octets = made.octets
                try:
                    await client.attributes()
                except AnswerError:
                    assert not framed, number

    in_time(ask)
    in_time(lambda: asyncio.run(ask_in_loop()))
    print(f"{len(answers())} answers, {COUNT} damaged: {saved_whole} lost nothing else, {refused} were refused")
    print(f"{saved_in_all} of {expected_in_all} values that were not damaged themselves came through")
    assert refused <= COUNT // 100
    assert saved_in_all >= 0.95 * expected_in_all


def _of_printer(leaves: Counter[Leaf]) -> Counter[Leaf]:
    return Counter({leaf: count for leaf, count in leaves.items() if leaf[0] == DelimiterTag.PRINTER})
