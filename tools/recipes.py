"""``make recipes``: the examples that make tables by Dask, Ray and Spark, each over the same messages.

The rule of this file: an example is run as its head says, as a process of its own, and what it wrote is compared with
what `ippfast.arrow` makes of the same files. The rate is that of the whole process, its start included; the start is
told apart by a run over a single message.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "vectors" / "recorded"
COLUMNS = {"tag": "int64", "name": "string", "integer": "int64", "string": "string"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make recipes", description=__doc__.partition("\n")[0])
    parser.add_argument("recipes", nargs="*", default=["dask", "ray", "spark"])
    parser.add_argument("--messages", type=int, default=2000, metavar="NUMBER", help="how many files")
    arguments = parser.parse_args()
    print("| who | start, s | messages | MB | values | all, s | values/s without the start |\n|---|" + "---:|" * 6)
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        one, many = fill(folder / "one", 1), fill(folder / "many", arguments.messages)
        size = sum(path.stat().st_size for path in many.iterdir()) / 1e6
        for name in arguments.recipes:
            start, _ = run(name, one, folder / f"{name}-one.parquet")
            seconds, output = run(name, many, folder / f"{name}.parquet")
            rows, right = compare(output, many)
            failed += not right
            # What is shorter than a second is the noise of the starts.
            rate = f"{rows / (seconds - start):,.0f}" if seconds - start > 1 else "not to be told"
            rate = rate if right else "WRONG ROWS"
            done = [f"{arguments.messages:,}", f"{size:.1f}", f"{rows:,}", f"{seconds:.1f}", rate]
            print(f"| {' | '.join([name, f'{start:.1f}', *done])} |", flush=True)
    return 1 if failed else 0


def fill(folder: Path, number: int) -> Path:
    """A directory with so many messages, a file for each: the recorded ones, over and over."""
    folder.mkdir()
    messages = [path.read_bytes() for path in sorted(RECORDED.rglob("*.ipp"))]
    for at in range(number):
        (folder / f"{at:06d}.ipp").write_bytes(messages[at % len(messages)])
    return folder


def run(name: str, source: Path, output: Path) -> tuple[float, Path]:
    """How many seconds an example takes. What it says is shown if it fails."""
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, str(ROOT / "examples" / f"columns_{name}.py"), str(source), str(output)]
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-6000:], file=sys.stderr)
        raise SystemExit(f"{name} failed")
    return time.perf_counter() - begun, output


def compare(output: Path, source: Path) -> tuple[int, bool]:
    """How many rows were written, and whether they are those of the table."""
    import pyarrow
    import pyarrow.parquet

    from ippfast import arrow

    made = pyarrow.parquet.read_table(output, columns=[*COLUMNS])
    expected = pyarrow.table(arrow.values(source)).select([*COLUMNS])
    return made.num_rows, counted(made) == counted(expected)


def counted(table: Any) -> list[Any]:
    """Each row that there is with how often, in an order that does not depend on who wrote it."""
    import pyarrow

    plain = pyarrow.schema([pyarrow.field(name, kind) for name, kind in COLUMNS.items()])
    grouped = table.cast(plain).group_by([*COLUMNS]).aggregate([([], "count_all")])
    rows: list[Any] = grouped.sort_by([(name, "ascending") for name in grouped.column_names]).to_pylist()
    return rows


if __name__ == "__main__":
    sys.exit(main())
