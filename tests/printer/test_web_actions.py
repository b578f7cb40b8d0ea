"""What forms of the web page do, and for whom; and what they do not, wherever they come from.

The rule of this file: forms are posted as a browser posts them, and a refusal is one if nothing has changed.
"""

import base64
import http.client
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from printers import DOCUMENT, SECONDS, Desk, Gate

from ippfast.enums import JobState, Operation
from ippfast.http import BasicAuth, BasicAuthenticator, Client, Server
from ippfast.printer import Access, PrinterPages, SpoolPrinter
from ippfast.printer.web import actions

USERS = {"alice": "a", "bob": "b", "root": "r"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Web(Desk):
    """A printer, and its pages as a user sees them."""

    def fetch(
        self, user: str, path: str = "/", form: Mapping[str, str] | None = None, **lines: str
    ) -> tuple[int, str, str | None]:
        """The status, the page, and where it leads."""
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=SECONDS)
        headers = {name.replace("_", "-"): value for name, value in lines.items()}
        if user in USERS:
            pair = base64.b64encode(f"{user}:{USERS[user]}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            connection.request("POST", path, urlencode(form), {**FORM, **headers})
        response = connection.getresponse()
        page = response.read().decode()
        connection.close()
        return response.status, unescape(page), response.getheader("location")

    def token(self, user: str, path: str = "/") -> str:
        """What the forms of a user's page hold."""
        found = re.search('name="token" value="([0-9a-f]{64})"', self.fetch(user, path)[1])
        return found[1] if found else ""

    def press(self, user: str, action: str, path: str = "/", **fields: Any) -> tuple[int, str, str | None]:
        """Do what a button does."""
        form = {"action": action, "token": self.token(user, path), **{key: str(each) for key, each in fields.items()}}
        return self.fetch(user, path, form)

    @property
    def paused(self) -> bool:
        return self.printer.store.state().paused


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Web]:
    gate = Gate()
    description = {"printer-info": "Hall", "printer-location": "Room 5"}
    with SpoolPrinter(tmp_path, output=gate, access=Access(operators=["root"]), description=description) as printer:
        judge = BasicAuthenticator(lambda user, word: USERS.get(user) == word, insecure=True)
        pages = PrinterPages(printer)
        anonymous = lambda head, message: message is None  # noqa: E731
        with (
            Server(printer, port=0, pages=pages, authenticator=judge, anonymous=anonymous) as server,
            Client(f"ipp://localhost:{server.port}/ipp/print", auth=BasicAuth("alice", "a", insecure=True)) as client,
        ):
            yield Web(printer, server, client)
        gate.open.set()


def test_an_operator_switches_the_printer(desk: Web) -> None:
    assert desk.press("root", "pause_printer") == (303, "", "/")
    assert desk.paused
    assert desk.press("root", "resume_printer", "/ipp/print?jobs=1") == (303, "", "/ipp/print?jobs=1")
    assert not desk.paused
    desk.press("root", "disable_printer")
    assert not desk.printer.store.state().accepting
    assert "takes no jobs" in desk.fetch("root")[1]
    desk.press("root", "enable_printer")
    assert desk.printer.store.state().accepting


def test_jobs_are_held_released_and_canceled(desk: Web) -> None:
    desk.printer.pause()
    job = desk.print(DOCUMENT)
    for user, path in (("root", "/"), ("alice", f"/jobs/{job}")):  # an operator, and the owner
        assert desk.press(user, "hold_job", path, job=job)[0] == 303
        assert desk.state(job) == JobState.PENDING_HELD
        assert f'id="release_job-{job}"' in desk.fetch(user, path)[1]
        assert desk.press(user, "release_job", path, job=job)[0] == 303
        assert desk.state(job) == JobState.PENDING
    assert desk.press("alice", "cancel_job", job=job)[0] == 303
    assert desk.state(job) == JobState.CANCELED
    status, page, _ = desk.press("root", "hold_job", job=job)
    assert (status, "That was not done: " in page) == (409, True)
    assert desk.press("root", "hold_job", job=99)[0] == 409
    assert desk.press("root", "hold_job", job="1'2")[0] == 400
    assert desk.press("root", "hold_job")[0] == 409


@pytest.mark.parametrize("user", ["nobody", "bob"])
def test_who_may_not_has_no_buttons_and_no_way_without_them(desk: Web, user: str) -> None:
    desk.printer.pause()
    job = desk.print(DOCUMENT)
    for path in ("/", f"/jobs/{job}"):
        page = desk.fetch(user, path)[1]
        assert "<form" not in page
    desk.printer.set_state(paused=0)
    token = actions._token(desk.printer, user if user in USERS else None, 0)  # as if it had been shown
    for action in ("pause_printer", "hold_job", "cancel_job", "set_printer_attributes"):
        form = {"action": action, "token": token, "job": str(job), "printer-info": "Mine"}
        assert desk.fetch(user, "/", form)[0] in (403, 409)
    assert not desk.paused
    assert "Mine" not in desk.fetch(user)[1]


