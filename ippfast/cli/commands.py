"""The group of all commands, each imported when it is first asked for.

The rule of this file: a command is listed with its module and its name there, in the order in which
``ippfast --help`` shows it.
"""

import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from ippfast import IMPLEMENTATION, __version__

from .failures import INTERRUPTED, Failure
from .output import Told, tell_failure

__all__ = ["ippfast"]

COMMANDS = {
    "printers": "discovery:printers",
    "probe": "probing:probe",
    "print": "printing:print_",
    "convert": "drawing:convert",
    "preview": "drawing:preview",
    "attributes": "attributes:attributes",
    "supplies": "attributes:supplies",
    "jobs": "jobs:jobs",
    "job": "jobs:job",
    "cancel": "jobs:cancel",
    "hold": "jobs:hold",
    "release": "jobs:release",
    "watch": "watching:watch",
    "check": "auditing:check",
    "test": "testing:test",
    "capture": "recordings:capture",
    "replay": "recordings:replay",
    "scrub": "scrubbing:scrub",
    "diff": "comparing:diff",
    "serve": "serve:serve",
    "provoke": "provoking:provoke",
    "users": "users:users",
    "work": "service:work",
    "queues": "service:queues",
    "columns": "columns:columns",
    "dump": "dump:dump",
    "load": "load:load",
}


class _Commands(click.Group):
    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]  # in one
        """Run a command and exit, with one line if it fails. With --json that is said in JSON too."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            status = super().main(words, standalone_mode=False, **options)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, click.ClickException) as error:
            failure = Failure("interrupted", INTERRUPTED) if isinstance(error, click.Abort) else _in_a_line(error)
            if "--json" in words and not isinstance(error, Told):
                tell_failure(failure)
            click.echo(f"Error: {failure.message}", err=True)
            sys.exit(failure.exit_code)
        sys.exit(status if isinstance(status, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(f"{__package__}.{module}"), name)
        assert isinstance(command, click.Command)
        return command


def _in_a_line(error: click.ClickException) -> click.ClickException:
    """What was wrong, in one line and without click's usage text."""
    if not isinstance(error, click.UsageError):
        return error
    more = f"; see '{error.ctx.command_path} --help'" if error.ctx is not None else ""
    return Failure(f"{' '.join(error.format_message().split()).rstrip('.')}{more}", error.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__,
    message=f"%(prog)s %(version)s, codec: {IMPLEMENTATION}, Python {platform.python_version()}",
)
def ippfast() -> None:
    """Work with IPP, the Internet Printing Protocol (RFC 8010, RFC 8011).

    URI is a printer's, such as ipps://printer.local/ipp/print. Only the host is enough: TLS is tried first.

    \b
    Exit status:
      0  done
      1  the printer refused, the job failed, or the data is wrong
      2  the command cannot be run as it was given; nothing was printed
      3  no answer: no such host, nobody there, or too slow
      4  credentials are missing or refused, or the certificate is not trusted
      5  the time was up before the job was over
      6  printed, state unknown: the printer took the job, and does not say what became of it
      130  Ctrl-C

    \b
    Environment:
      IPPFAST_USER, IPPFAST_PASSWORD  who asks; without a password you are asked for it
      IPPFAST_TOKEN                   a token (Bearer) instead
      IPPFAST_CA, IPPFAST_PIN         what --ca and --pin say
    """
