"""Where ``ippfast serve`` keeps the jobs of a printer, if --state does not say it.

The rule of this file: each printer's name has a directory of its own. Before there were names, all was kept in the
directory above them: the first printer that finds jobs there adopts it, and is known there by a file with its name.
"""

from pathlib import Path

from ippfast.printer.outputs import safe_name

from .first_use import state_directory

__all__ = ["state_of"]

_DATABASE = "jobs.sqlite"
_ADOPTED = "printer-name"


def state_of(name: str) -> Path:
    """The directory of the printer of that name. Raises OSError."""
    base = state_directory()
    own = base / "printers" / (safe_name(name) or "printer")
    if own.exists() or not (base / _DATABASE).exists():
        return own
    mark = base / _ADOPTED
    if not mark.exists():
        mark.write_text(name, encoding="utf-8")
    return base if mark.read_text(encoding="utf-8") == name else own
