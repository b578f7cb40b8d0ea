"""Look for octets on which the compiled codec falls, or says something else than the pure one.

    python tools/fuzz.py [--seconds 60 | --batches N] [--seed N] [--kept DIRECTORY]      what `make fuzz` does
    python tools/fuzz.py --again FILE                                      a case that was found, once more

The rule of this file: it makes cases, has both twins look at each (`tests/support/fuzzing.py`), and says where they
differ; the compiled one is a process of its own, whose end is a find too. While the pure one, which is slower, is still
at it, the compiled one goes on alone with messages that are damaged in an octet or two.

In DIRECTORY it keeps, from run to run, the cases that said something new (corpus/), those that were found (found/), and
a ledger of all runs: when, of which commit, for how long, and how many executions. They count toward 1,000,000,000.
It is .fuzz, if no other is named, and `make clean` leaves it. If goipp is installed (golang-go and
golang-github-openprinting-goipp-dev), it reads each case too (`tests/support/second_reader.py`).
"""

import argparse
import hashlib
import logging
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, cast

ROOT = Path(__file__).resolve().parent.parent
GOAL = 10**9
BATCH = 40
FOR_WORKER = ("LD_PRELOAD", "PYTHONMALLOC")  # what `tools/sanitize.sh` sets
CORPUS = 4000  # cases that are kept; a new one then takes the place of another
HEADER = "when\tcommit\tunder\tseconds\tcompared\tfast\tfinds\tall executions\n"

sys.path.insert(0, str(ROOT / "tests" / "support"))

Case = tuple[bytes, int]  # octets and a seed


# ---- The compiled twin, in its process ----


def send(file: BinaryIO, what: Any) -> None:
    data = pickle.dumps(what)
    file.write(len(data).to_bytes(4, "big") + data)
    file.flush()


def receive(file: BinaryIO) -> Any:
    size = file.read(4)
    if len(size) < 4:
        raise EOFError
    return pickle.loads(file.read(int.from_bytes(size, "big")))


def digests(case: Case) -> list[tuple[str, bytes]]:
    """What each step says of a case, in a few octets."""
    from fuzzing import observe
    from outcome import normal

    logging.disable()  # the shims tell what they repair

    def digest(said: Any) -> bytes:
        return hashlib.blake2b(repr(normal(said)).encode("utf-8", "surrogatepass"), digest_size=8).digest()

    return [(step, digest(said)) for step, said in observe(*case)]


def work() -> None:
    """Answer what comes on the standard input until it ends."""
    from fuzzing import executions

    logging.disable()

    while True:
        try:
            cases, fast = receive(sys.stdin.buffer)
        except EOFError:
            return
        said = [digests(case) for case in cases]
        begun = time.perf_counter()
        count = executions(*fast) if fast else 0
        send(sys.stdout.buffer, (said, count, time.perf_counter() - begun))


