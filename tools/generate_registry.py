"""Writes ippfast/enums.py and ippfast/_registry_data.py from IANA's IPP registry.

    python tools/generate_registry.py [XML [DIRECTORY]]

XML is IANA's ipp-registrations.xml (https://www.iana.org/assignments/ipp-registrations, public domain; a copy
is in tools/registry), DIRECTORY the package to write into. Two files beside the copy add to it: errata.toml,
what the table spells wrongly or leaves out, and cups.toml, what CUPS defines of its own.

The rules of this file: the same input gives the same octets, and nothing is guessed. A syntax, a group or a
rule that is not understood stops the generator, and is then put right in errata.toml.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent / "registry"
PACKAGE = Path(__file__).resolve().parent.parent / "ippfast"

# The attribute group (delimiter tag) in which the registry's groups travel.
GROUP_TAGS = {
    "Operation": 0x01,
    "Job Template": 0x02,
    "Job Description": 0x02,
    "Job Status": 0x02,
    "Printer Description": 0x04,
    "Printer Status": 0x04,
    "CUPS Device": 0x04,
    "CUPS PPD": 0x04,
    "Subscription Template": 0x06,
    "Subscription Status": 0x06,
    "Event Notifications": 0x07,
    "Resource Description": 0x08,
    "Resource Status": 0x08,
    "Document Template": 0x09,
    "Document Description": 0x09,
    "Document Status": 0x09,
    "System Description": 0x0A,
    "System Status": 0x0A,
}
# The longest value in octets where the registry says MAX or nothing (RFC 8011 section 5.1).
LENGTHS = {
    "text": 1023,
    "name": 255,
    "keyword": 255,
    "uri": 1023,
    "uriScheme": 63,
    "charset": 63,
    "naturalLanguage": 63,
    "mimeMediaType": 255,
    "octetString": 1023,
}
BARE = {"boolean", "enum", "dateTime", "resolution", "collection"}
BOUNDED = {"integer", "rangeOfInteger"}
OUT_OF_BAND = {"unknown", "no-value", "delete-attribute"}
# Named after another attribute, whose values and members it then has (RFC 8011 section 5.2, PWG 5100.8).
DERIVED = re.compile(r"(.+)-(?:actual|database|default|detected|ready|supplied|supported)")
# The whole and the parts of "media" that other attributes take their values from.
PARTS_OF_MEDIA = ("input-tray", "media-name", "envelope-name", "size-name")

Bounds = tuple[int, int]


class RegistryError(Exception):
    """The registry says something that this generator does not understand."""


# Reading IANA's tables.


@dataclass(frozen=True)
class Attribute:
    """One row of the Attributes table; ``members_of`` where it reads '<Any "x" member attribute>'."""

    group: str
    path: str
    syntax: str
    flags: frozenset[str]
    members_of: str
    reference: str


@dataclass(frozen=True)
class Value:
    """A keyword, enum value, operation-id or status-code; ``kind`` is the sort of a media keyword."""

    attribute: str
    keyword: str
    number: int
    kind: str
    flags: frozenset[str]
    reference: str


@dataclass(frozen=True)
class Tables:
    """The registry as rows, in its own order."""

    attributes: list[Attribute]
    keywords: list[Value]
    enums: list[Value]
    operations: list[Value]
    status_codes: list[Value]
    rules: list[tuple[str, str]]  # (attribute, '<Any "x" value>')


def read_tables(xml: Path) -> Tables:
    """The tables of IANA's file, as they stand there."""
    tables = {
        table.get("id", "").removeprefix("ipp-registrations-"): table.findall("{*}record")
        for table in ElementTree.parse(xml).getroot().findall("{*}registry")
    }
    attributes = [_attribute(record) for record in tables["2"]]
    keywords, keyword_rules = _values(tables["4"])
    enums, enum_rules = _values(tables["6"])
    operations = [value for value in enums if value.attribute == "operations-supported"]
    return Tables(
        attributes,
        keywords,
        [value for value in enums if value.attribute != "operations-supported"],
        [value for value in operations if not value.keyword.startswith("Reserved")],
        list(_status_codes(tables["11"])),
        keyword_rules + enum_rules,
    )


