"""The ``ippfast`` command (the extra ``cli``).

The rule of this package: only this package imports click and rich, and importing `ippfast.cli` itself imports neither,
so that `main` can say what is missing. Each command has a module, or shares one with those that belong to it;
`commands` lists them, and `failures` has the exit statuses.

Where is the rule for ...

- which commands there are: `commands.py`; how a command ends that fails: `failures.py`
- who is asked, with which credentials, TLS and pins: `session.py`
- what may stand for a parameter: `parameters.py`; for an attribute (``-o copies=2``): `values.py`; for media:
  `media_words.py`; what completion offers: `completion.py`
- lines or JSON: `output.py`; colour and width: `terminal.py`; what a terminal may be shown: `text.py`
- a message in words: `describe.py`, as JSON: `plain.py`, losslessly: `lossless_json.py`
- what `print` checks before it sends: `capabilities.py`; how it follows a job: `following.py`
- how `serve` is put together: `serving.py`, with several printers: `service.py`; where its jobs are: `state.py`
- what `check` examines: `doors.py`, `certificates.py`, `ciphers.py`, `network.py`; how it grades: `findings.py`
- what `capture` keeps and `replay` answers: `recordings.py`; what `scrub` leaves: `harmless.py`
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command with the arguments of the process, and exit."""
    if sys.argv[1:2] == ["print"] and any(word.lower().endswith(".pdf") for word in sys.argv):
        from ippfast.convert.starting import load_ahead

        load_ahead()  # the code that draws documents, which takes as long to load as all else
    try:
        import click
        import rich
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich"):
            raise
        print(f"ippfast: the command needs {missing.name}: pip install click rich", file=sys.stderr)
        sys.exit(2)
    del click, rich

    from .commands import ippfast
    from .first_use import tell

    tell()
    ippfast(prog_name="ippfast")
