"""The ``ippfast`` command (the extra ``cli``).

The rule of this package: it alone imports click and rich, and importing `ippfast.cli` itself imports neither,
so that `main` can say what is missing. One module a command, or a few that belong together; `commands` lists them,
and `failures` has the exit statuses.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command with the arguments of the process, and exit."""
    try:
        import click
        import rich
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich"):
            raise
        print(f"ippfast: the command needs {missing.name}: pip install 'ippfast[cli]'", file=sys.stderr)
        sys.exit(2)
    del click, rich

    from .commands import ippfast

    ippfast(prog_name="ippfast")
