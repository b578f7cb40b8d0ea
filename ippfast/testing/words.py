"""The meanings of the words of a test file: operations, status codes, tags, numbers, versions.

The rule of this file: every name of ipptoolfile(5) is accepted, in any letter case; for operations and status codes
also a number.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from ippfast._open_enum import CodeEnum
from ippfast.enums import Operation, Status
from ippfast.tags import DelimiterTag, ValueTag

from .tree import FileFault, Place, Setting

__all__ = [
    "group_named",
    "known_tag",
    "number",
    "operation_named",
    "setting_value",
    "status_named",
    "tag_named",
]

_LONGEST_DELAY = 3_600.0

_Meaning: TypeAlias = "Callable[[Setting, str], object]"
"""Converts a directive's text into a value of its type."""

_GROUPS: dict[str, int] = {tag.keyword: int(tag) for tag in DelimiterTag if tag is not DelimiterTag.END_OF_ATTRIBUTES}
_GROUPS |= {name.removesuffix("-attributes-tag"): tag for name, tag in _GROUPS.items()}
_GROUPS["event"] = _GROUPS["event-notification"]

_VALUES: dict[str, int] = {tag.keyword.lower(): int(tag) for tag in ValueTag}
_VALUES |= {
    "collection": ValueTag.BEG_COLLECTION,
    "default": 0x11,  # reserved by RFC 8010 section 3.8
    "language": ValueTag.NATURAL_LANGUAGE,
    "mimetype": ValueTag.MIME_MEDIA_TYPE,
    "name": ValueTag.NAME,
    "text": ValueTag.TEXT,
}


def _codes(codes: Iterable[CodeEnum]) -> dict[str, int]:
    return {code.keyword.lower(): int(code) for code in codes}


_OPERATIONS = _codes(Operation)
_OPERATIONS |= {
    "create-job-subscription": Operation.CREATE_JOB_SUBSCRIPTIONS,
    "create-printer-subscription": Operation.CREATE_PRINTER_SUBSCRIPTIONS,
    "cups-add-class": 0x4006,
    "cups-add-modify-class": 0x4006,
    "cups-add-modify-printer": 0x4003,
    "cups-add-printer": 0x4003,
    "send-notifications": 0x001D,
}
_STATUSES = _codes(Status)
_STATUSES |= {
    "cups-see-other": 0x0280,
    "redirection-other-site": 0x0200,
    "server-error-printer-is-deactivated": Status.SERVER_ERROR_PRINTER_IS_DEACTIVATED,
    "cups-error-account-info-needed": Status.CLIENT_ERROR_ACCOUNT_INFO_NEEDED,
    "cups-error-account-closed": Status.CLIENT_ERROR_ACCOUNT_CLOSED,
    "cups-error-account-limit-reached": Status.CLIENT_ERROR_ACCOUNT_LIMIT_REACHED,
    "cups-error-account-authorization-failed": Status.CLIENT_ERROR_ACCOUNT_AUTHORIZATION_FAILED,
}


def number(text: str) -> int | None:
    """An integer as C writes it: decimal, ``0x0a``, ``012``; None: the text is not an integer."""
    match = re.fullmatch(r"\s*([+-]?)(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})", text, re.ASCII)
    if match is None:
        return None
    digits = match[2]
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") and len(digits) > 1 else 10
    try:
        return int(f"{match[1]}{digits}", base)
    except ValueError:  # an 8 or 9 after a leading 0
        return None


def group_named(word: str, place: Place) -> int:
    """The tag of a group. Raises FileFault."""
    tag = _GROUPS.get(word.lower())
    if tag is None:
        raise FileFault(place, f"{word[:60]!r} is not the tag of a group, such as operation-attributes-tag")
    return tag


def tag_named(word: str, place: Place) -> int:
    """The tag of a value. Raises FileFault."""
    tag = _VALUES.get(word.lower())
    if tag is None:
        raise FileFault(place, f"{word[:60]!r} is not the syntax of a value, such as keyword")
    return tag


def known_tag(word: str) -> int | None:
    """The tag of a value, or None if the word is not known."""
    return _VALUES.get(word.lower())


def operation_named(word: str, place: Place) -> int:
    """An operation-id. Raises FileFault."""
    return _code(word, _OPERATIONS, place, "an operation, such as Print-Job")


def status_named(word: str, place: Place) -> int:
    """A status-code. Raises FileFault."""
    return _code(word, _STATUSES, place, "a status code, such as successful-ok")


def _code(word: str, names: dict[str, int], place: Place, what: str) -> int:
    code = names.get(word.lower())
    if code is None:
        code = number(word)
    if code is None or not 0 <= code <= 0xFFFF:
        raise FileFault(place, f"{word[:60]!r} is not {what}, nor its number")
    return code


def _yes(setting: Setting, text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise FileFault(setting.place, f"{setting.name} must be yes or no, not {text[:60]!r}")
    return text.lower() == "yes"


def _version(setting: Setting, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", text)
    if match is None or int(match[1]) > 127 or int(match[2]) > 127:
        raise FileFault(setting.place, f"VERSION must be a number such as 2.0, not {text[:60]!r}")
    return int(match[1]), int(match[2])


def _one_of(*words: str) -> _Meaning:
    def meaning(setting: Setting, text: str) -> str:
        if text.lower() not in words:
            raise FileFault(setting.place, f"{setting.name} must be one of {', '.join(words)}, not {text[:60]!r}")
        return text.lower()

    return meaning


def _request_id(setting: Setting, text: str) -> int | None:
    """None: a random one."""
    if text.lower() == "random":
        return None
    value = number(text)
    if value is None or not 0 <= value < 2**31:
        raise FileFault(setting.place, f"REQUEST-ID must be a number or the word random, not {text[:60]!r}")
    return value


def _delay(setting: Setting, text: str) -> tuple[float, float]:
    """The seconds before the request, and before each repetition."""
    parts = text.split(",")
    try:
        seconds = [float(part) for part in parts]
    except ValueError:
        seconds = []
    if len(seconds) not in (1, 2) or not all(0 <= each <= _LONGEST_DELAY for each in seconds):
        raise FileFault(
            setting.place, f"DELAY must be seconds up to {_LONGEST_DELAY:.0f}, such as 5 or 5,1, not {text[:60]!r}"
        )
    return seconds[0], seconds[-1]


def _operation(setting: Setting, text: str) -> int:
    return operation_named(text, setting.place)


def _string(setting: Setting, text: str) -> str:
    return text


_MEANINGS: dict[str, _Meaning] = {
    "COMPRESSION": _one_of("none", "deflate", "gzip"),
    "DELAY": _delay,
    "IGNORE-ERRORS": _yes,
    "OPERATION": _operation,
    "REQUEST-ID": _request_id,
    "SKIP-PREVIOUS-ERROR": _yes,
    "STOP-AFTER-INCLUDE-ERROR": _yes,
    "TRANSFER": _one_of("auto", "chunked", "length"),
    "VERSION": _version,
}


def setting_value(setting: Setting, text: str) -> object:
    """Convert a directive's text into a value of its type. Raises FileFault."""
    return _MEANINGS.get(setting.name, _string)(setting, text)
