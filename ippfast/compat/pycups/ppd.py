"""PPD files for pycups: options in groups, attributes, constraints, and which choices are marked (Adobe's PPD 4.3).

The rule of this file: it reads what programs ask for, and reads the same as libcups from a well-formed file. Nothing
here sends code to a printer: the ``emit`` methods give the code of the marked choices as it stands.
"""

import gzip
import locale
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .constants import PPD_CONFORM_RELAXED, PPD_CONFORM_STRICT, PPD_UI_BOOLEAN, PPD_UI_PICKMANY, PPD_UI_PICKONE
from .transport import to_text

__all__ = ["PPD", "Attribute", "Constraint", "Group", "Option", "ppdSetConformance"]

_UI = {"boolean": PPD_UI_BOOLEAN, "pickone": PPD_UI_PICKONE, "pickmany": PPD_UI_PICKMANY}
_SECTIONS = ("AnySetup", "DocumentSetup", "ExitServer", "JCLSetup", "PageSetup", "Prolog")
"""The sections in the order of ppd_section_t's numbers: PPD_ORDER_ANY is 0."""
_ORDER = {"any": "AnySetup", "document": "DocumentSetup", "exit": "ExitServer", "jcl": "JCLSetup", "page": "PageSetup"}
_NAMES = {
    "inputslot": "Media Source",
    "mediatype": "Media Type",
    "outputbin": "Output Bin",
    "pagesize": "Media Size",
}
"""The texts that libcups gives to options if the file has none."""
_YES_OR_NO = {"True": "Yes", "False": "No"}
_ENCODINGS = {"isolatin1": "iso-8859-1", "windowsansi": "cp1252", "utf-8": "utf-8", "isolatin2": "iso-8859-2",
              "isolatin5": "iso-8859-9", "jis83-rksj": "shift_jis", "macstandard": "mac-roman"}  # fmt: skip
_LINE = re.compile(r"\*([^\s:/]+)(?:[ \t]+([^:/\r\n]*))?(?:/([^:\r\n]*))?[ \t]*:[ \t]*(.*)", re.DOTALL)
_HEX = re.compile(r"<([0-9A-Fa-f\s]*)>")
_MOST = 16_777_216
_OFF = frozenset({"", "none", "off", "false"})
_NO_ATTRIBUTES = frozenset({"end", "ppd-adobe", "imageablearea", "paperdimension"})
_conformance = PPD_CONFORM_RELAXED


def ppdSetConformance(level: int, /) -> None:
    """Set how PPDs are read from now on: PPD_CONFORM_STRICT refuses a file that begins otherwise than
    ``*PPD-Adobe:``."""
    global _conformance
    _conformance = level


class Attribute:
    """A line of the file that belongs to no option: ``name``, ``spec`` and its ``text``, and ``value``."""

    def __init__(self, name: str, spec: str, text: str, value: str) -> None:
        self.name, self.spec, self.text, self.value = name, spec, text, value

    def __repr__(self) -> str:
        return f"<cups.Attribute *{self.name}{f' {self.spec}' if self.spec else ''}>"


class Constraint:
    """Two options, or choices of them, that do not go together; an empty choice is any but None, Off or False."""

    def __init__(self, option1: str, choice1: str, option2: str, choice2: str) -> None:
        self.option1, self.choice1, self.option2, self.choice2 = option1, choice1, option2, choice2


class _Choice:
    def __init__(self, name: str, text: str, code: str) -> None:
        self.name, self.text, self.code = name, text, code
        self.marked = False


class Option:
    """An option: ``keyword``, ``text``, ``ui`` (PPD_UI_PICKONE, ...), ``defchoice``, ``choices`` and ``conflicted``."""

    def __init__(self, keyword: str, text: str, ui: int) -> None:
        self.keyword, self.text, self.ui = keyword, text, ui
        self.defchoice = ""
        self.conflicted = False
        self._choices: dict[str, _Choice] = {}
        self._section, self._order = "AnySetup", 10.0

    @property
    def choices(self) -> list[dict[str, Any]]:
        """``[{"choice": "A4", "text": "A4", "marked": True}]``; the default comes last if it is not listed."""
        found = [{"choice": each.name, "text": each.text, "marked": each.marked} for each in self._choices.values()]
        if self.defchoice and not any(each["choice"] == self.defchoice for each in found):
            found.append({"choice": self.defchoice, "text": self.defchoice, "marked": False})
        return found

    def __repr__(self) -> str:
        return f"<cups.Option {self.keyword}>"


