"""What happens to the processes of a cluster, and when.

The rule of this file: the same seed does the same things in the same order, whatever the machine's load does to their
moments. What is disturbed is noted with its time, so that a job that is begun twice can be told from a fault.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from engines import descendants

from .parts import Cluster, Node

__all__ = ["Chaos", "Disturbance"]

_BETWEEN = (0.4, 1.2)  # seconds from one thing to the next
_STILL = 8.0  # how long the primary stands still before it is killed
_AWAY = 3.0  # how long the object store is down before it is begun again


@dataclass
class Disturbance:
    """Of a process, by its name, or of the "database" or the "objects"; in seconds of time.monotonic."""

    name: str
    begun: float
    ended: float


@dataclass
class Chaos:
    """What is done to a cluster for some seconds. done: how often each kind of thing was done to each role."""

    cluster: Cluster
    seed: int
    seconds: float
    disturbances: list[Disturbance] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._choice = random.Random(self.seed)
        self._later: list[tuple[float, Callable[[], None]]] = []
        whole = self.seconds >= 40.0  # a short run has no time for what takes long
        plan = [(0.4, self._fail_over if not whole else self._still_then_fail_over)]
        if whole:
            plan.append((0.05, self._lose_objects))
        self._plan = sorted((share * self.seconds, do) for share, do in plan)

    def run(self) -> None:
        """Do it. Afterwards all is well again, but for the primary, which is dead."""
        began = time.monotonic()
        following = began + 1.0
        while (now := time.monotonic()) < began + self.seconds:
            while self._plan and began + self._plan[0][0] <= now:
                self._plan.pop(0)[1]()
            self._do_what_is_due(now)
            if ended := self.cluster.supervise():
                self.done["begun again by the supervisor"] += ended
            if now >= following:
                following = now + self._choice.uniform(*_BETWEEN)
                self._do_something()
            time.sleep(0.05)
        for _, do in [*self._plan, *sorted(self._later, key=lambda each: each[0])]:
            do()
        self._later.clear()

    def _do_what_is_due(self, now: float) -> None:
        due = [each for each in self._later if each[0] <= now]
        self._later = [each for each in self._later if each[0] > now]
        for _, do in due:
            do()

    def _do_something(self) -> None:
        node = self._choice.choice(self.cluster.nodes)
        kinds = ["kill"] * 4 + ["stop"] * 2 + ["balancer"]
        if self.cluster.hosts.are_real:
            kinds += ["cut"] * 2
        kind = self._choice.choice(kinds)
        if kind == "balancer":
            self.cluster.balancer.kill()
            self.cluster.balancer.begin()
            self.done["killed balancer"] += 1
        elif kind == "cut":
            self._cut(node)
        elif not node.disturbed:
            (self._kill if kind == "kill" else self._stop)(node)

    def _kill(self, node: Node) -> None:
        self._note(node.given.name, 0.0)
        node.kill()
        node.begin()
        self.done[f"killed {_role(node)}"] += 1

    def _stop(self, node: Node) -> None:
        """Let a process stand still for longer than a lease."""
        seconds = self.cluster.lease * self._choice.uniform(1.3, 2.0)
        self._note(node.given.name, seconds)
        node.send(signal.SIGSTOP)
        node.disturbed = True
        self.done[f"stopped {_role(node)}"] += 1

        def go_on() -> None:
            node.send(signal.SIGCONT)
            node.disturbed = False

        self._later.append((time.monotonic() + seconds, go_on))

    def _cut(self, node: Node) -> None:
        """Cut the host of a process off, for longer than a lease."""
        there = [each for each in self.cluster.nodes if each.host == node.host]
        if any(each.disturbed for each in there):
            return
        seconds = self.cluster.lease * self._choice.uniform(1.3, 2.0)
        for each in there:
            self._note(each.given.name, seconds)
            each.disturbed = True
        self.cluster.hosts.link(node.host, up=False)
        self.done["cut off hosts"] += 1

        def connect() -> None:
            self.cluster.hosts.link(node.host, up=True)
            for each in there:
                each.disturbed = False

        self._later.append((time.monotonic() + seconds, connect))

    def _still_then_fail_over(self) -> None:
        """The primary stands still, then it dies."""
        self._note("database", _STILL)
        for process in descendants(self.cluster.primary._process.pid):
            _send(process, signal.SIGSTOP)
        self.done["stopped primary"] += 1
        self._later.append((time.monotonic() + _STILL, self._fail_over))

    def _fail_over(self) -> None:
        self._note("database", 1.0)
        self.cluster.primary.kill()
        self.cluster.standby.promote()
        self.done["killed primary"] += 1

    def _lose_objects(self) -> None:
        self._note("objects", _AWAY + 30.0)
        self.cluster.objects.kill()
        self.done["killed objects"] += 1

        def begin() -> None:
            self.cluster.objects.begin(wait=False)

        self._later.append((time.monotonic() + _AWAY, begin))

    def _note(self, name: str, seconds: float) -> None:
        now = time.monotonic()
        self.disturbances.append(Disturbance(name, now, now + seconds))


def _role(node: Node) -> str:
    return "front ends" if node.given.port else "workers"


def _send(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
