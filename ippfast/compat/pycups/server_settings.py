"""The settings of a CUPS server: five questions that its programs ask, and the directives of cupsd.conf.

The rule of this file: text in, text out, and only what was asked for is changed: comments and sections that a
setting is not about stay as they are. The five names are CUPS_SERVER_DEBUG_LOGGING and the like in `constants`.
"""

import re
from collections.abc import Callable, Mapping

from .constants import (
    CUPS_SERVER_DEBUG_LOGGING,
    CUPS_SERVER_REMOTE_ADMIN,
    CUPS_SERVER_REMOTE_ANY,
    CUPS_SERVER_SHARE_PRINTERS,
    CUPS_SERVER_USER_CANCEL_ANY,
)

__all__ = ["read_settings", "write_settings"]

_FIVE = (
    CUPS_SERVER_DEBUG_LOGGING,
    CUPS_SERVER_REMOTE_ADMIN,
    CUPS_SERVER_REMOTE_ANY,
    CUPS_SERVER_SHARE_PRINTERS,
    CUPS_SERVER_USER_CANCEL_ANY,
)
_SECTION = re.compile(r"<(/?)(\w+)\s*([^>]*)>")
_ASIDE = frozenset({"listen", "port", "loglevel", "browsing"})
"""The directives that the five settings stand for."""
_LOCAL = ("localhost", "127.0.0.1", "[::1]", "/")


def _words(line: str) -> tuple[str, str]:
    """A directive's name and its value; two empty texts for a comment."""
    text = line.strip()
    if not text or text.startswith("#"):
        return "", ""
    name, _, value = text.partition(" ")
    return name, value.strip()


