"""``ippfast columns`` and ``ippfast dump --ndjson``: what is in the file is what the library gives."""

import json
from pathlib import Path

import pyarrow
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest
import vectors
from command_line import run

from ippfast import arrow, to_json

OCTETS = [vector.octets for vector in vectors.recorded()]
NAMES = "attributes-charset,printer-make-and-model,media-col-default"


@pytest.fixture
def source(tmp_path: Path) -> str:
    directory = tmp_path / "in"
    directory.mkdir()
    for number, octets in enumerate(OCTETS):
        (directory / f"{number:03}.ipp").write_bytes(octets)
    (directory / "broken.ipp").write_bytes(b"\x02\x00\x00")
    return str(directory)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv", "ndjson"])
@pytest.mark.parametrize("options", [(), ("--table", "messages"), ("--wide", NAMES)])
def test_files(source: str, tmp_path: Path, kind: str, options: tuple[str, ...]) -> None:
    output = tmp_path / f"out.{kind}"
    result = run("columns", source, "-o", str(output), "--rows", "100", *options)
    wanted = pyarrow.table(
        arrow.wide(source, NAMES.split(","))
        if "--wide" in options
        else arrow.messages(source)
        if options
        else arrow.values(source)
    )
    assert (result.exit_code, result.stderr) == (0, f"{output}: {len(wanted)} rows\n"), result.output
    if kind == "parquet":
        assert pyarrow.parquet.read_table(output).to_pylist() == wanted.to_pylist()
    elif kind == "arrow":
        with pyarrow.OSFile(str(output)) as file:
            assert pyarrow.ipc.open_file(file).read_all().to_pylist() == wanted.to_pylist()
    elif kind == "csv":
        assert pyarrow.csv.read_csv(output, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)).num_rows
    else:
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        assert [row.get("name") for row in rows] == [row.get("name") for row in wanted.to_pylist()]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.ipp", "-o", "out.parquet"], "Error: there is nothing at nothing.ipp"),
        (["in", "-o", "out.xlsx"], "Error: out.xlsx: the name must end in .parquet, .arrow, .csv or .ndjson"),
        (["in", "-o", "out.csv", "--wide", "no-such"], "no-such"),
    ],
)
def test_refused(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("columns", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_dump_ndjson() -> None:
    result = run("dump", "-", "--ndjson", octets=OCTETS[0])
    assert result.stdout_bytes == to_json(OCTETS[0]) + b"\n"
    http = b"".join(vectors.http()[name] for name in vectors.http() if name.startswith("ipptool-post-length"))
    assert len(run("dump", "-", "--ndjson", octets=http).stdout.splitlines()) == 2
    broken = run("dump", "-", "--ndjson", octets=OCTETS[0][:20])
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "no IPP message" in broken.stderr
    assert run("dump", "-", "--ndjson", "--json", octets=OCTETS[0]).exit_code == 2
