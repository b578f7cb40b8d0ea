"""HTML out of text: `element` makes it, and `text` is the one function that escapes.

The rule of this file: a string is text, whoever wrote it, unless it is `Markup`, which only this file makes.
"""

import html
from collections.abc import Iterable
from datetime import UTC, datetime

__all__ = ["Child", "Markup", "element", "join", "moment", "size", "text", "words"]

_VOID = ("br", "img", "input", "link", "meta")


class Markup(str):
    """HTML."""

    __slots__ = ()


Child = str | Iterable["Child"] | None
"""What may be in an element: text, `Markup`, nothing, or several of these."""


def text(string: str) -> Markup:
    """Any text, made safe for a page: nothing in it is markup or a control, or turns the line around."""
    return Markup(html.escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in string)))


def join(*children: Child) -> Markup:
    """Several, one after the other."""
    parts = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(text(child))
        elif child is not None:
            parts.append(join(*child))
    return Markup("".join(parts))


def element(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """An element. attributes: names with underscores for hyphens, and with one at the end if the name is a word of
    Python (``class_``); True: it has no value; False and None: it is left out.
    """
    written = []
    for key, value in attributes.items():
        if value is not None and value is not False:
            key = key.rstrip("_").replace("_", "-")
            written.append(f" {key}" if value is True else f' {key}="{text(str(value))}"')
    start = f"<{name}{''.join(written)}>"
    return Markup(start if name in _VOID else f"{start}{join(*children)}</{name}>")


def words(keyword: str) -> str:
    """A keyword for people: ``job-hold-until-specified`` is "job hold until specified"."""
    return keyword.replace("-", " ")


def moment(seconds: float | None) -> Markup | None:
    """A time in seconds of `time.time`: in UTC, until the script writes it in the browser's zone and language."""
    if seconds is None:
        return None
    when = datetime.fromtimestamp(seconds, UTC)
    return element("time", f"{when:%Y-%m-%d %H:%M} UTC", datetime=f"{when:%Y-%m-%dT%H:%M:%SZ}")


def size(octets: int) -> str:
    """A number of octets for people: ``1.5 MB``."""
    number, unit = float(octets), "B"
    for unit in ("B", "kB", "MB", "GB"):  # the last is kept
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