def _walk(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The lines, each with the sections that it is in, such as ``("location /admin",)``."""
    sections: list[str] = []
    found = []
    for line in text.split("\n"):
        section = _SECTION.match(line.strip())
        if section is not None and section[1]:
            if sections:
                sections.pop()
            found.append((line, (*sections, "end")))
            continue
        found.append((line, tuple(sections)))
        if section is not None:
            sections.append(f"{section[2].lower()} {section[3].strip()}")
    return found


def _listens(value: str) -> bool:
    """Whether a Listen line lets other hosts in."""
    return not value.startswith(_LOCAL)


def _allows_others(value: str) -> bool:
    words = value.lower().removeprefix("from ").strip()
    return words in ("all", "@local") or words.startswith("@if(")


def read_settings(text: str) -> dict[str, str]:
    """The settings that a cupsd.conf means: the five, and the directives outside of sections as they stand."""
    others: dict[str, str] = {}
    remote = browsing = debug = admin = anyone = root = cancels = False
    for line, sections in _walk(text):
        name, value = _words(line)
        key = name.lower()
        if not sections and name and not name.startswith("<"):
            remote |= key == "port" or (key == "listen" and _listens(value))
            if key == "browsing":
                browsing = value.lower() in ("yes", "on", "true")
            elif key == "loglevel":
                debug = value.lower().startswith("debug")
            if key not in _ASIDE:
                others[name] = value
        elif key == "allow" and sections[-1:] == ("location /admin",):
            admin |= _allows_others(value)
        elif key == "allow" and sections[-1:] == ("location /",):
            root |= _allows_others(value)
            anyone |= value.lower().removeprefix("from ").strip() == "all"
        elif name == "<Limit" and len(sections) == 1 and sections[0].startswith("policy default"):
            operations = value.rstrip(">").lower().split()
            if "cancel-job" in operations:
                cancels = not _requires_owner(text, line)
    answers = {
        CUPS_SERVER_DEBUG_LOGGING: debug,
        CUPS_SERVER_REMOTE_ADMIN: remote and admin,
        CUPS_SERVER_REMOTE_ANY: remote and anyone,
        CUPS_SERVER_SHARE_PRINTERS: remote and browsing and root,
        CUPS_SERVER_USER_CANCEL_ANY: cancels,
    }
    return {**{name: str(int(answer)) for name, answer in answers.items()}, **others}


def _requires_owner(text: str, limit: str) -> bool:
    section = text[text.index(limit) :].partition("</Limit>")[0].lower()
    return "require" in section


def write_settings(text: str, settings: Mapping[str, str]) -> str:
    """The cupsd.conf with these settings."""
    before = read_settings(text)
    changed = {name: value for name, value in settings.items() if before.get(name) != value}
    five = {name: changed.pop(name) == "1" for name in _FIVE if name in changed}
    lines = text.split("\n")
    if CUPS_SERVER_DEBUG_LOGGING in five and "LogLevel" not in changed:
        changed["LogLevel"] = "debug" if five[CUPS_SERVER_DEBUG_LOGGING] else "warn"
    wanted = {name: five.get(name, before[name] == "1") for name in _FIVE}
    network = {CUPS_SERVER_REMOTE_ADMIN, CUPS_SERVER_REMOTE_ANY, CUPS_SERVER_SHARE_PRINTERS}
    if network & five.keys():
        lines = _open_to(lines, wanted)
    if CUPS_SERVER_USER_CANCEL_ANY in five:
        lines = _let_cancel(lines, anyone=wanted[CUPS_SERVER_USER_CANCEL_ANY])
    for name, value in changed.items():
        lines = _set(lines, name, value)
    return "\n".join(lines)


def _edit(lines: list[str], change: Callable[[str, tuple[str, ...]], list[str]]) -> list[str]:
    """Each line becomes the lines that `change` makes of it and of the sections that it is in."""
    return [made for line, sections in _walk("\n".join(lines)) for made in change(line, sections)]


def _set(lines: list[str], name: str, value: str) -> list[str]:
    """Give a directive outside of sections one value; without a value, take it away."""
    done = not value

    def change(line: str, sections: tuple[str, ...]) -> list[str]:
        nonlocal done
        if sections or _words(line)[0].lower() != name.lower():
            return [line]
        if done:
            return []
        done = True
        return [f"{name} {value}"]

    made = _edit(lines, change)
    return made if done else [f"{name} {value}", *made]


def _open_to(lines: list[str], wanted: Mapping[str, bool]) -> list[str]:
    """Let other hosts in, or do not."""
    share, admin = wanted[CUPS_SERVER_SHARE_PRINTERS], wanted[CUPS_SERVER_REMOTE_ADMIN]
    anyone = wanted[CUPS_SERVER_REMOTE_ANY]
    others = "all" if anyone else "@LOCAL"
    opened = share or admin or anyone
    port = next((value.rpartition(":")[2] for value in _values(lines, "listen") if ":" in value), "631")
    port = next(iter(_values(lines, "port")), port)

    def change(line: str, sections: tuple[str, ...]) -> list[str]:
        name, value = _words(line)
        key = name.lower()
        if not sections and (key == "port" or (key == "listen" and not value.startswith("/"))):
            return []
        if key == "allow" and sections[-1:] in (("location /",), ("location /admin",)):
            return [] if _allows_others(value) else [line]
        section = _SECTION.match(line.strip())
        if section is not None and not section[1] and section[2].lower() == "location":
            allowed = {"/": share or anyone, "/admin": admin}.get(section[3].strip(), False)
            return [line, f"  Allow {others}"] if allowed else [line]
        return [line]

    listen = [f"Port {port}"] if opened else [f"Listen localhost:{port}"]
    return _set([*listen, *_edit(lines, change)], "Browsing", "Yes" if share else "No")


def _values(lines: list[str], name: str) -> list[str]:
    found = [_words(line) for line, sections in _walk("\n".join(lines)) if not sections]
    return [value for key, value in found if key.lower() == name]


def _let_cancel(lines: list[str], *, anyone: bool) -> list[str]:
    """Whose jobs users may cancel, by the default policy: their own, or all."""

    require = [] if anyone else ["    Require user @OWNER @SYSTEM"]

    def change(line: str, sections: tuple[str, ...]) -> list[str]:
        if not sections or sections[0].lower() != "policy default":
            return [line]
        if sections[-1].lower() == "limit cancel-job" and _words(line)[0].lower() == "require":
            return []
        section = _SECTION.match(line.strip())
        if section is None or section[1] or section[2].lower() != "limit":
            return [line]
        others = [each for each in section[3].split() if each.lower() != "cancel-job"]
        if len(others) == len(section[3].split()):
            return [line]
        if not others:
            return [line, *require]
        own = ["  <Limit Cancel-Job>", "    Order deny,allow", *require, "  </Limit>"]
        return [*own, f"  <Limit {' '.join(others)}>"]

    return _edit(lines, change)
