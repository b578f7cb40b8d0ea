"""The types of parameters on the command line: seconds, job-ids, keywords; and how they are completed.

The rule of this file: a value that IPP cannot express is refused here, before any request is sent.
"""

import math
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from .text import escape

__all__ = ["JOB_ID", "MOST", "Keyword", "Seconds"]

MOST = 2**31 - 1
"""The largest integer of IPP (RFC 8010 section 3.9)."""

JOB_ID = click.IntRange(1, MOST)
"""A job-id (RFC 8011 section 5.3.2)."""

_LONGEST = 1_000_000.0
"""The longest waiting time in seconds, about 11 days: select(2) and similar calls take no more."""

# RFC 8011 section 5.1.4
_KEYWORD = re.compile(r"[a-z][a-z0-9._-]{0,254}")


class Seconds(click.ParamType):  # type: ignore[type-arg]  # not generic in older versions of click
    """A time in seconds, more than 0."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= _LONGEST:
            self.fail(f"expected seconds, more than 0 and at most {_LONGEST:,.0f}, got {value!r}.", param, ctx)
        return seconds


class Keyword(click.ParamType):  # type: ignore[type-arg]
    """A keyword (RFC 8011 section 5.1.4).

    known: gives the registered ones, for completion and for hints. Others pass.
    """

    name = "keyword"

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not _KEYWORD.fullmatch(text):
            near = get_close_matches(text.lower(), sorted(self._known()), n=1)
            hint = f": did you mean {near[0]}?" if near else "."
            self.fail(
                f"{escape(text)!r} is not a keyword of IPP, which has small letters, digits and '-'{hint}", param, ctx
            )
        return text

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(each) for each in sorted(self._known()) if each.startswith(incomplete)]
