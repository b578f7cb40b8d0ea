"""The web pages in a real browser: how they are laid out, what can be read, what changes by itself, what is done.

The rule of this file: what is judged is what Chromium has computed, not what our files say; each judge is shown a page
that is spoiled on purpose, too. No pictures are compared: fonts differ from machine to machine, and a picture tells
that something is otherwise, not that it is wrong.
"""

import contextlib
import http.server
import threading
import urllib.request
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
from browser import DESK, PHONE, Browser, Tab
from printers import DOCUMENT, Desk, Gate

from ippfast import Name, Operation
from ippfast.enums import JobState
from ippfast.http import Client, DigestAuth, DigestAuthenticator, Server
from ippfast.printer import Access, PrinterPages, PrintService, QueueSpec, ServicePages, SpoolPrinter
from ippfast.printer.web import actions

NAMES = [
    "Quarterly report, final",
    "scan_" + "x" * 200,
    "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>",
    "\"'><svg/onload=window.hit=1>&lt;b&gt;",
    "javascript:window.hit=1",
    "תקציר \N{RIGHT-TO-LEFT OVERRIDE} 日本語の書類",
    "",
]
USERS = [
    "alice",
    "maria.fernandez@printing.example.org",
    "<script>window.hit=1</script>",
    "W" * 200,
    "\"' autofocus onfocus='window.hit=1",
]

OVERFLOWS = """[...document.querySelectorAll("body *")].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width > 1 && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map(each => each.outerHTML.slice(0, 200))"""

BROKEN_WORDS = """(() => {
    const broken = [];
    for (const cell of document.querySelectorAll("td:not(.name), th, dt, button, .state, summary")) {
        if (cell.matches("thead *") && getComputedStyle(cell.closest("thead")).position === "absolute") continue;
        if (cell.scrollWidth > cell.clientWidth + 1 && cell.clientWidth) broken.push(cell.textContent);
        const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) for (const word of walk.currentNode.data.matchAll(/[^\\s-]+/g)) {
            const range = document.createRange();
            range.setStart(walk.currentNode, word.index);
            range.setEnd(walk.currentNode, word.index + word[0].length);
            const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (tops.size > 1 && word[0].length < 24) broken.push(word[0]);
        }
    }
    return broken;
})()"""

OVERLAPS = """(() => {
    const lines = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode, thead = node.parentElement.closest("thead");
        if (!node.data.trim() || !node.parentElement.checkVisibility({visibilityProperty: true})) continue;
        if (thead && getComputedStyle(thead).position === "absolute") continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) lines.push([node.data.trim().slice(0, 40), box]);
    }
    const found = [];
    for (const [at, [words, one]] of lines.entries()) for (const [others, other] of lines.slice(at + 1)) {
        const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (wide > 1 && high > Math.min(one.height, other.height) / 3) found.push(`${words} / ${others}`);
    }
    return found;
})()"""

FAINT = """(() => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const light = color => {
        const [r, g, b] = color.slice(0, 3).map(each => each / 255).map(
            each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = each => {
        for (; each; each = each.parentElement) {
            const color = numbers(getComputedStyle(each).backgroundColor);
            if (color.length < 4 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const faint = [];
    for (const each of document.querySelectorAll("body, body *")) {
        const style = getComputedStyle(each), behind = ground(each);
        const says = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!each.checkVisibility() || style.opacity !== "1") continue;
        if (says && contrast(numbers(style.color), behind) < 4.5) faint.push(each.outerHTML.slice(0, 100));
        for (const part of ["::before", "::placeholder"]) {
            const made = getComputedStyle(each, part);
            const there = part === "::before" ? made.content !== "none" : each.placeholder;
            if (there && contrast(numbers(made.color), behind) < 4.5) faint.push(part + each.outerHTML.slice(0, 100));
        }
        if (each.matches("button, input") && contrast(numbers(style.borderTopColor), ground(each.parentElement)) < 3)
            faint.push("edge of " + each.outerHTML.slice(0, 100));
    }
    return faint;
})()"""

