"""The parts that every page has: its head, the header lines of its answer, and the files that go with it.

The rule of this file: a page loads only our own files, and runs only our own script; the policy tells the browser so,
without an exception. Pages are never cached; files are, as long as they are the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from ippfast.http.incoming import Page, PageRequest

from .markup import Child, Markup, element

__all__ = [
    "GUARDED",
    "SANDBOXED",
    "alert",
    "asset",
    "live",
    "pages_of",
    "path_of",
    "picture",
    "redirect",
    "show",
    "state",
    "table_of",
]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HARMLESS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    # Forms must tell where they come from, which browsers leave out with "no-referrer".
    ("Referrer-Policy", "same-origin"),
)
GUARDED = (
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    *_HARMLESS,
)
"""The header lines of pages that tell of jobs and states."""

SANDBOXED = (("Content-Security-Policy", "default-src 'none'; sandbox"), *_HARMLESS)
"""The header lines of files that others have made: a browser lets them do nothing in our name."""

_ASSETS = {
    "/assets/style.css": "text/css; charset=utf-8",
    "/assets/page.js": "text/javascript; charset=utf-8",
    "/icon.png": "image/png",
}
_REFRESH = 15
"""How many seconds a browser without scripts waits before it loads a page again."""


class _Asset(NamedTuple):
    octets: bytes
    content_type: str
    tag: str


@cache
def _read(path: str) -> _Asset:
    octets = files(__package__).joinpath("assets", path.rpartition("/")[2]).read_bytes()
    return _Asset(octets, _ASSETS[path], f'"{hashlib.sha256(octets).hexdigest()[:20]}"')


def asset(request: PageRequest) -> Page | None:
    """One of the files; None if a request is for something else."""
    path = path_of(request)
    if path not in _ASSETS:
        return None
    found = _read(path)
    return _tagged(request, found.octets, found.content_type, found.tag, "no-cache")


def picture(request: PageRequest, octets: bytes) -> Page:
    """A picture in PNG, only for this user."""
    tag = f'"{hashlib.sha256(octets).hexdigest()[:20]}"'
    return _tagged(request, octets, "image/png", tag, "private, no-cache")


def _tagged(request: PageRequest, octets: bytes, content_type: str, tag: str, control: str) -> Page:
    """An answer that a browser may keep, but it asks whether it is still the same (RFC 9110 section 13.1.2)."""
    lines = (("ETag", tag), ("Cache-Control", control), *_HARMLESS)
    known = request.head.headers.get("if-none-match") or ""
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Page(304, content_type, b"", lines)
    return Page(200, content_type, octets, lines)


def show(title: str, *body: Child, status: int = 200) -> Page:
    """A page. title: as text. body: what it consists of."""
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="/icon.png"),
        element("link", rel="stylesheet", href="/assets/style.css"),
        element("script", src="/assets/page.js", defer=True),
        element("noscript", element("meta", http_equiv="refresh", content=_REFRESH)) if status == 200 else None,
    )
    whole = element("html", element("head", *head), element("body", element("main", *body)), lang="en")
    octets = f"<!DOCTYPE html>\n{whole}\n".encode("utf-8", "backslashreplace")
    return Page(status, "text/html; charset=utf-8", octets, GUARDED)


def redirect(target: str) -> Page:
    """Sends the browser to another page of this server, by GET."""
    return Page(303, "text/plain; charset=utf-8", b"", (("Location", target), *GUARDED))


def path_of(request: PageRequest) -> str:
    """The path of the request."""
    return request.head.target.partition("?")[0]


def live(key: str, *children: Child) -> Markup:
    """A part of a page that the script keeps up to date. key: its name in the page."""
    return element("section", *children, id=key, data_live=True)


def alert(message: str) -> Markup | None:
    """Why something was not done; nothing for no message."""
    return element("p", message, class_="alert", role="alert") if message else None


def state(word: str) -> Markup:
    """The keyword of a state, in its colour."""
    return element("span", word, class_=f"state {word}")


def table_of(columns: Mapping[str, str], rows: Iterable[Mapping[str, Child]]) -> Markup:
    """A table, which is cards if there is no room for columns.

    columns: the classes of each column (`style.css`). rows: the cells by column.
    """

    def cell(column: str, inside: Child) -> Markup:
        kind = columns[column]
        return element("td", inside, class_=kind if inside else f"{kind} empty", data_label=column, role="cell")

    head = [element("th", each, class_=kind.partition(" ")[0], role="columnheader") for each, kind in columns.items()]
    body = [element("tr", [cell(each, row[each]) for each in columns], role="row") for row in rows]
    # Screen readers need these roles: a table that is shown as cards loses its own.
    return element(
        "table",
        element("thead", element("tr", head, role="row"), role="rowgroup"),
        element("tbody", body, role="rowgroup"),
        role="table",
    )


def pages_of(name: str, now: int, last: int, target: str) -> Markup | None:
    """Links to the pages of a list. name: of the parameter that chooses one, from 1. target: of this page."""
    if last <= 1:
        return None

    def link(page: int, label: str, rel: str) -> Markup:
        if not 1 <= page <= last:
            return element("span", label, class_="dim")
        return element("a", label, href=_with(target, name, page), rel=rel, id=f"{name}-{rel}")

    return element(
        "nav",
        link(now - 1, "Previous", "prev"),
        element("span", f"page {now:,} of {last:,}"),
        link(now + 1, "Next", "next"),
        class_="pages",
        aria_label="Pages",
    )


def _with(target: str, name: str, value: int) -> str:
    """A target with a parameter set. The others are numbers as well: those that are not are left out."""
    path, _, query = target.partition("?")
    found = [pair.partition("=") for pair in query.split("&")]
    kept = {key: number for key, _, number in found if number.isascii() and number.isdigit() and key.isalpha()}
    kept[name] = str(value)
    return f"{path}?{'&'.join(f'{key}={number}' for key, number in kept.items())}#{name}"
