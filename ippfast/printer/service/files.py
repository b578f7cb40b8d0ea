"""The printers of a service from a file: a table of TOML for each.

The rule of this file: what cannot be a printer is an error that names the file and the printer, and nothing of the file
is taken then.

    [hall]
    description = {printer-info = "Printer in the hall", printer-location = "Ground floor"}
    spool = "/srv/hall"             # or command = "lp -d hall", or forward = "ipps://10.0.0.7/ipp/print"
    simulate = "20ppm"              # and consume = true
    operators = ["alice"]
    default = true

`description` may also be the path of a file with attributes, as `SpoolPrinter` takes it, beside this file.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..simulating import pages_per_minute
from .queues import QueueError, QueueSpec

__all__ = ["read_printers"]

_OUTPUTS = ("spool", "command", "forward")
_KNOWN = ("description", "operators", "default", *_OUTPUTS, "simulate", "consume")


def read_printers(path: str | Path) -> list[QueueSpec]:
    """The printers that a file has. Raises QueueError, and OSError if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            found = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise QueueError(f"{path}: {error}") from error
    return [_spec(Path(path), name, table) for name, table in found.items()]


def _spec(path: Path, name: str, table: object) -> QueueSpec:
    def wrong(reason: str) -> QueueError:
        return QueueError(f"{path}: [{name}]: {reason}")

    if not isinstance(table, Mapping):
        raise wrong(f"a printer must be a table, got {type(table).__name__}")
    unknown = [key for key in table if key not in _KNOWN]
    if unknown:
        raise wrong(f"there is no {unknown[0]}; a printer has {', '.join(_KNOWN)}")
    description: Any = table.get("description", {})
    if isinstance(description, str):
        try:
            description = tomllib.loads((path.parent / description).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise wrong(f"description: {error}") from error
    operators, default = table.get("operators", []), table.get("default", False)
    simulate, consume = table.get("simulate", ""), table.get("consume", False)
    outputs = {key: table[key] for key in _OUTPUTS if key in table}
    if not isinstance(description, Mapping) or not isinstance(default, bool):
        raise wrong("description must be a table or a file's name, and default true or false")
    if not isinstance(operators, list) or not all(isinstance(each, str) for each in [*operators, *outputs.values()]):
        raise wrong("operators must be a list of names, and an output a string")
    if not isinstance(simulate, str) or not isinstance(consume, bool) or (consume and not simulate):
        raise wrong('simulate must be a speed such as "20ppm", and consume (true or false) needs it')
    try:
        return QueueSpec(
            name=name,
            description=dict(description),
            output=outputs,
            simulate=pages_per_minute(simulate) if simulate else 0.0,
            consume=consume,
            operators=tuple(operators),
            default=default,
        ).check()
    except ValueError as error:
        raise wrong(str(error)) from error