EVERYTHING = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
UPDATE = "document.dispatchEvent(new Event('visibilitychange'))"


def spoil(tab: Tab, rule: str) -> None:
    tab.js(f"document.styleSheets[0].insertRule({rule!r}, document.styleSheets[0].cssRules.length)")


class Web(Desk):
    """A printer with jobs of all kinds, and its pages."""

    gate: Gate

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.port}/"

    def fill(self) -> None:
        """Jobs that wait, one of them held, and jobs that have ended."""
        for number, name in enumerate(NAMES):
            self.print(DOCUMENT, job_name=Name(name), user=Name(USERS[number % len(USERS)]))
        self.ask(Operation.HOLD_JOB, job_id=3)
        for number in range(4, 6):
            self.ask(Operation.CANCEL_JOB, job_id=number)


@contextlib.contextmanager
def serving(directory: Path, **options: Any) -> Iterator[Web]:
    gate = Gate()
    description = {
        "printer-info": "Second floor, by the stairs",
        "printer-location": "Room 2.15",
        "printer-supply": ["type=toner;maxcapacity=100;level=40;colorantname=black;", "type=wasteToner;level=-3;"],
        "printer-message-from-operator": "Please collect your pages",
    }
    with (
        SpoolPrinter(directory, output=gate, description=description) as printer,
        Server(printer, port=0, pages=PrinterPages(printer)) as server,
        Client(f"ipp://localhost:{server.port}/ipp/print") as client,
    ):
        desk = Web(printer, server, client)
        desk.gate = gate
        yield desk
        gate.open.set()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Web]:
    with serving(tmp_path) as made:
        yield made


