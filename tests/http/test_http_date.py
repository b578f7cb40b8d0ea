"""The Date line of a server's answers (RFC 9110 section 6.6.1).

The rule of this file: no sockets; whoever reads the line is Python's own `email.utils`.
"""

import time
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from http_conversations import ANSWER, PRINT_JOB, events_of, post, wire

from ippfast import encode
from ippfast.http import RemoteProtocolError, ServerConnection

DOCUMENT = b"octets"
BODY = encode(PRINT_JOB) + DOCUMENT


def date_of(octets: bytes) -> list[str]:
    lines = octets.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    return [line.partition(": ")[2] for line in lines if line.lower().startswith("date:")]


def test_answers_are_dated() -> None:
    """Each but an interim one, in the one form that is sent (RFC 9110 sections 5.6.7 and 6.6.1)."""
    before = datetime.now(tz=UTC).replace(microsecond=0)
    connection = ServerConnection()
    events_of(connection, [post(BODY, headers=["Expect: 100-continue"])[: -len(DOCUMENT)]])
    assert date_of(wire(connection.send_continue())) == []
    answers = [wire(connection.send_response(ANSWER))]
    connection = ServerConnection()
    events_of(connection, [b"GET /"])
    answers.append(wire(connection.send_error(RemoteProtocolError(400, "no"))))
    for answer in answers:
        (date,) = date_of(answer)
        assert date == format_datetime(parsedate_to_datetime(date), usegmt=True)
        assert before <= parsedate_to_datetime(date) <= datetime.now(tz=UTC)


def test_a_date_that_the_application_gives_is_the_only_one() -> None:
    connection = ServerConnection()
    events_of(connection, [post(BODY)])
    sent = connection.send_response(ANSWER, headers=[("date", "Thu, 01 Jan 1970 00:00:00 GMT")])
    assert date_of(wire(sent)) == ["Thu, 01 Jan 1970 00:00:00 GMT"]


def test_the_date_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = []
    for seconds in (0.0, 0.9, 1.0, 86_400.0):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: seconds)
        connection = ServerConnection()
        events_of(connection, [post(BODY)])
        dates += date_of(wire(connection.send_response(ANSWER)))
    assert [date[17:25] for date in dates] == ["00:00:00", "00:00:00", "00:00:01", "00:00:00"]
    assert dates[0] == dates[1] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert dates[3] == "Fri, 02 Jan 1970 00:00:00 GMT"