def _status_codes(records: Iterable[ElementTree.Element]) -> Iterator[Value]:
    for record in records:
        name = _text(record, "name")
        if name[0].islower():  # the others are ranges, "Unassigned" or "Reserved"
            number = int(_text(record, "value"), 16)
            yield Value("status-code", name, number, "", frozenset(), _reference(record))


def _attribute(record: ElementTree.Element) -> Attribute:
    names, flags, members_of = [], set[str](), ""
    for level in ("name", "member_attribute", "sub-member_attribute"):
        name, level_flags = _split_flags(_text(record, level))
        flags |= level_flags
        if rule := re.fullmatch(r'<Any (?:"(.+)" member|(Job Template)) attribute>', name, re.IGNORECASE):
            members_of = rule[1] or rule[2]
        elif name:
            names.append(name)
    path = "/".join(names)
    if "<" in path:
        raise RegistryError(f"attribute {path}: unknown rule")
    group, syntax = _text(record, "collection"), _text(record, "syntax")
    return Attribute(group, path, syntax, frozenset(flags), members_of, _reference(record))


def _values(records: Iterable[ElementTree.Element]) -> tuple[list[Value], list[tuple[str, str]]]:
    values, rules = [], []
    for record in records:
        attribute, _ = _split_flags(_text(record, "attribute"))
        value, flags = _split_flags(_text(record, "value"))
        name, name_flags = _split_flags(_text(record, "name"))
        if value.startswith("<"):
            rules.append((attribute, value))
        elif name:
            values.append(Value(attribute, name, int(value, 0), "", flags | name_flags, _reference(record)))
        elif value:
            kind = _text(record, "type").replace(" ", "-")
            values.append(Value(attribute, value, 0, kind, flags, _reference(record)))
    return values, rules


def _text(record: ElementTree.Element, child: str) -> str:
    found = record.find("{*}" + child)
    return "" if found is None else " ".join("".join(found.itertext()).split())


def _split_flags(text: str) -> tuple[str, frozenset[str]]:
    """``"copies(obsolete)(extension)"`` -> ``"copies", {"obsolete", "extension"}``."""
    flag = re.compile(r"\s*\((deprecated|obsolete|extension|under review)\)")
    return flag.sub("", text), frozenset(flag.findall(text))


def _reference(record: ElementTree.Element) -> str:
    found = record.find("{*}xref")
    if found is None:
        return ""
    return found.get("data", "").upper() if found.get("type") == "rfc" else _text(record, "xref")


# Syntaxes.


@dataclass(frozen=True)
class Syntax:
    """A syntax in the registry's notation; bounds are of values for integers, of octets for strings."""

    is_set: bool
    terms: dict[str, Bounds | None]
    out_of_band: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Syntax":
        """From ``"1setOf (type2 keyword | name(MAX))"``; raises RegistryError for anything unclear."""
        terms: dict[str, Bounds | None] = {}
        out_of_band = []
        if text.count("1setOf") > 1 or text.count("(") != text.count(")"):
            raise RegistryError(f"syntax {text!r}")
        for alternative in text.replace("1setOf", "").replace("'", "").split("|"):
            term = re.fullmatch(r"\(?(?:type[123] )?([a-zA-Z-]+) ?(?:\(([^()]+)\))?\)?", alternative.strip())
            if term is None:
                raise RegistryError(f"syntax {text!r}: {alternative!r}")
            word, argument = term[1], term[2]
            if word in BOUNDED:
                low, high = (_bound(bound, text) for bound in (argument or "MIN:MAX").split(":"))
                if low >= high:
                    raise RegistryError(f"syntax {text!r}: empty range")
                terms[word] = low, high
            elif word in LENGTHS:
                terms[word] = 0, LENGTHS[word] if argument in (None, "MAX") else _bound(argument, text)
            elif word in BARE and argument is None:
                terms[word] = None
            elif word in OUT_OF_BAND and argument is None:
                out_of_band.append(word)
            else:
                raise RegistryError(f"syntax {text!r}: {alternative!r}")
        return cls("1setOf" in text, terms, tuple(out_of_band))

    def merge(self, other: "Syntax") -> "Syntax":
        """What either allows: two registrations of one attribute do not take values from each other."""
        terms = self.terms | other.terms
        for word in self.terms.keys() & other.terms.keys():
            mine, its = self.terms[word], other.terms[word]
            if mine and its:
                terms[word] = min(mine[0], its[0]), max(mine[1], its[1])
        out_of_band = dict.fromkeys(self.out_of_band + other.out_of_band)
        return Syntax(self.is_set or other.is_set, terms, tuple(out_of_band))

    def __str__(self) -> str:
        """Always in the one form ``"1setOf keyword | name(127) | no-value"``."""
        terms = [word + _argument(word, bounds) for word, bounds in self.terms.items()]
        return ("1setOf " if self.is_set else "") + " | ".join(terms + list(self.out_of_band))