def test_everything_can_be_read_at_every_width_in_both_themes(desk: Web, browser: Browser) -> None:
    desk.fill()
    with browser.tab() as tab:
        for path in ("", "jobs/1", "jobs/2", "jobs/4", "supplies"):
            tab.go(desk.url + path)
            tab.js(EVERYTHING)
            for dark in (False, True):
                for size in (PHONE, (320, 700), (800, 900), (1150, 900), (1160, 900), DESK):
                    tab.resize(size, dark=dark)
                    assert tab.js("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
                    assert tab.js(OVERFLOWS) == [], (path, size)
                    assert tab.js(BROKEN_WORDS) == [], (path, size)
                    assert tab.js(OVERLAPS) == [], (path, size)
                    row = tab.js("getComputedStyle(document.querySelector('tr') || document.body).display")
                    assert path or row == ("flex" if size[0] < 1152 else "table-row")
                assert tab.js(FAINT) == [], (path, dark)
        assert tab.complaints == []

        tab.go(desk.url)  # the judges see what is wrong
        tab.resize(DESK)
        for rule, judge in (
            (".dim { color: #999; }", FAINT),
            ("button { border-color: #ccc; }", FAINT),
            ("td.fixed { max-width: 3rem; white-space: normal; overflow-wrap: anywhere; }", BROKEN_WORDS),
            ("td.fixed { max-width: 3rem; overflow: hidden; }", BROKEN_WORDS),
            ("main { max-width: none; width: 1500px; }", OVERFLOWS),
            ("tr + tr { position: relative; top: -2rem; }", OVERLAPS),
        ):
            assert tab.js(judge) == []
            spoil(tab, rule)
            assert tab.js(judge) != [], rule
            tab.js("document.styleSheets[0].deleteRule(document.styleSheets[0].cssRules.length - 1)")


def test_what_anybody_sent_is_shown_and_does_nothing(desk: Web, browser: Browser) -> None:
    desk.fill()
    desk.printer.store.change(2, (JobState.PENDING,), message=NAMES[2])
    with browser.tab() as tab:
        for path in ("", "jobs/2", "jobs/3", "jobs/6"):
            tab.go(desk.url + path)
            tab.js(UPDATE)
        tab.go(f"{desk.url}jobs/3")
        assert NAMES[2] in tab.text()
        assert USERS[2] in tab.text()
        assert tab.js("window.hit") is None
        assert tab.js("document.querySelectorAll('script').length") == 1
        assert tab.complaints == []
        # The policy would stop what got through all the same.
        tab.js("document.body.insertAdjacentHTML('beforeend', `<img src=/icon.png onload='window.hit = 1'>`)")
        tab.wait("[...document.images].every(each => each.complete)")
        assert tab.js("window.hit") is None
        assert any("Content Security Policy" in each for each in tab.complaints)


def test_a_page_is_kept_up_to_date_without_being_loaded_again(desk: Web, browser: Browser) -> None:
    with browser.tab(zone="Asia/Tokyo") as tab:
        tab.go(desk.url)
        tab.js("window.same = document.querySelector('#add'), document.querySelector('#pause_printer').focus()")
        assert "No jobs are waiting." in tab.text()
        job = desk.print(DOCUMENT, job_name=Name("Arrived meanwhile"))
        tab.wait("document.body.innerText.includes('Arrived meanwhile')")  # by itself
        assert tab.js("window.same === document.querySelector('#add')")
        assert tab.js("document.activeElement.id") == "pause_printer"
        moment, shown, told = tab.js(
            "(each => [each.dateTime, each.textContent, each.title])(document.querySelector('time'))"
        )
        assert moment.endswith("Z")
        assert told == f"{moment[:10]} {moment[11:16]} UTC"
        assert f"{(int(moment[11:13]) + 9) % 12 or 12}:{moment[14:16]}" in shown
        desk.gate.open.set()
        desk.wait(job)
        tab.js(UPDATE)
        tab.wait("document.querySelector('#ended').innerText.includes('Arrived meanwhile')")
        assert "No jobs are waiting." in tab.text()
        desk.server.shutdown()
        tab.js(UPDATE)
        tab.wait("document.body.classList.contains('stale')")


def test_without_scripts_a_page_is_whole(desk: Web, browser: Browser) -> None:
    desk.print(DOCUMENT, job_name="Report")
    with browser.tab(PHONE, script=False) as tab:
        tab.go(desk.url)
        assert "Report" in tab.text()
        assert "UTC" in tab.text()
        assert tab.js("document.querySelector('meta[http-equiv=refresh]').content") == "15"
        assert not tab.js("document.querySelector('[data-copy]').checkVisibility()")
        tab.click("#pause_printer")
        tab.loaded()
        assert desk.printer.store.state().paused
        assert "paused" in tab.text()


def test_the_address_is_copied(desk: Web, browser: Browser) -> None:
    with browser.tab() as tab:
        tab.call("Browser.grantPermissions", permissions=["clipboardReadWrite"], browserContextId=tab._context)
        tab.go(desk.url)
        tab.click("[data-copy]")
        tab.wait("document.querySelector('[data-copy]').textContent === 'Copied'")
        assert tab.js("navigator.clipboard.readText()") == desk.uri
        tab.js(EVERYTHING)
        for words in (
            f"lpadmin -p ippfast -E -v {desk.uri} -m everywhere",
            f"http://localhost:{desk.server.port}/ipp/print",
        ):
            assert words in tab.text()


def test_an_operator_logs_in_and_works(tmp_path: Path, browser: Browser) -> None:
    users = {"root": "r", "alice": "a"}
    with (
        SpoolPrinter(tmp_path, output=Gate(), access=Access(operators=["root"], authentication="digest")) as printer,
        Server(printer, port=0, pages=PrinterPages(printer), authenticator=DigestAuthenticator(users.get)) as server,
        Client(f"ipp://localhost:{server.port}/ipp/print", auth=DigestAuth("alice", "a")) as client,
    ):
        desk = Web(printer, server, client)
        printer.pause()
        job = desk.print(DOCUMENT, job_name="Report")
        with browser.tab(user="alice", password="a") as tab:
            tab.go(desk.url)
            assert "your user name and password" in tab.text()
            assert tab.js("document.querySelectorAll('#printer button, #settings').length") == 0
            tab.click(f"#hold_job-{job}")
            tab.loaded()
            assert desk.state(job) is JobState.PENDING_HELD
        with browser.tab(PHONE, user="root", password="r") as tab:
            tab.go(desk.url)
            tab.click(f"#release_job-{job}")
            tab.loaded()
            assert desk.state(job) is JobState.PENDING
            tab.js(EVERYTHING)
            tab.type("[name=printer-location]", "Cellar <3>")
            tab.click("#settings button")
            tab.loaded()
            assert "Cellar <3>" in tab.text()
            tab.click(f"#cancel_job-{job}")
            tab.loaded()
            assert desk.state(job) is JobState.CANCELED
            tab.click("#resume_printer")
            tab.loaded()
            assert not printer.store.state().paused
            assert tab.complaints == []


@contextlib.contextmanager
def elsewhere(page: str) -> Iterator[str]:
    """A site of somebody else's, on this machine: its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_page_of_another_site_does_nothing(desk: Web, browser: Browser) -> None:
    """Not even one that knows the token, which only a page of ours tells."""
    fields = {"action": "pause_printer", "token": actions._token(desk.printer, None, 0)}
    inputs = "".join(f"<input type=hidden name={name} value='{escape(value)}'>" for name, value in fields.items())
    form = f"<form id=evil method=post action='{desk.url}'>{inputs}<button>Win</button></form>"
    frame = f"<iframe src='{desk.url}'></iframe>"
    with elsewhere(form + frame) as url, browser.tab() as tab:
        tab.go(url)
        assert any("frame-ancestors" in each for each in tab.complaints)
        read = f"fetch('{desk.url}', {{credentials: 'include'}}).then(each => each.text(), () => 'kept away')"
        assert tab.js(read) == "kept away"
        tab.click("#evil button")
        tab.loaded()
        assert "Nothing was done" in tab.text()
        assert not desk.printer.store.state().paused
        tab.click("#pause_printer")
        tab.loaded()
        assert desk.printer.store.state().paused


def test_the_printers_of_a_service(tmp_path: Path, browser: Browser) -> None:
    queues = [
        QueueSpec(
            name=f"floor{number}", description={"printer-info": f"Floor {number}", "printer-location": "C" * number}
        )
        for number in range(1, 61)
    ]
    with (
        PrintService(tmp_path, queues=queues, workers=0) as service,
        Server(service, port=0, pages=ServicePages(service)) as server,
        Client(f"ipp://localhost:{server.port}/ipp/print/floor2") as client,
        browser.tab() as tab,
    ):
        client.print(DOCUMENT, job_name="Report")
        url = f"http://localhost:{server.port}/"
        tab.go(url)
        assert "60 printers" in tab.text()
        assert tab.js("document.querySelectorAll('tbody tr').length") == 50
        for dark in (False, True):
            for size in (PHONE, DESK):
                tab.resize(size, dark=dark)
                assert tab.js(OVERFLOWS) == []
                assert tab.js(BROKEN_WORDS) == []
            assert tab.js(FAINT) == []
        tab.click("#printers-next")
        tab.loaded()
        assert "floor60" in tab.text()
        tab.go(url)
        tab.click("[id='printer-floor2/2']")
        tab.loaded()
        assert "Report" in tab.text()
        tab.click("#pause_printer")
        tab.loaded()
        tab.click("#job-1")
        tab.loaded()
        assert tab.js("location.pathname") == "/jobs/1"
        tab.click("#cancel_job-1")
        tab.loaded()
        assert "canceled" in tab.text()
        tab.click("nav a:last-child")
        tab.loaded()
        assert "paused" in tab.text()
        assert tab.js("location.pathname") == "/ipp/print/floor2"
        with urllib.request.urlopen(f"{url}ipp/print/floor2/supplies") as answer:
            assert b"No supplies are known" in answer.read()
        assert tab.complaints == []


@pytest.mark.usefixtures("browser")
def test_the_connection_to_the_browser_draws_nothing_by_chance() -> None:
    """It lasts for many tests, of which those by Hypothesis fail if Python's random source moves meanwhile."""
    assert not [thread.name for thread in threading.enumerate() if "keepalive" in thread.name]
