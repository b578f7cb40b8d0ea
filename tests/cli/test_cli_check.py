"""ippfast dump --check: what it says of messages that are right, wrong, or cannot be decoded."""

import vectors
from command_line import one_group, printed, run

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag, decode, encode
from ippfast.issues import Severity
from ippfast.kinds import guess_kind
from ippfast.recovery import recover
from ippfast.validation import validate

COPIES = Attribute("copies-default", ValueTag.INTEGER, 0)


def last(octets: bytes, *arguments: str) -> list[str]:
    """The lines behind the message."""
    lines = printed("dump", "--check", *arguments, "-", octets=octets).splitlines()
    return lines[lines.index("", lines.index("end-of-attributes-tag, no document octets")) + 1 :]


def test_a_fault_is_said_with_its_place() -> None:
    octets = one_group(COPIES, Attribute("own", ValueTag.KEYWORD, "\x1b"))
    at, own = octets.index(b"\x21\x00\x0ecopies-default"), octets.index(b"\x44\x00\x03own")
    found = last(octets)
    assert found[-4:] == [
        f"error: value 0 of 'copies-default' in printer-attributes-tag at 0x{at:x}: expected 1 to 2147483647, "
        "got integer 0 [out-of-range, RFC8011, IANA IPP registry]",
        f"info: 'own' in printer-attributes-tag at 0x{own:x}: no attribute of this name is registered "
        "[unknown-attribute, RFC 8011 section 7.2]",
        f"error: value 0 of 'own' in printer-attributes-tag at 0x{own:x}: expected a keyword of lower-case letters, "
        "digits, '-', '_' and '.' that begins with a letter, got keyword '\\x1b' of length 1 "
        "[string-syntax, RFC 8011 section 5.1.4]",
        f"errors: {len(found) - 2}, warnings: 0, notes: 1",
    ]


def test_nothing_wrong_is_said_too() -> None:
    head = [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
    ]
    octets = encode(Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.OPERATION, head)]))
    assert last(octets) == ["errors: 0, warnings: 0, notes: 0"]
    # A request would need a target.
    assert last(octets, "--request")[-1] == "errors: 2, warnings: 0, notes: 0"


def test_of_a_broken_message_what_can_be_saved_is_shown_and_what_was_repaired() -> None:
    octets = one_group(COPIES)
    result = run("dump", "--check", "-", octets=octets[:-2])
    assert result.exit_code == 1
    assert "no IPP message: offset" in result.stderr
    lines = result.stdout.splitlines()
    assert "  copies-default (integer) = malformed <000000>" in result.stdout
    assert [line.split(":")[0] for line in lines[-3:]] == ["error", "error", "errors"]
    assert lines[-1] == "errors: 2, warnings: 0, notes: 0"
    assert run("dump", "--check", "-", octets=octets[:7]).stdout == ""


def test_colours_tell_severities() -> None:
    output = printed("dump", "--check", "--color", "-", octets=one_group(COPIES))
    assert "\x1b[1;31merror\x1b[0m: " in output


@vectors.parametrize(vectors.accepted())
def test_vectors(vector: vectors.Vector) -> None:
    """The library's issues, all of them, each on a line."""
    message = decode(vector.octets)
    issues = validate(message, role=guess_kind(message))
    lines = printed("dump", "--check", "-", octets=vector.octets).splitlines()
    assert lines[len(lines) - len(issues) - 2] == ""
    assert lines[len(lines) - len(issues) - 1 : -1] == [str(issue) for issue in issues]
    errors, warnings, notes = (sum(issue.severity is severity for issue in issues) for severity in Severity)
    assert lines[-1] == f"errors: {errors}, warnings: {warnings}, notes: {notes}"


# With a header, and not taken for HTTP.
BROKEN = tuple(vector for vector in vectors.refused() if len(vector.octets) >= 8 and vector.octets[:5] != b"HTTP/")


@vectors.parametrize(BROKEN)
def test_broken_vectors(vector: vectors.Vector) -> None:
    """The repairs, all of them, each on a line."""
    _, issues = recover(vector.octets)
    lines = run("dump", "--check", "-", octets=vector.octets).stdout.splitlines()
    assert lines[len(lines) - len(issues) - 1 : -1] == [str(issue) for issue in issues]
