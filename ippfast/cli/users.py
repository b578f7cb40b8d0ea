"""``ippfast users``: the file of users that ``ippfast serve --users`` takes.

The rule of this file: a password is asked for or comes by standard input, never as an argument, which others could
see.
"""

import sys
from pathlib import Path

import click

from ippfast.printer.users import UsersError, add_user

from .failures import USAGE, Failure
from .text import escape

__all__ = ["users"]


@click.group
def users() -> None:
    """Keep a file of users for 'ippfast serve --users'."""


@users.command
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["htdigest", "bcrypt", "argon2"]),
    default="htdigest",
    show_default=True,
    help="htdigest works with Digest and Basic, the others with Basic over TLS only.",
)
@click.option("--realm", default="ipp", show_default=True, help="The realm of htdigest.")
def add(file: Path, name: str, kind: str, realm: str) -> None:
    """Add a user NAME to FILE, or change the password of an existing user.

    You are asked for the password; without a terminal it is the first line of the standard input. If FILE does not
    exist, it is made so that only its owner can read it.

    \b
    Try it:
      ippfast users add users.txt ann
      ippfast serve --users users.txt
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        add_user(file, name, password, kind=kind, realm=realm)
    except ModuleNotFoundError as error:
        raise Failure(f"--kind {kind} needs {error.name}: pip install 'ippfast[passwords]'", USAGE) from None
    except (UsersError, OSError, UnicodeError) as error:
        raise Failure(escape(str(error)), USAGE) from None
