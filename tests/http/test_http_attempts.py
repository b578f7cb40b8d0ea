"""Guessed passwords: who guesses waits longer and longer, and nobody else does.

The rule of this file: the time is a clock that the test turns, and only what is logged and answered is seen.
"""

import base64
import logging
from typing import Any

import pytest
from http_conversations import PRINT_JOB, post
from test_http_session import Script

from ippfast import encode
from ippfast.http import BasicAuthenticator, DigestAuthenticator
from ippfast.http._server.attempts import Attempts
from ippfast.http.auth import claimed_user


class Clock:
    def __init__(self) -> None:
        self.now = 5_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def test_the_wait_grows_and_ends(attempts: Attempts, clock: Clock) -> None:
    waits = []
    for _ in range(10):
        clock.now += 60
        waits.append(attempts.wrong("192.0.2.1", "root")[1])
    assert waits == [0.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]
    clock.now += 900.5
    assert attempts.wrong("192.0.2.1", "root") == (1, 0.0)


def test_who_comes_together_waits_in_turn(attempts: Attempts) -> None:
    """Many connections are no way to guess faster."""
    for _ in range(5):
        attempts.wrong("192.0.2.1", "root")
    waits = [attempts.turn("192.0.2.1", "root") for _ in range(20)]
    assert waits[:4] == [2.0, 4.0, 6.0, 8.0]
    assert waits[4:] == [None] * 16
    assert attempts.turn("192.0.2.2", "root") == 0.0


def test_who_was_right_is_not_kept_waiting(attempts: Attempts) -> None:
    for _ in range(5):
        attempts.wrong("192.0.2.1", "root")
    attempts.right("192.0.2.1", "ann")
    assert attempts.turn("192.0.2.1", "ann") == 0.0
    assert attempts.turn("192.0.2.1", "root") == 2.0
    assert attempts.wrong("192.0.2.1", "root")[0] == 6  # an account of one's own is no way to guess another's


def test_mistakes_of_ones_own_are_forgotten(attempts: Attempts) -> None:
    for _ in range(5):
        attempts.wrong("192.0.2.1", "ann")
    attempts.right("192.0.2.1", "ann")
    assert attempts.wrong("192.0.2.1", "ann") == (1, 0.0)


def test_a_network_of_ipv6_is_one_address(attempts: Attempts) -> None:
    for number in range(5):
        attempts.wrong(f"2001:db8::{number}", "root")
    assert attempts.turn("2001:db8::ffff", "root") == 2.0
    assert attempts.turn("2001:db8:0:1::1", "root") == 0.0


def test_what_is_kept_is_bounded(attempts: Attempts) -> None:
    for number in range(12_000):
        attempts.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "root")
    for number in range(300):
        attempts.wrong("192.0.2.1", f"user{number}")
        attempts.right("192.0.2.1", f"user{number}")
    assert len(attempts._addresses) <= 10_000
    known = attempts._addresses["192.0.2.1"]
    assert len(known.wrong) <= 101
    assert len(known.right) <= 101


def basic(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Waiting(Script):
    """As `Script`; a pause is written down, and over at once."""

    async def pause(self, seconds: float) -> None:
        if seconds:
            self.steps.append(("pause", seconds))


def test_a_wrong_password_is_told_in_the_log_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    judge = BasicAuthenticator(lambda user, password: password == "right", insecure=True)
    body = encode(PRINT_JOB)
    asked: list[Any] = [(0, post(body)), (0, post(body))]  # without credentials: that is no guess
    guesses = [(0, post(body, headers=[basic("root\n", f"guess {number}")])) for number in range(4)]
    with caplog.at_level(logging.WARNING, "ippfast.http"):
        script = Waiting([*asked, *guesses, (0, post(body, headers=[basic("ann", "right")]))], authenticator=judge)
        script.serve()
    assert script.sent.count(b"HTTP/1.1 401 ") == 6
    assert script.sent.count(b"HTTP/1.1 200 ") == 1
    assert [step[1] for step in script.steps if step[0] == "pause"][:2] == [0.5, pytest.approx(0.5, abs=0.1)]
    said = [record.getMessage() for record in caplog.records]
    assert said[:2] == [f"192.0.2.1: wrong credentials for the user 'root\\n', number {n} from there" for n in (1, 2)]
    assert len(said) == 4
    assert "guess" not in "".join(said)


@pytest.mark.parametrize(
    ("line", "user"),
    [
        (basic("ann", "x").partition(": ")[2], "ann"),
        ('Digest username="b\\"ob", realm="ipp"', 'b"ob'),
        ("Bearer abc", None),
        ("Basic !", None),
        ("", None),
        (None, None),
    ],
)
def test_who_credentials_name(line: str | None, user: str | None) -> None:
    assert claimed_user(line) == user


def test_a_digest_needs_passwords_or_what_stands_for_them() -> None:
    with pytest.raises(ValueError, match="either"):
        DigestAuthenticator()
