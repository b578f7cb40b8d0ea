"""Runs the ippfast command in this process, as its users would.

The rule of this file: octets go in by standard input, and nothing of what comes out is judged but success.
"""

from click.testing import CliRunner, Result

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, encode
from ippfast.cli.commands import ippfast as command
from ippfast.enums import Status


def run(*arguments: str, octets: bytes = b"") -> Result:
    """The command, with octets on standard input."""
    return CliRunner().invoke(command, arguments, input=octets, prog_name="ippfast")


def printed(*arguments: str, octets: bytes) -> str:
    """What a command writes that succeeds."""
    result = run(*arguments, octets=octets)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def make(code: int, *groups: AttributeGroup) -> bytes:
    return encode(Message((2, 0), code, 1, groups))


def one_group(*attributes: Attribute) -> bytes:
    return make(Status.SUCCESSFUL_OK, AttributeGroup(DelimiterTag.PRINTER, attributes))
