"""``ippfast test``: runs the test files of CUPS' ipptool against a printer.

The rule of this file: `ippfast.testing` reads and runs the files; here are the options, and what is printed.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ippfast.http import Client
from ippfast.http.uri import parse_uri
from ippfast.testing import FileFault, Options, Outcome, Runner, Silent, Summary, TextReport, Variables, about_document

from .failures import NO_CONNECTION, USAGE, Failure
from .output import Output
from .parameters import Seconds
from .session import Access, Session, access_options, json_option
from .text import escape

__all__ = ["test"]


def _variables(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"expected NAME=VALUE, got {each!r}", ctx, param)
        found[name] = value
    return found


@click.command
@click.argument(
    "files",
    metavar="FILE.test...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.argument("uri", metavar="URI")
@click.option(
    "-d", "--define", "defined", multiple=True, callback=_variables, metavar="NAME=VALUE", help="Define a variable."
)
@click.option(
    "-f",
    "--document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The document that FILE $filename sends.",
)
@click.option(
    "--include",
    "directories",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Look for included files here, too. May be repeated.",
)
@click.option("-I", "--ignore-errors", is_flag=True, help="Go on after a test that failed.")
@click.option(
    "--transfer",
    type=click.Choice(["auto", "chunked", "length"]),
    default="auto",
    show_default=True,
    help="How requests are framed.",
)
@click.option(
    "--interval",
    type=Seconds(),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="The time between repetitions, if a test does not say it.",
)
@click.option(
    "--time",
    "seconds",
    type=Seconds(),
    default=3_600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long all tests together may take.",
)
@access_options
@json_option
def test(
    access: Access,
    output: Output,
    files: tuple[Path, ...],
    uri: str,
    defined: dict[str, str],
    document: Path | None,
    directories: tuple[Path, ...],
    ignore_errors: bool,
    transfer: str,
    interval: float,
    seconds: float,
) -> None:
    """Run test files of CUPS' ipptool.

    Each says which requests to send, and what to expect of the answers; see ipptoolfile(5). A request is sent as the
    file says it, right or wrong, and each test gets its mark: PASS, FAIL or SKIP. What was expected is below each FAIL.

    A file may name any file that you can read, and send it to the printer: run those that you trust.

    \b
    Try it:
      ippfast test /usr/share/cups/ipptool/get-printer-attributes.test ipp://localhost:8631/ipp/print

    \b
    --json: {"tests": [{"file", "line", "name", "mark", "words", "operation", "status", "message", "octets",
    "request-id", "attempts", "seconds", "displayed": [{"name", "syntax", "value"}], "file-id", "test-id"}],
    "passed", "failed", "skipped"}.
    """
    with Session(uri, access) as session:
        place = session.uri
    given = {**about_document(document), **defined}
    if access.user:
        given.setdefault("uriuser", access.user)
    options = Options(
        version=access.version or (2, 0),
        transfer=transfer,
        ignore_errors=ignore_errors,
        directories=directories,
        interval=interval,
        seconds=seconds,
        pause=_pause if sys.stdin.isatty() else None,
    )
    report = None if output.as_json else TextReport()
    try:
        variables = Variables(place, access.user_name, given)
        with Runner(lambda there: _client(there, place, access), variables, options, report or Silent()) as runner:
            summary = runner.summary
            try:
                for file in files:
                    runner.run(file)
            finally:
                if output.as_json:
                    output.show(_as_data(summary), list)
                elif report is not None:
                    report.summary(summary)
    except FileFault as fault:
        raise Failure(escape(str(fault)), USAGE) from None
    except (OSError, ValueError) as error:
        raise Failure(escape(str(error)), USAGE) from None
    _judge(summary, uri)


def _judge(summary: Summary, uri: str) -> None:
    """Exit with the status that tells how the tests came out."""
    if summary.passed:
        return
    if not any(outcome.status for outcome in summary.outcomes) and summary.failures[0].attempts:
        raise Failure(f"no answer from {escape(uri)}: {escape(summary.failures[0].words[0])}", NO_CONNECTION)
    failed = len(summary.failures)
    raise Failure(f"{failed} {'test' if failed == 1 else 'tests'} of {len(summary.outcomes)} failed")


def _client(uri: str, place: str, access: Access) -> Client:
    """A client for a URI. place: the printer's; a file may name others (MONITOR-PRINTER-STATE), and none of them gets
    the user's password. Raises ValueError."""
    other = parse_uri(uri).authority != parse_uri(place).authority
    return Session(uri, access, anonymous=other).client()


def _pause(message: str) -> None:
    click.pause(f"\n{escape(message)}, then press any key ...", err=True)


def _as_data(summary: Summary) -> dict[str, Any]:
    return {
        "tests": [_outcome_data(outcome) for outcome in summary.outcomes],
        "passed": summary.count("PASS"),
        "failed": summary.count("FAIL"),
        "skipped": summary.count("SKIP"),
    }


def _outcome_data(outcome: Outcome) -> dict[str, Any]:
    data = {name.replace("_", "-"): value for name, value in asdict(outcome).items()}
    del data["place"]
    return {"file": str(outcome.place.path), "line": outcome.place.line, **data, "words": list(outcome.words)}
