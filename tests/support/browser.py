"""Chromium, as a real browser for our pages: started once, spoken with by the DevTools protocol over its WebSocket.

The rule of this file: a test does what a user does, in a tab of its own, and waits for what is shown, never for time.
"""

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers import Peer
from websockets.sync.client import ClientConnection, connect

__all__ = ["DESK", "PHONE", "Browser", "Tab", "browser"]

DESK, PHONE = (1440, 900), (390, 844)
SECONDS = 90.0
_FLAGS = (
    "--headless",
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)


class Browser(Peer):
    """A running Chromium."""

    def __init__(self) -> None:
        super().__init__()
        self._profile = self.directory / "profile"
        self._port = self._profile / "DevToolsActivePort"
        self._start(["chromium", *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"])
        port, path = self._port.read_text().split()
        self._stack = contextlib.ExitStack()
        # No pings: they draw from Python's random source in a thread, and Hypothesis fails a test meanwhile that draws.
        self._socket = self._stack.enter_context(
            connect(f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None, ping_interval=None)
        )

    def is_ready(self) -> bool:
        return self._port.exists() and len(self._port.read_text().split()) == 2

    def stop(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()
        super().stop()

    def tab(self, size: tuple[int, int] = DESK, **options: Any) -> "Tab":
        """A tab with nothing of others: cookies, log-ins, files."""
        return Tab(self._socket, size, **options)


class Tab:
    """A tab, also a context manager. size: of the window, in pixels. dark: the theme. script: whether scripts run.
    user, password: for servers that ask. zone: the time zone of the reader.

    complaints: what the browser has said in its console, such as what a policy forbade, but for what was not found.
    """

    def __init__(
        self,
        socket: ClientConnection,
        size: tuple[int, int],
        *,
        dark: bool = False,
        script: bool = True,
        user: str | None = None,
        password: str = "",
        zone: str = "UTC",
    ) -> None:
        self._socket = socket
        self._number = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        self._login = (user, password)
        self.complaints: list[str] = []
        self._context = self.call("Target.createBrowserContext")["browserContextId"]
        made = self.call("Target.createTarget", url="about:blank", browserContextId=self._context)
        self._session = self.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(size, dark=dark)
        self.call("Emulation.setTimezoneOverride", timezoneId=zone)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        if user is not None:
            self.call("Fetch.enable", handleAuthRequests=True)

    def __enter__(self) -> "Tab":
        return self

    def __exit__(self, *error: object) -> None:
        self._session = None
        self.call("Target.disposeBrowserContext", browserContextId=self._context)

    def resize(self, size: tuple[int, int], *, dark: bool = False) -> None:
        """Make the window as large as that, in that theme."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=size[0] < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have the browser do something: its result. Raises AssertionError for what it refuses."""
        number = self._send(method, parameters)
        end = time.monotonic() + SECONDS
        while (message := self._receive()).get("id") != number:
            assert time.monotonic() < end, (method, self.complaints)
            self._take(message)
        assert "error" not in message, (method, message["error"])
        result: dict[str, Any] = message["result"]
        return result

    def go(self, url: str) -> None:
        """Load a page, whole."""
        self._events.clear()
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, (url, answer)
        self.loaded()

    def loaded(self) -> None:
        """Wait until a page is loaded that something leads to."""
        end = time.monotonic() + SECONDS
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            assert time.monotonic() < end, self.complaints
            self._take(self._receive())
        self._events.clear()

    def js(self, expression: str) -> Any:
        """What an expression is, in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + SECONDS
        while not self.js(expression):
            assert time.monotonic() < end, (expression, self.text())
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click on an element, which leads to another page, as a user does."""
        self._events.clear()
        self.js(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        box = self.js(
            f"(box => [box.x + box.width / 2, box.y + box.height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Fill in a field."""
        self.js(f"(field => {{ field.focus(); field.select(); }})(document.querySelector({json.dumps(selector)}))")
        self.call("Input.insertText", text=text)

    def text(self) -> str:
        """All that is shown."""
        shown: str = self.js("document.body.innerText")
        return shown

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Keep what is shown, as PNG. whole: what is scrolled out too."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        return self._number

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(SECONDS))
        return message

    def _take(self, message: dict[str, Any]) -> None:
        """An event, which has come meanwhile."""
        if "method" not in message or message.get("sessionId") != self._session:
            return
        self._events.append(message)
        method, parameters = message["method"], message.get("params", {})
        if method == "Log.entryAdded":
            if parameters["entry"]["source"] != "network":
                self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif method == "Fetch.requestPaused":
            self._send("Fetch.continueRequest", {"requestId": parameters["requestId"]})
        elif method == "Fetch.authRequired":
            user, password = self._login
            answer = {"response": "ProvideCredentials", "username": user, "password": password}
            self._send(
                "Fetch.continueWithAuth", {"requestId": parameters["requestId"], "authChallengeResponse": answer}
            )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with Browser() as running:
        yield running
