"""Those who print, and one who hears of it; what they were told.

The rule of this file: the name of each document is its SHA-256, so that whatever is found in the end can be judged. A
client never sends a job again: what got no answer may have been taken.
"""

import contextlib
import hashlib
import random
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from peers import program

from ippfast import DelimiterTag, Message, operations
from ippfast.enums import Status
from ippfast.http import Client, HTTPError, Timeouts

__all__ = ["Clients", "Heard", "Told"]

BOUND = 30.0
"""Within so many seconds there is an answer, whatever is down."""
_TIMEOUTS = Timeouts(connect=5.0, first_octet=BOUND + 10.0, answer=BOUND + 10.0, idle=BOUND + 10.0)
_UNFORESEEN = re.compile("server-error-internal-error|the server answered 500")
_EVENTS = ["job-created", "job-state-changed", "job-completed"]

_IPPTOOL = """{
NAME "Print-Job"
OPERATION Print-Job
GROUP operation-attributes-tag
ATTR charset attributes-charset utf-8
ATTR language attributes-natural-language en
ATTR uri printer-uri $uri
ATTR name requesting-user-name ipptool
ATTR name job-name $name
ATTR name document-name $name
ATTR mimeMediaType document-format application/octet-stream
FILE $filename
STATUS successful-ok
EXPECT job-id
}
"""


@dataclass
class Told:
    """What clients were told. jobs: the acknowledged ones, by number: the hash of the document and the queue.

    others: the other answers, by their words. longest: the seconds of the answer that took longest.
    """

    jobs: dict[int, tuple[str, str]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass
class Heard:
    """Events of one queue: the number, the name and the job of each."""

    events: list[tuple[int, str, int]] = field(default_factory=list)


class Clients:
    """Some threads with our client, and one with ipptool, as long as the context lasts."""

    def __init__(self, uri: str, queues: list[str], seed: int, *, ours: int = 4) -> None:
        self._uri = uri
        self._queues = queues
        self.heard_queue = queues[0]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.told = Told()
        self.heard = Heard()
        self._subscription = self._subscribe()
        choices = [random.Random(f"{seed} {number}") for number in range(ours + 1)]
        self._threads = [threading.Thread(target=self._print, args=(choice,)) for choice in choices[:-1]]
        self._threads.append(threading.Thread(target=self._ipptool, args=choices[-1:]))
        self._listener = threading.Thread(target=self._listen)
        self._heard_all = threading.Event()

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, self._listener):
            thread.start()

    def stop(self) -> None:
        """Let no further job come."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Hear what is left of the events, and end."""
        self._heard_all.set()
        if self._listener.is_alive():
            self._listener.join()

    def _printer(self, queue: str) -> str:
        return f"{self._uri}/ipp/print/{queue}"

    # Who prints.

    def _document(self, choice: random.Random) -> tuple[bytes, str]:
        document = b"%PDF-" + choice.randbytes(choice.choice([100, 5_000, 70_000, 700_000]))
        return document, hashlib.sha256(document).hexdigest()

    def _print(self, choice: random.Random) -> None:
        while not self._ended.wait(choice.uniform(0.0, 0.1)):
            queue = choice.choice(self._queues)
            document, name = self._document(choice)
            uri = self._printer(queue)
            message = operations.print_job(uri, job_name=name, document_name=name)
            began = time.monotonic()
            try:
                with Client(uri, timeouts=_TIMEOUTS) as client:
                    answer = client.send(message, document)
                found: object = answer.job["job-id"].value if answer.status is Status.SUCCESSFUL_OK else answer.status
            except (OSError, HTTPError) as error:
                found = f"{type(error).__name__}: {error}"
            self._note(began, found, name, queue)

    def _ipptool(self, choice: random.Random) -> None:
        with tempfile.TemporaryDirectory() as directory:
            file, test = Path(directory) / "document", Path(directory) / "print.test"
            test.write_text(_IPPTOOL)
            while not self._ended.wait(choice.uniform(0.1, 0.3)):
                queue = choice.choice(self._queues)
                document, name = self._document(choice)
                file.write_bytes(document)
                uri = self._printer(queue)
                command = [program("ipptool"), "-tv", "-T", "40", "-f", str(file), "-d", f"name={name}", uri, str(test)]
                began = time.monotonic()
                result = subprocess.run(command, capture_output=True, text=True, check=False)
                found = re.search(r"job-id \(integer\) = (\d+)", result.stdout)
                passed = result.returncode == 0 and found is not None
                # Of an answer that did not come, libcups says server-error-internal-error by itself.
                status = re.search(r"RECEIVED: [1-9]\d* bytes in response\s+status-code = ([\w-]+)", result.stdout)
                word = status[1] if status is not None else "ipptool: no answer"
                self._note(began, int(found[1]) if passed and found is not None else word, name, queue)

    def _note(self, began: float, answer: object, name: str, queue: str) -> None:
        took = time.monotonic() - began
        with self._lock:
            told = self.told
            told.longest = max(told.longest, took)
            if took > BOUND:
                told.faults.append(f"an answer took {took:.1f} seconds: {answer}")
            if _UNFORESEEN.search(str(answer)):
                told.faults.append(f"nobody foresaw what was answered so: {answer}")
            if isinstance(answer, Status) or not isinstance(answer, int):
                told.others[str(answer).replace(name, "NAME")[:90]] += 1
            elif answer in told.jobs:
                told.faults.append(f"the job-id {answer} was given twice")
            else:
                told.jobs[answer] = name, queue

    # Who hears of it.

    def _subscribe(self) -> int:
        uri = self._printer(self._queues[0])
        wanted = {"notify-pull-method": "ippget", "notify-events": _EVENTS}
        message = operations.create_printer_subscriptions(uri, subscription=wanted)
        with Client(uri, patience=BOUND) as client:  # the balancer looks for the front ends first: 503
            answer = client.send(message)
        number = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        assert isinstance(number, int)
        return number

    def _listen(self) -> None:
        """Ask again and again from the number after the last one."""
        uri = self._printer(self._queues[0])
        last_look = False
        while not last_look:
            last_look = self._heard_all.wait(0.3)
            first = self.heard.events[-1][0] + 1 if self.heard.events else 1
            with contextlib.suppress(OSError, HTTPError), Client(uri, timeouts=_TIMEOUTS) as client:
                message = operations.get_notifications(uri, self._subscription, notify_sequence_numbers=first)
                self._hear(client.send(message), first)

    def _hear(self, answer: Message, first: int) -> None:
        for group in answer.groups_of(DelimiterTag.EVENT_NOTIFICATION):
            number, job = group["notify-sequence-number"].value, group.value("notify-job-id", 0)
            assert isinstance(number, int)
            assert isinstance(job, int)
            if number >= first:
                self.heard.events.append((number, str(group["notify-subscribed-event"].value), job))
