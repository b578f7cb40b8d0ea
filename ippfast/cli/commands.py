"""The group of all commands, each imported when it is first asked for.

The rule of this file: a command is the function of its name in the module of its name, and stands here in the
order in which ``ippfast --help`` shows it.
"""

import platform
from importlib import import_module

import click

from ippfast import IMPLEMENTATION, __version__

__all__ = ["ippfast"]

COMMANDS = ("dump", "load")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"{__package__}.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__,
    message=f"%(prog)s %(version)s, codec: {IMPLEMENTATION}, Python {platform.python_version()}",
)
def ippfast() -> None:
    """Work with IPP, the Internet Printing Protocol (RFC 8010, RFC 8011).

    Exit status: 0 done, 1 the data is wrong, 2 the command cannot be run as it was given.
    """