class Group:
    """A group: ``name``, ``text``, its ``options`` and its ``subgroups``."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.options: list[Option] = []
        self.subgroups: list[Group] = []

    def __repr__(self) -> str:
        return f"<cups.Group {self.name}>"


class _Line(NamedTuple):
    keyword: str
    spec: str
    text: str
    value: str
    quoted: bool


class PPD:
    """A PPD file, which may be compressed by gzip. filename: where it is.

    Raises RuntimeError for a file that is not a PPD, or cannot be read.
    """

    def __init__(self, filename: str | bytes, /) -> None:
        self._filename = to_text(filename)
        try:
            octets = Path(self._filename).read_bytes()
            if octets.startswith(b"\x1f\x8b"):
                with gzip.open(self._filename) as file:
                    octets = file.read(_MOST)
        except OSError as error:
            raise RuntimeError("fopen failed") from error
        first = octets.lstrip(b"\xef\xbb\xbf\r\n\t ")[:11]
        if not first.startswith(b"*PPD-Adobe") or (
            _conformance == PPD_CONFORM_STRICT and not octets.startswith(b"*PPD-Adobe:")
        ):
            raise RuntimeError("ppdOpenFile failed")
        self._text = _decode(octets)
        self._groups: list[Group] = []
        self._options: dict[str, Option] = {}
        self.attributes: list[Attribute] = []
        self.constraints: list[Constraint] = []
        self._found: tuple[str, str | None, int] = ("", None, 0)
        self._custom: set[str] = set()
        self._read()

    def __repr__(self) -> str:
        return f"<cups.PPD object at 0x{id(self):x}>"

    @property
    def optionGroups(self) -> list[Group]:
        """The groups of options; those that the file puts into no group are in ``General``."""
        return self._groups

    # Reading.

    def _read(self) -> None:
        open_groups: list[Group] = []
        option: Option | None = None
        jcl = False
        defaults: dict[str, str] = {}
        orders: list[_Line] = []
        for line in _lines(self._text):
            keyword = line.keyword
            key = keyword.lower()
            if key in ("openui", "jclopenui"):
                option, jcl = self._open(line, open_groups, key == "jclopenui"), key == "jclopenui"
            elif key in ("closeui", "jclcloseui"):
                option = None
            elif key in ("opengroup", "opensubgroup"):
                name, _, text = line.value.partition("/")
                self._open_group(name.strip(), _unhex(text.strip()), open_groups, deep=key == "opensubgroup")
            elif key in ("closegroup", "closesubgroup"):
                if open_groups:
                    open_groups.pop()
            elif key in ("uiconstraints", "nonuiconstraints"):
                self.constraints += _constraints(line.value)
            elif key == "orderdependency":
                orders.append(line)
            elif option is not None and keyword == option.keyword and line.spec and not (jcl and not line.quoted):
                self._add_choice(option, line)
            elif key not in _NO_ATTRIBUTES:
                if key.startswith("custom") and line.spec == "True":
                    self._add_custom(keyword[6:])
                if key.startswith("default") and len(key) > 7:
                    defaults.setdefault(keyword[7:], line.value)
                self.attributes.append(Attribute(keyword, line.spec, line.text, line.value))
        for name, value in defaults.items():
            found = self._options.get(name) or self._options.get(f"JCL{name}")
            if found is not None:
                found.defchoice = value.partition("/")[0]
        for line in orders:
            self._order(line)

    def _open(self, line: _Line, open_groups: list[Group], jcl: bool) -> Option:
        keyword = line.spec.lstrip("*").strip()
        ui = _UI.get(line.value.strip().lower(), PPD_UI_PICKONE)
        text = line.text or _NAMES.get(keyword.lower(), keyword)
        option = self._options.get(keyword)
        if option is not None:
            return option
        option = self._options[keyword] = Option(keyword, text, ui)
        if jcl:
            group = self._group("JCL", "JCL")
        elif open_groups:
            group = open_groups[-1]
        else:
            group = self._group("General", "General")
        if ui == PPD_UI_BOOLEAN:
            option.defchoice = ""
        group.options.append(option)
        if keyword in self._custom:
            self._add_custom(keyword)
        return option

    def _add_custom(self, name: str) -> None:
        """Let an option, which the file may have later, take values of the user's."""
        for keyword in ("PageSize", "PageRegion") if name == "PageSize" else (name,):
            self._custom.add(keyword)
            option = self._options.get(keyword)
            if option is not None and "Custom" not in option._choices:
                option._choices["Custom"] = _Choice("Custom", "Custom", "")

    def _group(self, name: str, text: str) -> Group:
        for group in self._groups:
            if group.name == name:
                return group
        group = Group(name, text)
        self._groups.append(group)
        return group

    def _open_group(self, name: str, text: str, open_groups: list[Group], *, deep: bool) -> None:
        if deep and open_groups:
            group = Group(name, text or name)
            open_groups[-1].subgroups.append(group)
        else:
            open_groups.clear()
            group = self._group(name, text or name)
        open_groups.append(group)

    def _add_choice(self, option: Option, line: _Line) -> None:
        if line.spec not in option._choices:
            text = line.text or _YES_OR_NO.get(line.spec, line.spec)
            option._choices[line.spec] = _Choice(line.spec, text, line.value)

    def _order(self, line: _Line) -> None:
        words = line.value.split()
        if len(words) < 3:
            return
        option = self._options.get(words[2].lstrip("*"))
        if option is not None:
            try:
                option._order = float(words[0])
            except ValueError:
                return
            option._section = next((each for each in _SECTIONS if each.lower() == words[1].lower()), "AnySetup")

    # Looking up.

    def findOption(self, name: str | bytes, /) -> Option | None:
        """The option of this keyword, in whatever case; None if there is none."""
        wanted = to_text(name).lower()
        return next((each for key, each in self._options.items() if key.lower() == wanted), None)

    def findAttr(self, name: str | bytes, spec: str | bytes | None = None) -> Attribute | None:
        """The first attribute of this name, and of this spec if one is given; None if there is none."""
        self._found = (to_text(name), None if spec is None else to_text(spec), -1)
        return self._next()

    def findNextAttr(self, name: str | bytes, spec: str | bytes | None = None) -> Attribute | None:
        """The next one after `findAttr` or this method found one."""
        asked = (to_text(name), None if spec is None else to_text(spec))
        if self._found[:2] != asked:
            return None
        return self._next()

    def _next(self) -> Attribute | None:
        name, spec, at = self._found
        # As in libcups, whose attributes are sorted by their names and specs.
        for index, each in list(enumerate(_sorted(self.attributes)))[at + 1 :]:
            if each.name.lower() == name.lower() and (spec is None or each.spec.lower() == spec.lower()):
                self._found = (name, spec, index)
                return each
        self._found = ("", None, 0)
        return None

    # Marking.

    def markDefaults(self) -> None:
        """Mark the default choice of every option."""
        for option in self._options.values():
            for choice in option._choices.values():
                choice.marked = False
        for option in self._options.values():
            if option.keyword.lower() != "pageregion":
                self._mark(option.keyword, option.defchoice)

    def markOption(self, option: str | bytes, choice: str | bytes, /) -> int:
        """Mark a choice of an option. Returns the number of conflicts after that."""
        self._mark(to_text(option), to_text(choice))
        return self.conflicts()

    def _mark(self, keyword: str, name: str) -> None:
        if keyword.lower() in ("pagesize", "pageregion") and name.lower().startswith("custom."):
            name = "Custom"
        option = self.findOption(keyword)
        if option is None:
            return
        chosen = next((each for key, each in option._choices.items() if key.lower() == name.lower()), None)
        if chosen is None:
            return
        if option.ui != PPD_UI_PICKMANY:
            self._unmark(option.keyword)
            other = {"pagesize": "PageRegion", "pageregion": "PageSize"}.get(option.keyword.lower())
            if other is not None:
                self._unmark(other)
            elif option.keyword.lower() == "inputslot":
                manual = self.findOption("ManualFeed")
                if manual is not None and "False" in manual._choices:
                    self._unmark("ManualFeed")
                    manual._choices["False"].marked = True
            elif option.keyword.lower() == "manualfeed" and chosen.name.lower() == "true":
                self._unmark("InputSlot")
        chosen.marked = True

    def _unmark(self, keyword: str) -> None:
        option = self.findOption(keyword)
        for choice in [] if option is None else option._choices.values():
            choice.marked = False

    def conflicts(self) -> int:
        """How many constraints the marked choices break; ``conflicted`` of their options says which."""
        for option in self._options.values():
            option.conflicted = False
        count = 0
        for each in self.constraints:
            first, second = self.findOption(each.option1), self.findOption(each.option2)
            if first is None or second is None:
                continue
            if self._holds(first, each.choice1) and self._holds(second, each.choice2):
                first.conflicted = second.conflicted = True
                count += 1
        return count

    def _holds(self, option: Option, choice: str) -> bool:
        """Whether one side of a constraint is marked. PageSize and PageRegion count as one."""
        options = [option]
        if option.keyword.lower() in ("pagesize", "pageregion"):
            options = [each for key in ("PageSize", "PageRegion") if (each := self._options.get(key)) is not None]
        marked = [each.name for one in options for each in one._choices.values() if each.marked]
        if choice:
            return any(name.lower() == choice.lower() for name in marked)
        return any(name.lower() not in _OFF for name in marked)

    def nondefaultsMarked(self) -> bool:
        """Whether a choice is marked that is not a default."""
        return any(
            choice.marked and choice.name != option.defchoice
            for option in self._options.values()
            for choice in option._choices.values()
        )

    # Texts.

    def localize(self) -> None:
        """Replace the texts of options and choices by those of the user's language, if the file has them."""
        language = _language()
        texts = {(each.name.lower(), each.spec): each.text for each in self.attributes if each.text}
        for code in (language, language.partition("_")[0]):
            prefix = f"{code.lower()}."
            if not any(name.startswith(prefix) for name, _ in texts):
                continue
            for group in self._groups:
                group.text = texts.get((f"{prefix}translation", group.name), group.text)
            for option in self._options.values():
                option.text = texts.get((f"{prefix}translation", option.keyword), option.text)
                for choice in option._choices.values():
                    choice.text = texts.get((f"{prefix}{option.keyword.lower()}", choice.name), choice.text)
            return

    def localizeIPPReason(self, reason: str | bytes, scheme: str | bytes | None = None) -> str | None:
        """The text of a state reason of this printer, or its URI of a scheme; None if the file has none."""
        attribute = self._translated("cupsIPPReason", to_text(reason))
        if attribute is None:
            return None
        if scheme is None:
            return attribute.text or None
        wanted = f"{to_text(scheme)}:"
        return next((each for each in attribute.value.split() if each.startswith(wanted)), None)

    def localizeMarkerName(self, name: str | bytes, /) -> str | None:
        """The text of a marker's name; None if the file has none."""
        attribute = self._translated("cupsMarkerName", to_text(name))
        return None if attribute is None else attribute.text or None

    def _translated(self, name: str, spec: str) -> Attribute | None:
        language = _language()
        for prefix in (f"{language}.", f"{language.partition('_')[0]}.", ""):
            for each in self.attributes:
                if each.name.lower() == f"{prefix}{name}".lower() and each.spec.lower() == spec.lower():
                    return each
        return None

    # Writing.

    def writeFd(self, fd: int, /) -> None:
        """Write the file to a descriptor, with the marked choices as defaults."""
        marked = {
            option.keyword: choice.name
            for option in self._options.values()
            for choice in option._choices.values()
            if choice.marked
        }
        if "PageSize" in marked:
            marked |= dict.fromkeys(("PageRegion", "ImageableArea", "PaperDimension"), marked["PageSize"])
        made = []
        for line in self._text.splitlines(keepends=True):
            found = re.match(r"\*Default([^:\s]+):", line)
            if found is not None and found[1] in marked:
                end = line[len(line.rstrip("\r\n")) :]
                line = f"*Default{found[1]}: {marked[found[1]]}{end}"
            made.append(line)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write("".join(made).encode(self._encoding, "surrogateescape"))

    @property
    def _encoding(self) -> str:
        return "utf-8" if _encoding_of(self._text) == "utf-8" else "iso-8859-1"

    def _marked(self, section: int, least: float = 0.0) -> Iterator[tuple[Option, _Choice]]:
        """The marked choices whose code belongs to a section, in their order."""
        wanted = _SECTIONS[section] if 0 <= section < len(_SECTIONS) else ""
        options = [each for each in self._options.values() if each._section == wanted and each._order >= least]
        for option in sorted(options, key=lambda each: each._order):
            for choice in option._choices.values():
                if choice.marked:
                    yield option, choice

    def emitString(self, section: int, min_order: float, /) -> str | None:
        """The code of the marked choices of a section, from this order dependency on; None if there is none."""
        return self._code(section, min_order) or None

    def _code(self, section: int, min_order: float) -> str:
        made = []
        jcl = _SECTIONS[section : section + 1] in (("ExitServer",), ("JCLSetup",))
        for option, choice in self._marked(section, min_order):
            if jcl:
                made.append(_unhex(choice.code))
            else:
                code = choice.code if not choice.code or choice.code.endswith("\n") else f"{choice.code}\n"
                feature = f"%%BeginFeature: *{option.keyword} {choice.name}\n{code}%%EndFeature\n"
                made.append(f"[{{\n{feature}}} stopped cleartomark\n")
        return "".join(made)

    def emit(self, file: Any, section: int, /) -> None:
        """Write the code of the marked choices of a section to a file."""
        _write(file, self._code(section, 0.0))

    def emitAfterOrder(self, file: Any, section: int, limit: int, min_order: float, /) -> None:
        """As `emit`; limit: only from this order dependency on."""
        _write(file, self._code(section, min_order if limit else 0.0))

    def emitFd(self, fd: int, section: int, /) -> None:
        """As `emit`, to a descriptor."""
        with os.fdopen(os.dup(fd), "w", encoding="utf-8") as file:
            file.write(self._code(section, 0.0))

    def emitJCL(self, file: Any, job_id: int, user: str | bytes, title: str | bytes, /) -> None:
        """Write what begins a job: the file's JCLBegin, the marked choices of JCLSetup, and JCLToPSInterpreter."""
        begin, end = self.findAttr("JCLBegin"), self.findAttr("JCLToPSInterpreter")
        if begin is not None:
            text = _unhex(begin.value) + self._code(3, 0.0) + ("" if end is None else _unhex(end.value))
            _write(file, text)

    def emitJCLEnd(self, file: Any, /) -> None:
        """Write what ends a job: the file's JCLEnd, or a Control-D."""
        end = self.findAttr("JCLEnd")
        _write(file, "\x04" if end is None else _unhex(end.value))