class Worker:
    """The process in which the compiled twin is."""

    def __init__(self) -> None:
        environment = {**os.environ, "IPPFAST_PURE": "0"}
        environment |= {name: os.environ[f"WORKER_{name}"] for name in FOR_WORKER if f"WORKER_{name}" in os.environ}
        command = [sys.executable, "-X", "faulthandler", __file__, "--work"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def ask(self, cases: list[Case], fast: tuple[list[bytes], int, int] | None) -> None:
        send(cast(BinaryIO, self.process.stdin), (cases, fast))

    def answer(self) -> tuple[list[list[tuple[str, bytes]]], int, float]:
        answer: tuple[list[list[tuple[str, bytes]]], int, float] = receive(cast(BinaryIO, self.process.stdout))
        return answer

    def end(self) -> int:
        """Its exit status, negative where a signal ended it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait()


# ---- A run ----


def first_cases() -> list[bytes]:
    """The project's vectors, and those of IPPFAST_CORPUS."""
    from fuzzing import LARGEST
    from vectors import every

    return sorted({vector.octets for vector in every() if len(vector.octets) <= LARGEST})


class Run:
    def __init__(self, kept: Path, seed: int) -> None:
        from second_reader import SecondReader

        self.random = Random(seed)
        self.kept = kept
        for name in ("corpus", "found"):
            (kept / name).mkdir(parents=True, exist_ok=True)
        self.corpus = [path.read_bytes() for path in sorted((kept / "corpus").iterdir())]
        self.bases = first_cases() + self.corpus
        self.sounds = [octets for octets in first_cases() if 60 <= len(octets) <= 1500]
        self.seen: set[Any] = set()
        self.compared = self.fast = self.finds = 0
        self.second = SecondReader(kept) if SecondReader.is_here() else None
        self.count = 10_000  # of fast executions for each batch, until it is known how many fit
        self.worker = Worker()

    def run(self, seconds: float, batches: int | None) -> None:
        end = time.monotonic() + seconds
        done = 0
        while time.monotonic() < end if batches is None else done < batches:
            self.batch()
            done += 1
        self.worker.end()
        if self.second is not None:
            self.second.close()

    def batch(self) -> None:
        from fuzzing import bend

        cases: list[Case] = []
        for _ in range(BATCH):
            octets = bend(self.random, self.random.choice(self.bases), self.random.choice(self.bases))
            cases.append((octets, self.random.getrandbits(32)))
        fast = (self.random.sample(self.sounds, 20), self.random.getrandbits(32), self.count)
        self.worker.ask(cases, fast)
        begun = time.perf_counter()
        pure = [digests(case) for case in cases]
        ours = time.perf_counter() - begun
        try:
            compiled, _, alone = self.worker.answer()
        except EOFError:
            self.fell(cases, fast)
            return
        waited = time.perf_counter() - begun - ours
        self.count = max(60, int(self.count * (0.8 if waited > 0.1 * ours else 1.2 if alone < ours else 1)))
        self.compared += len(cases)
        self.fast += fast[2]
        for case, one, other in zip(cases, compiled, pure, strict=True):
            if one != other:
                steps = [step for (step, said), (_, too) in zip(one, other, strict=False) if said != too]
                self.find(case, f"the twins differ in {', '.join(steps) or 'the steps they come to'}")
            if self.second is not None and self.second.differs(case[0]):
                self.find(case, "goipp reads another message")
            self.keep(case[0], one)

    def keep(self, octets: bytes, said: list[tuple[str, bytes]]) -> None:
        """What says something new of a small step is worth more cases."""
        from fuzzing import signature

        sign = signature(octets)
        if sign in self.seen:
            return
        self.seen.add(sign)
        if len(self.corpus) < CORPUS and len(octets) < 2000:
            self.corpus.append(octets)
            self.bases.append(octets)
            (self.kept / "corpus" / f"{hashlib.sha256(octets).hexdigest()[:16]}.ipp").write_bytes(octets)

    def fell(self, cases: list[Case], fast: tuple[list[bytes], int, int]) -> None:
        """The worker has ended: find out at which case, with a new one."""
        status = self.worker.end()
        for case in cases:
            self.worker = Worker()
            self.worker.ask([case], None)
            try:
                self.worker.answer()
            except EOFError:
                self.find(case, f"the compiled twin ended with {self.worker.end()}")
            else:
                self.worker.end()
        self.worker = Worker()
        if not self.finds:
            self.find(fast, f"the compiled twin ended with {status}, alone")

    def find(self, case: Any, words: str) -> None:
        self.finds += 1
        data = pickle.dumps(case)
        path = self.kept / "found" / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        print(f"FOUND: {words}: python tools/fuzz.py --again {path}", flush=True)


def write_ledger(kept: Path, run: Run, seconds: float) -> int:
    """Add a run to the ledger; returns how many executions there have been in all."""
    ledger = kept / "ledger.tsv"
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    before = int(lines[-1].split("\t")[-1]) if len(lines) > 1 else 0
    total = before + run.compared + run.fast
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    under = "sanitizers" if "libasan" in os.environ.get("WORKER_LD_PRELOAD", "") else "nothing"
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    row = (when, commit.stdout.strip() or "?", under, round(seconds), run.compared, run.fast, run.finds, total)
    with ledger.open("a") as file:
        if not lines:
            file.write(HEADER)
        file.write("\t".join(map(str, row)) + "\n")
    return total


def again(path: Path) -> int:
    """What was found, once more: the words of both twins where they differ."""
    case = pickle.loads(path.read_bytes())
    worker = Worker()
    fast = len(case) == 3
    worker.ask([] if fast else [case], case if fast else None)
    try:
        (compiled, *_), pure = worker.answer(), [] if fast else digests(case)
    except EOFError:
        print(f"the compiled twin ended with {worker.end()}")
        return 1
    worker.end()
    differences = [] if fast else [one[0] for one, other in zip(compiled[0], pure, strict=False) if one != other]
    from second_reader import SecondReader

    if not fast and SecondReader.is_here():
        with tempfile.TemporaryDirectory() as directory:
            second = SecondReader(Path(directory))
            if second.differs(case[0]):
                print(f"{case[0].hex()}: goipp reads another message")
                return 1
            second.close()
    if not differences:
        print("nothing differs")
        return 0
    from fuzzing import observe
    from outcome import normal

    print(f"{case[0].hex()} with {case[1]}: the twins differ in {', '.join(differences)}; the pure one says")
    for step, said in observe(*case):
        if step in differences:
            print(f"{step}: {normal(said)!r}")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--batches", type=int, help="so many instead, of 40 cases each")
    parser.add_argument("--seed", type=int, default=None, help="of the cases; another each time, if none is given")
    parser.add_argument("--kept", type=Path, default=ROOT / ".fuzz", metavar="DIRECTORY")
    parser.add_argument("--again", type=Path, metavar="FILE")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work()
        return 0
    if os.environ.get("IPPFAST_PURE") != "1" or os.environ.get("PYTHONHASHSEED") != "0":
        # This process is the pure twin. Sanitizers are for the other: they would only take its time.
        os.environ.update(IPPFAST_PURE="1", PYTHONHASHSEED="0")
        os.environ.update({f"WORKER_{name}": os.environ.pop(name) for name in FOR_WORKER if name in os.environ})
        os.execv(sys.executable, [sys.executable, *sys.argv])
    if arguments.again:
        return again(arguments.again)
    seed = int.from_bytes(os.urandom(4), "big") if arguments.seed is None else arguments.seed
    run = Run(arguments.kept, seed)
    begun = time.monotonic()
    run.run(arguments.seconds, arguments.batches)
    seconds = time.monotonic() - begun
    total = write_ledger(arguments.kept, run, seconds)
    print(
        f"seed {seed}: in {seconds:.0f} s {run.compared:,} cases compared, {run.fast:,} fast executions "
        f"({(run.compared + run.fast) / seconds:,.0f} a second), {run.finds} finds; "
        f"{'without goipp' if run.second is None else f'{run.second.compared:,} read by goipp too'}; "
        f"corpus {len(run.corpus):,}; "
        f"{total:,} of {GOAL:,} executions in all runs"
    )
    return 1 if run.finds else 0


if __name__ == "__main__":
    sys.exit(main())