def _bound(text: str, syntax: str) -> int:
    try:
        return {"MIN": -(2**31), "MAX": 2**31 - 1}.get(text.strip()) or int(text)
    except ValueError:
        raise RegistryError(f"syntax {syntax!r}: bound {text!r}") from None


def _argument(word: str, bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    if word in BOUNDED:
        return "({}:{})".format(*({-(2**31): "MIN", 2**31 - 1: "MAX"}.get(bound, bound) for bound in bounds))
    if bounds[1] == LENGTHS[word]:
        return "(MAX)" if word in ("text", "name", "octetString") else ""
    return f"({bounds[1]})"


# One entry for each attribute path.


@dataclass(frozen=True)
class Entry:
    """All registrations of one path, or those of one attribute group."""

    groups: tuple[str, ...]
    syntax: Syntax
    flags: frozenset[str]
    references: tuple[str, ...]

    @classmethod
    def of(cls, rows: list[Attribute]) -> "Entry":
        """The union of the rows' syntaxes, in the order of the table.

        An attribute is deprecated or obsolete where each group that registers it says so; within a group a
        later document says so, and the earlier registration still stands beside it.
        """
        syntax = Syntax.parse(rows[0].syntax)
        by_group: dict[str, frozenset[str]] = {}
        for row in rows:
            syntax = syntax.merge(Syntax.parse(row.syntax))
            by_group[row.group] = by_group.get(row.group, frozenset()) | (row.flags - {"extension"})
        flags = frozenset.intersection(*by_group.values())
        references = dict.fromkeys(row.reference for row in rows if row.reference)
        return cls(tuple(by_group), syntax, flags, tuple(references))


def corrected(attributes: list[Attribute], errata: dict[str, Any], cups: dict[str, Any]) -> list[Attribute]:
    """The rows after the errata, with CUPS' own at the end."""
    meant = {(group, path, syntax): correct for group, path, syntax, correct in errata["corrections"]}
    registered = {(row.group, row.path, row.syntax) for row in attributes}
    if stale := meant.keys() - registered:
        raise RegistryError(f"errata.toml corrects rows that do not stand in the registry: {sorted(stale)}")
    rows = [replace(row, syntax=meant.get((row.group, row.path, row.syntax), row.syntax)) for row in attributes]
    for group, path, syntax, reference in errata["additions"]:
        if any(row.group == group and row.path == path for row in attributes):
            raise RegistryError(f"errata.toml adds {path}, which the registry has by now")
        rows.append(Attribute(group, path, syntax, frozenset(), "", reference))
    for group, path, syntax in cups["attributes"]:
        if any(row.group == group and row.path == path and row.syntax == syntax for row in rows):
            raise RegistryError(f"cups.toml repeats {path}")
        rows.append(Attribute(group, path, syntax, frozenset(), "", "CUPS"))
    return rows


def entries_by_path(rows: list[Attribute]) -> tuple[dict[str, Entry], dict[tuple[str, int], Entry]]:
    """By path; where the registrations differ by attribute group, by (path, delimiter tag) too."""
    by_path: dict[str, dict[int, list[Attribute]]] = {}
    for row in rows:
        if not row.members_of:
            by_path.setdefault(row.path, {}).setdefault(GROUP_TAGS[row.group], []).append(row)
    entries: dict[str, Entry] = {}
    variants: dict[tuple[str, int], Entry] = {}
    for path in sorted(by_path):
        if "/" in path and path.rpartition("/")[0] not in by_path:
            raise RegistryError(f"{path}: member of an attribute that is not registered")
        entries[path] = Entry.of([row for rows in by_path[path].values() for row in rows])
        by_tag = {(path, tag): Entry.of(rows) for tag, rows in sorted(by_path[path].items())}
        if len({(str(entry.syntax), entry.flags) for entry in by_tag.values()}) > 1:
            variants |= by_tag
    return entries, variants


def member_sources(rows: list[Attribute], entries: dict[str, Entry], errata: dict[str, Any]) -> dict[str, str]:
    """For a collection the path of another one whose members it has too.

    ``"Job Template"`` stands for all attributes of that group, ``"1setOf Job Template"`` for sets of them.
    """
    sources: dict[str, str] = dict(errata["members"])
    for row in rows:
        if row.members_of and row.members_of != row.path:
            sources[row.path] = row.members_of
    parents = {path.rpartition("/")[0] for path in entries} | sources.keys()
    for path, entry in entries.items():
        derived = DERIVED.fullmatch(path)
        if derived and path not in parents and "collection" in entry.syntax.terms:
            base = entries.get(derived[1])
            if base and "collection" in base.syntax.terms:
                sources[path] = derived[1]
    for path, source in sources.items():
        if path not in entries or (source not in entries and source != "Job Template"):
            raise RegistryError(f"members of {path}: no {source}")
    for path in errata["members_are_sets"]:
        sources[path] = "1setOf " + sources[path]
    return sources


# The values of keyword and enum attributes.


def value_sources(rules: list[tuple[str, str]], errata: dict[str, Any]) -> dict[str, list[str]]:
    """By attribute the names of those whose values it takes, from rules such as '<Any "sides" value>'."""
    sources: dict[str, list[str]] = {}
    for attribute, text in rules:
        rule = re.fullmatch(r'<\s*(?:any|all) "?([a-z][a-z0-9-]*(?: code)?)"? ?(.*?)\s*>', text, re.I)
        if rule is None or "value" not in rule[2]:
            if "attribute" not in text:
                raise RegistryError(f"values of {attribute}: {text}")
            continue  # '<Any Job object attribute>': open
        base, part = rule[1].replace(" ", "-"), re.sub(r" ?(?:enum )?values?.*", "", rule[2])
        if part == "media or size":
            names = [f"{base}/{name}" for name in PARTS_OF_MEDIA[1:]]
        else:
            names = [f"{base}/{part.replace(' ', '-')}" if part else base]
        known = sources.setdefault(attribute, [])
        known.extend(name for name in names if name not in known)
    for attribute, source in errata["values"]:
        sources[attribute] = [source]
    return sources


def keyword_table(
    tables: Tables, sources: dict[str, list[str]], entries: dict[str, Entry], cups: dict[str, Any]
) -> dict[str, list[str]]:
    """By attribute its keywords, sorted; ``"@sides"`` stands for those of another line."""
    table: dict[str, set[str]] = {}
    for value in tables.keywords:
        part = f"media/{value.kind}" if value.attribute == "media" else value.attribute
        table.setdefault(part, set()).add(value.keyword)
    table["media"] = {f"@media/{part}" for part in PARTS_OF_MEDIA}
    for attribute, keywords in cups["keywords"]:
        table.setdefault(attribute, set()).update(keywords.split())
    takes_keywords = _names_with("keyword", entries)
    for value in tables.enums:  # power-state is a keyword by its syntax, and has its values in the enum table
        if value.attribute in takes_keywords:
            table.setdefault(value.attribute, set()).add(value.keyword)

    def has_values(name: str) -> bool:
        return name in table or any(has_values(source) for source in sources.get(name, ()))

    for attribute in takes_keywords & sources.keys():
        # Some rules name an attribute without values (a slip for another one): nothing comes of those.
        if known := {f"@{name}" for name in sources[attribute] if has_values(name)}:
            table.setdefault(attribute, set()).update(known)
    for attribute in sorted(takes_keywords - table.keys()):
        derived = DERIVED.fullmatch(attribute)
        if derived and derived[1] in table:
            table[attribute] = {"@" + derived[1]}
    if dangling := {word[1:] for words in table.values() for word in words if word[0] == "@"} - table.keys():
        raise RegistryError(f"no values of {sorted(dangling)}")
    return {attribute: sorted(table[attribute]) for attribute in sorted(table)}


def enum_table(
    classes: dict[str, list[Value]], sources: dict[str, list[str]], entries: dict[str, Entry]
) -> dict[str, str]:
    """By attribute of syntax enum the name of the class in enums.py that has its values."""
    table = {}
    for attribute in sorted(_names_with("enum", entries)):
        derived = DERIVED.fullmatch(attribute)
        candidates = [attribute, *sources.get(attribute, ()), *([derived[1]] if derived else ())]
        if derived:
            candidates += sources.get(derived[1], ())
        for candidate in candidates:
            if candidate in classes:
                table[attribute] = class_name(candidate)
                break
    return table


def _names_with(word: str, entries: dict[str, Entry]) -> set[str]:
    return {path.rpartition("/")[2] for path, entry in entries.items() if word in entry.syntax.terms}


def class_name(attribute: str) -> str:
    """``"job-state"`` -> ``"JobState"``; operation-ids and status-codes have short names of their own."""
    short = {"operations-supported": "Operation", "status-code": "Status"}
    return short.get(attribute) or "".join(word.capitalize() for word in attribute.split("-"))


# Writing.

HEADER = '''\
"""{title}

Generated by tools/generate_registry.py from IANA's registry of {updated}, with tools/registry: do not edit.
"""
'''


def enums_module(classes: dict[str, list[Value]], updated: str) -> Iterator[str]:
    """The lines of enums.py."""
    title = "The numbers that have names in IPP: operation-ids, status-codes, values of the enum attributes."
    yield HEADER.format(title=title, updated=updated)
    yield "from ippfast._open_enum import CodeEnum, OpenEnum\n"
    yield "__all__ = ["
    yield from (f'    "{class_name(attribute)}",' for attribute in sorted(classes, key=class_name))
    yield "]"
    for attribute, values in classes.items():
        coded = attribute in ("operations-supported", "status-code")
        yield f"\n\nclass {class_name(attribute)}({'CodeEnum' if coded else 'OpenEnum'}):"
        yield f'    """{_title(attribute, values)}"""\n'
        for value in values:
            name = value.keyword.upper().replace("-", "_")
            number = f"0x{value.number:04X}" if coded else value.number
            note = f"  # {', '.join(sorted(value.flags))}" if value.flags else ""
            line = f'    {name} = {number}, "{value.keyword}"{note}'
            if len(line) > 110:  # as the formatter has it
                line = f'    {name} = (\n        {number},\n        "{value.keyword}",\n    ){note}'
            yield line


def _title(attribute: str, values: list[Value]) -> str:
    if attribute == "operations-supported":
        return "The operation-ids, those of CUPS (0x4001 and up) included."
    if attribute == "status-code":
        return "The status-codes."
    return f"The values of {attribute} ({', '.join(sorted({value.reference for value in values}))})."


def data_module(
    entries: dict[str, Entry],
    variants: dict[tuple[str, int], Entry],
    members: dict[str, str],
    keywords: dict[str, list[str]],
    enums: dict[str, str],
    classes: dict[str, list[Value]],
    updated: str,
) -> Iterator[str]:
    """The lines of _registry_data.py."""
    title = "The registry as plain tables; ippfast/registry.py reads them."
    yield HEADER.format(title=title, updated=updated)
    yield "# ruff: noqa: E501\n"
    yield "# The attribute group (delimiter tag) in which each of the registry's groups travels."
    yield from _dict("GROUPS: dict[str, int]", ((group, f"0x{tag:02X}") for group, tag in GROUP_TAGS.items()))
    yield "\n# Path -> groups; syntax; collection whose members it has too; flags; references. A member is in"
    yield "# the groups of the attribute that it belongs to."
    lines = ((path, _quote(_line(path, entry, members))) for path, entry in entries.items())
    yield from _dict("ATTRIBUTES: dict[str, str]", lines)
    yield "\n# (Name, delimiter tag) -> the same, where another group registers the attribute otherwise."
    yield "VARIANTS: dict[tuple[str, int], str] = {"
    for (path, tag), entry in variants.items():
        yield f'    ("{path}", 0x{tag:02X}): {_quote(_line(path, entry, members))},'
    yield "}"
    yield '\n# Attribute or member name -> its keywords; "@sides" stands for those of another line.'
    lines = ((name, _quote(" ".join(words))) for name, words in keywords.items())
    yield from _dict("KEYWORDS: dict[str, str]", lines)
    yield "\n# Attribute or member name -> class in ippfast.enums."
    yield from _dict("ENUMS: dict[str, str]", ((name, _quote(value)) for name, value in enums.items()))
    for name, attribute in (("OPERATIONS", "operations-supported"), ("STATUS_CODES", "status-code")):
        yield f"\n# Keyword of a member of ippfast.enums.{class_name(attribute)} -> flags; reference."
        values = classes[attribute]
        lines = ((value.keyword, _quote(f"{_join(value.flags)};{value.reference}")) for value in values)
        yield from _dict(f"{name}: dict[str, str]", lines)


def _line(path: str, entry: Entry, members: dict[str, str]) -> str:
    groups = "" if "/" in path else ",".join(entry.groups)
    source, references = members.get(path, ""), ",".join(entry.references)
    fields = (groups, str(entry.syntax), source, _join(entry.flags), references)
    if any(";" in field for field in fields):
        raise RegistryError(f"{path}: a semicolon in {fields}")
    return ";".join(fields)


def _join(flags: frozenset[str]) -> str:
    return ",".join(sorted(flags))


def _quote(text: str) -> str:
    return f'"{text}"'


def _dict(name: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"{name} = {{"
    yield from (f'    "{key}": {value},' for key, value in items)
    yield "}"


def generate(xml: Path, directory: Path) -> None:
    """Writes both modules into ``directory``. Raises RegistryError for what it does not understand."""
    errata, cups = (tomllib.loads((HERE / name).read_text("utf-8")) for name in ("errata.toml", "cups.toml"))
    tables = read_tables(xml)
    updated = ElementTree.parse(xml).getroot().findtext("{*}updated", "")
    rows = corrected(tables.attributes, errata, cups)
    entries, variants = entries_by_path(rows)
    sources = value_sources(tables.rules, errata)
    operations = list(tables.operations)
    for number, name in cups["operations"]:
        operations.append(Value("operations-supported", name, number, "", frozenset(), "CUPS"))
    classes = {"operations-supported": operations, "status-code": tables.status_codes}
    for value in tables.enums:
        values = classes.setdefault(value.attribute, [])
        if all(known.keyword != value.keyword for known in values):  # jog-offset stands there twice
            values.append(value)
    members = member_sources(rows, entries, errata)
    keywords = keyword_table(tables, sources, entries, cups)
    enums = enum_table(classes, sources, entries)
    data = data_module(entries, variants, members, keywords, enums, classes, updated)
    for name, lines in (("enums.py", enums_module(classes, updated)), ("_registry_data.py", data)):
        (directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> None:
    """The command line: see the top of this file."""
    defaults = [str(HERE / "ipp-registrations.xml"), str(PACKAGE)]
    xml, directory = arguments + defaults[len(arguments) :]
    generate(Path(xml), Path(directory))


if __name__ == "__main__":
    main(sys.argv[1:])
