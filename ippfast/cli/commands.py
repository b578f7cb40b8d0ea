"""The group of all commands, each imported when it is first asked for.

The rule of this file: a command stands here with the module and the name that it has there, in the order in which
``ippfast --help`` shows it.
"""

import platform
from importlib import import_module

import click

from ippfast import IMPLEMENTATION, __version__

__all__ = ["ippfast"]

COMMANDS = {
    "printers": "discovery:printers",
    "probe": "probing:probe",
    "print": "printing:print_",
    "attributes": "attributes:attributes",
    "supplies": "attributes:supplies",
    "jobs": "jobs:jobs",
    "job": "jobs:job",
    "cancel": "jobs:cancel",
    "hold": "jobs:hold",
    "release": "jobs:release",
    "watch": "watching:watch",
    "check": "auditing:check",
    "capture": "recordings:capture",
    "replay": "recordings:replay",
    "scrub": "scrubbing:scrub",
    "diff": "comparing:diff",
    "serve": "serve:serve",
    "dump": "dump:dump",
    "load": "load:load",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(f"{__package__}.{module}"), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__,
    message=f"%(prog)s %(version)s, codec: {IMPLEMENTATION}, Python {platform.python_version()}",
)
def ippfast() -> None:
    """Work with IPP, the Internet Printing Protocol (RFC 8010, RFC 8011).

    URI is a printer's, such as ipps://printer.local/ipp/print. A host alone will do: then TLS is tried first.

    \b
    Exit status:
      0  done
      1  the printer refused, the job failed, or the data is wrong
      2  the command cannot be run as it was given; nothing was printed
      3  no answer: no such host, nobody there, or too slow
      4  credentials are missing or refused, or the certificate is not trusted
      5  the time was up before the job was over

    \b
    Environment:
      IPPFAST_USER, IPPFAST_PASSWORD  who asks; without a password you are asked for it
      IPPFAST_TOKEN                   a token (Bearer) instead
      IPPFAST_CA, IPPFAST_PIN         what --ca and --pin say
    """
