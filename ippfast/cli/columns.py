"""``ippfast columns``: the messages of files, directories and captures as a table in a file.

The rule of this file: `ippfast.arrow` makes the table; here it is written to a file, batch by batch. The file appears
only when it is whole.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ippfast import RegistryError, arrow

from .failures import FAILED, USAGE, Failure
from .text import escape

__all__ = ["columns"]

_KINDS = (".parquet", ".arrow", ".csv", ".ndjson")
_Writer = Callable[[Any], None]


@click.command
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--table", type=click.Choice(["values", "messages"]), default="values", help="By default values.")
@click.option(
    "--wide", multiple=True, metavar="NAME,...", help="A column for each of these attributes, a row for each object."
)
@click.option(
    "--rows", type=click.IntRange(1), default=65_536, metavar="NUMBER", help="Rows in a batch; by default 65536."
)
@click.option("--recover", is_flag=True, help="Take what can be saved of broken messages.")
def columns(
    sources: tuple[str, ...], output: Path, table: str, wide: tuple[str, ...], rows: int, recover: bool
) -> None:
    r"""Make a table of the IPP messages in files, directories, patterns and captures (pcap, pcapng).

    FILE is .parquet, .arrow, .csv or .ndjson; all need pyarrow. The table has a row for each value, or, with --table
    messages, for each message; docs/columns.md has the columns. With --wide it has a row for each printer, job or other
    object, and a column for each attribute that is named, such as printer-state or media-col-default/media-size.
    """
    if output.suffix not in _KINDS:
        raise Failure(f"{escape(str(output))}: the name must end in {', '.join(_KINDS[:-1])} or {_KINDS[-1]}", USAGE)
    try:
        import pyarrow
    except ModuleNotFoundError:
        raise Failure("writing tables needs the extra 'columns': pip install 'ippfast[columns]'", USAGE) from None
    names = [name.strip() for each in wide for name in each.split(",") if name.strip()]
    part = output.with_name(f".{output.name}.part")
    count = 0
    try:
        with ExitStack() as stack:
            options: dict[str, Any] = {"rows": rows, "recover": recover, "tell": stack.enter_context(_progress())}
            if names:
                made = arrow.wide(list(sources), names, **options)
            else:
                made = (arrow.values if table == "values" else arrow.messages)(list(sources), **options)
            write = stack.enter_context(_writer(part, output.suffix, pyarrow.schema(made)))
            for batch in made:
                write(pyarrow.record_batch(batch))
                count += len(batch)
        os.replace(part, output)
    except (FileNotFoundError, RegistryError, ValueError) as error:
        raise Failure(escape(str(error)), USAGE) from None
    except OSError as error:
        raise Failure(f"{escape(str(output))}: {error.strerror or error}", FAILED) from None
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{escape(str(output))}: {count} rows", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None] | None]:
    """Shows how much has been read, if standard error is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    shown = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*shown, console=console, transient=True) as bars:
        bar = bars.add_task("", total=None)
        yield lambda path, size: bars.update(bar, description=escape(Path(path).name), advance=size)


@contextmanager
def _writer(path: Path, kind: str, schema: Any) -> Iterator[_Writer]:
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    if kind == ".parquet":
        with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            yield writer.write_batch
    elif kind == ".arrow":
        # An Arrow file has one dictionary for all batches, so names are written out instead.
        plain = pyarrow.schema([_undictionaried(field) for field in schema])
        with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_file(file, plain) as writer:
            yield lambda batch: writer.write_batch(batch.cast(plain))
    elif kind == ".csv":
        fields = [_flat(_undictionaried(field)) for field in schema]
        with pyarrow.csv.CSVWriter(path, pyarrow.schema(fields)) as writer:
            yield lambda batch: writer.write(_table_of_text(batch, fields))
    else:
        with path.open("w", encoding="utf-8") as file:
            yield lambda batch: file.writelines(f"{_json(row)}\n" for row in batch.to_pylist())


def _undictionaried(field: Any) -> Any:
    import pyarrow

    return field.with_type(field.type.value_type) if pyarrow.types.is_dictionary(field.type) else field


def _flat(field: Any) -> Any:
    """The value as CSV has it: octets in hexadecimal, lists and structs as JSON."""
    import pyarrow

    kinds = pyarrow.types
    several = kinds.is_nested(field.type) or kinds.is_binary(field.type)
    return field.with_type(pyarrow.string()) if several else field


def _table_of_text(batch: Any, fields: list[Any]) -> Any:
    import pyarrow

    arrays = []
    for column, field in zip(batch.columns, fields, strict=True):
        if pyarrow.types.is_string(field.type) and not pyarrow.types.is_string(column.type):
            values = [_text(value) for value in column.to_pylist()]
            arrays.append(pyarrow.array(values, pyarrow.string()))
        else:
            arrays.append(column)
    return pyarrow.record_batch(arrays, schema=pyarrow.schema(fields))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.hex() if isinstance(value, bytes) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda one: one.hex() if isinstance(one, bytes) else str(one))