def test_a_form_of_another_origin_does_nothing(desk: Web) -> None:
    """Each alone suffices: the token, where the browser says that the form comes from, and the other way to say it."""
    good = {"action": "pause_printer", "token": desk.token("root")}
    for lines in (
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://["},
        {"Sec_Fetch_Site": "cross-site", "Origin": f"http://localhost:{desk.server.port}"},
    ):
        status, page, _ = desk.fetch("root", "/", good, **lines)
        assert (status, desk.paused) == (403, False), lines
        assert "Nothing was done" in page
    for token in ("", "0" * 64, desk.token("alice"), actions._token(desk.printer, "alice", 0), "ü"):
        form = {"action": "pause_printer", "token": token}
        assert desk.fetch("root", "/", form, Sec_Fetch_Site="same-origin")[0] == 403
        assert not desk.paused
    assert desk.fetch("root", f"/?{urlencode(good)}")[0] == 200
    assert not desk.paused
    for lines in ({"Origin": f"http://localhost:{desk.server.port}"}, {"Sec_Fetch_Site": "same-origin"}, {}):
        assert desk.fetch("root", "/", good, **lines)[0] == 303
        assert desk.paused
        desk.printer.set_state(paused=0)


def test_a_token_has_an_end(desk: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1_000_000 * 3600.0
    monkeypatch.setattr("time.time", lambda: clock)
    form = {"action": "pause_printer", "token": desk.token("root")}
    clock += 3600 + 3599
    assert desk.fetch("root", "/", form)[0] == 303
    desk.printer.set_state(paused=0)
    clock += 1
    assert desk.fetch("root", "/", form)[0] == 403
    assert not desk.paused
    assert desk.press("root", "pause_printer")[0] == 303


@pytest.mark.parametrize("action", ["purge_jobs", "shutdown_printer", "print_job", "", "4"])
def test_pages_do_what_they_have_buttons_for(desk: Web, action: str) -> None:
    job = desk.print(DOCUMENT)
    assert desk.press("root", action, job=job)[0] == 403
    assert desk.printer.store.job(job) is not None
    assert not desk.printer.store.state().down


def test_settings(desk: Web) -> None:
    odd = "Upper floor \N{EM DASH} \"A\" & <b>'B'</b>"
    assert desk.press("root", "set_printer_attributes", **{"printer-info": odd, "printer-location": ""})[0] == 303
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer
    assert answer.value("printer-info") == odd
    assert answer.value("printer-location") == "Room 5"
    assert f">{odd}</h1>" in desk.fetch("alice")[1]
    assert desk.press("root", "set_printer_attributes", **{"printer-info": ""})[0] == 303
    assert desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer.value("printer-info") == "Hall"
    assert desk.press("root", "set_printer_attributes")[0] == 303  # which changes nothing


@pytest.mark.parametrize(
    ("name", "value"),
    [("printer-info", "x" * 1_024), ("printer-geo-location", "not a URI"), ("printer-info", "a\x00b")],
)
def test_what_set_printer_attributes_refuses_a_form_does_not_set(desk: Web, name: str, value: str) -> None:
    status, page, _ = desk.press("root", "set_printer_attributes", **{name: value, "printer-organization": "Ours"})
    assert status == 409
    assert "That was not done: " in page
    assert 'value="Ours"' in page  # what was typed is there still
    assert "printer-organization" not in desk.printer.settings()
    assert name not in desk.printer.settings()


def test_where_nobody_logs_in_this_machine_operates(tmp_path: Path) -> None:
    with (
        SpoolPrinter(tmp_path) as printer,
        Server(printer, port=0, pages=PrinterPages(printer)) as server,
        Client(f"ipp://localhost:{server.port}/ipp/print") as client,
    ):
        desk = Web(printer, server, client)
        assert desk.fetch("", "/", {"action": "pause_printer"})[0] == 403
        assert not desk.paused
        assert desk.press("", "pause_printer")[0] == 303
        assert desk.paused
        assert "<form" not in desk.fetch("", "/", X_Forwarded_For="192.0.2.1")[1]


def test_while_the_printer_is_shut_down_it_is_looked_at_alone(desk: Web) -> None:
    desk.printer.set_state(down=1)
    page = desk.fetch("root")[1]
    assert 'id="pause_printer"' not in page
    assert desk.press("root", "enable_printer")[0] == 409