def _write(file: Any, text: str) -> None:
    if "b" in getattr(file, "mode", ""):
        file.write(text.encode())
    else:
        file.write(text)


def _sorted(attributes: list[Attribute]) -> list[Attribute]:
    return sorted(attributes, key=lambda each: (each.name.lower(), each.spec.lower()))


def _language() -> str:
    try:
        return (locale.getlocale(locale.LC_MESSAGES)[0] or "en").replace("-", "_")
    except (ValueError, AttributeError):
        return "en"


def _encoding_of(text: str) -> str:
    found = re.search(r"^\*LanguageEncoding:\s*(\S+)", text, re.MULTILINE)
    return _ENCODINGS.get("" if found is None else found[1].lower(), "iso-8859-1")


def _decode(octets: bytes) -> str:
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    encoding = _encoding_of(octets.decode("iso-8859-1"))
    return octets.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> Iterator[_Line]:
    """The statements of a file. A quoted value may go over several lines."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        start, at = at, end + 1
        if not line.startswith("*") or line.startswith("*%"):
            continue
        found = _LINE.match(line)
        if found is None:
            continue
        keyword, spec, words, value = found[1], (found[2] or "").strip(), found[3] or "", found[4]
        quoted = value.startswith('"')
        if quoted:
            opened = start + found.start(4) + 1
            closed = text.find('"', opened)
            closed = len(text) if closed < 0 else closed
            value = text[opened:closed]
            next_line = text.find("\n", closed)
            at = len(text) if next_line < 0 else next_line + 1
        else:
            value = value.strip()
        yield _Line(keyword, spec, _unhex(words.strip()), value, quoted)


def _unhex(text: str) -> str:
    """A text with the octets that it gives in hexadecimal, between angle brackets."""

    def octets(found: re.Match[str]) -> str:
        digits = re.sub(r"\s", "", found[1])
        return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")

    return _HEX.sub(octets, text)


def _constraints(value: str) -> list[Constraint]:
    words = value.replace('"', "").split()
    sides: list[list[str]] = []
    for word in words:
        if word.startswith("*"):
            sides.append([word[1:]])
        elif sides:
            sides[-1].append(word)
    if len(sides) != 2:
        return []
    (option1, *choice1), (option2, *choice2) = sides
    return [Constraint(option1, "".join(choice1[:1]), option2, "".join(choice2[:1]))]
