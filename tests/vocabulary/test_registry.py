"""The registry: what it says agrees with IANA's file, path by path, and the generator still says the same."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ippfast
from ippfast import enums, registry
from ippfast._registry_data import ATTRIBUTES, ENUMS, VARIANTS
from ippfast.registry import AttributeSpec, enum_for, holders, keywords, lookup, members, names

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(ippfast.__file__).parent
XML = ROOT / "tools" / "registry" / "ipp-registrations.xml"

INTEGER, BOOLEAN, ENUM, RESOLUTION, RANGE, COLLECTION = 0x21, 0x22, 0x23, 0x32, 0x33, 0x34
TEXT, NAME, KEYWORD, URI = 0x41, 0x42, 0x44, 0x45
UNKNOWN, NO_VALUE, DELETE_ATTRIBUTE = 0x12, 0x13, 0x16
OPERATION, JOB, PRINTER, EVENT, DOCUMENT = 0x01, 0x02, 0x04, 0x07, 0x09


def found(path: str, group: int | None = None) -> AttributeSpec:
    spec = lookup(path, group)
    assert spec is not None, path
    return spec


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_registry", ROOT / "tools" / "generate_registry.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate_registry"] = module
    spec.loader.exec_module(module)
    return module


# The generator.


@pytest.mark.parametrize("seed", ["0", "1"])
def test_generating_again_gives_the_same_octets(tmp_path: Path, seed: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate_registry.py"), str(XML), str(tmp_path)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
    for name in ("enums.py", "_registry_data.py"):
        assert (tmp_path / name).read_bytes() == (PACKAGE / name).read_bytes(), name


def test_the_rows_of_the_source(generator: ModuleType) -> None:
    tables = generator.read_tables(XML)
    paths = [row.path for row in tables.attributes]
    assert len(paths) == 1658
    assert len({path for path in paths if "/" not in path}) == 958
    assert len({path.rpartition("/")[2] for path in paths if "/" in path}) == 240
    assert len(tables.operations) == 100
    assert len(tables.status_codes) == 50
    assert len(tables.enums) == 162
    assert len({value.attribute for value in tables.enums}) == 12
    assert len(tables.keywords) == 2710
    assert len({value.attribute for value in tables.keywords}) == 122


def test_every_row_of_the_source_is_found(generator: ModuleType) -> None:
    """Every registration allows no more than what is found at its path, in its group."""
    errata = generator.tomllib.loads((XML.parent / "errata.toml").read_text())
    rows = generator.corrected(generator.read_tables(XML).attributes, errata, {"attributes": []})
    for row in rows:
        spec = found(row.path, generator.GROUP_TAGS[row.group])
        if row.members_of:
            assert members(row.path).keys() >= members(row.members_of).keys()
            continue
        syntax = generator.Syntax.parse(row.syntax)
        allowed = generator.Syntax.parse(spec.syntax)
        assert allowed.merge(syntax) == allowed, (row, spec)
        assert spec.set is allowed.is_set
        assert "/" in row.path or row.group in spec.groups


def test_every_keyword_of_the_source_is_found(generator: ModuleType) -> None:
    values = generator.read_tables(XML).keywords
    assert [value for value in values if value.keyword not in keywords(value.attribute)] == []


def test_every_operation_and_status_code_of_the_source_is_found(generator: ModuleType) -> None:
    tables = generator.read_tables(XML)
    codes = registry.operations()
    for value in tables.operations:
        assert codes[value.number].code is enums.Operation(value.number)
        assert (codes[value.number].flags, codes[value.number].reference) == (value.flags, value.reference)
        assert enums.Operation(value.number).keyword == value.keyword
    assert len(codes) == 100 + 17
    assert codes[0x0003].flags == {"deprecated"}
    assert codes[0x4001].reference == "CUPS"
    statuses = registry.status_codes()
    assert {code: spec.code.keyword for code, spec in statuses.items()} == {
        value.number: value.keyword for value in tables.status_codes
    }


@pytest.mark.parametrize(
    "syntax",
    [
        "integer(MIN:MIN)",
        "integer(5:1)",
        "integer:0:MAX",
        "1setOf (name(MAX)",
        "1setOf (1setOf integer(1:MAX))",
        "type2 keyword]",
        "type9 keyword",
        "name(long)",
        "boolean(1)",
        "float",
        "",
    ],
)
def test_the_generator_refuses_an_unclear_syntax(generator: ModuleType, syntax: str) -> None:
    with pytest.raises(generator.RegistryError):
        generator.Syntax.parse(syntax)


def test_the_generator_refuses_a_correction_that_iana_has_made(generator: ModuleType) -> None:
    errata = {"corrections": [["Operation", "printer-uri", "url", "uri"]], "additions": []}
    with pytest.raises(generator.RegistryError, match="printer-uri"):
        generator.corrected(generator.read_tables(XML).attributes, errata, {"attributes": []})


# Looking up.


def test_an_attribute() -> None:
    assert found("copies") == AttributeSpec(
        path="copies",
        syntax="integer(1:MAX)",
        groups=("Document Template", "Job Template"),
        tags=(INTEGER,),
        set=False,
        minimum=1,
        maximum=2**31 - 1,
        max_octets=None,
        out_of_band=frozenset(),
        flags=frozenset(),
        reference="PWG5100.5, RFC8011",
    )


def test_a_member() -> None:
    spec = found("media-col-default/media-size/x-dimension")
    assert spec.name == "x-dimension"
    assert spec.path == "media-col-default/media-size/x-dimension"
    assert spec.groups == ("Printer Description",)
    assert spec.group_tags == (PRINTER,)
    assert (spec.tags, spec.minimum) == ((INTEGER,), 1)


@pytest.mark.parametrize(
    ("path", "tags", "wire_tags", "max_octets"),
    [
        ("printer-info", (0x41,), (0x41, 0x35), 127),
        ("job-name", (0x42,), (0x42, 0x36), 255),
        ("media", (0x44, 0x42), (0x44, 0x42, 0x36), 255),
        ("printer-uri", (0x45,), (0x45,), 1023),
        ("system-uuid", (0x45,), (0x45,), 45),
        ("printer-dns-sd-name", (0x42,), (0x42, 0x36), 63),
        ("attributes-charset", (0x47,), (0x47,), 63),
        ("document-format", (0x49,), (0x49,), 255),
        ("printer-device-id", (0x41,), (0x41, 0x35), 1023),
        ("job-password", (0x30,), (0x30,), 255),
        ("printer-resolution", (0x32,), (0x32,), None),
        ("media-col", (0x34,), (0x34,), None),
        ("page-ranges", (0x33,), (0x33,), None),
        ("printer-is-accepting-jobs", (0x22,), (0x22,), None),
        ("printer-current-time", (0x31,), (0x31,), None),
    ],
)
def test_tags_and_lengths(path: str, tags: tuple[int, ...], wire_tags: tuple[int, ...], max_octets: int | None) -> None:
    spec = found(path)
    assert (spec.tags, spec.wire_tags, spec.max_octets) == (tags, wire_tags, max_octets)


@pytest.mark.parametrize(
    ("path", "minimum", "maximum"),
    [
        ("copies", 1, 2**31 - 1),
        ("job-priority", 1, 100),
        ("chamber-temperature", -273, 2**31 - 1),
        ("page-ranges", 1, 2**31 - 1),
        ("media-col/media-top-offset", -(2**31), 2**31 - 1),
        ("pages-per-minute", 0, 2**31 - 1),
        ("marker-levels", -3, 100),
        ("sides", None, None),
    ],
)
def test_ranges(path: str, minimum: int | None, maximum: int | None) -> None:
    spec = found(path)
    assert (spec.minimum, spec.maximum) == (minimum, maximum)


@pytest.mark.parametrize(
    ("path", "out_of_band"),
    [
        ("copies", set()),
        ("printer-geo-location", {UNKNOWN}),
        ("proof-print-default", {NO_VALUE}),
        ("orientation-requested-default", {NO_VALUE}),
        ("client-info/client-version", {NO_VALUE}),
        ("requesting-user-name-allowed", {DELETE_ATTRIBUTE}),
    ],
)
def test_out_of_band_values(path: str, out_of_band: set[int]) -> None:
    assert found(path).out_of_band == out_of_band


@pytest.mark.parametrize(
    ("path", "flags"),
    [
        ("copies", set()),
        ("job-finishings", {"obsolete"}),
        ("document-access-errors", {"deprecated"}),
        ("insert-sheet/media-col/media-type", set()),
        ("force-front-side-default", {"under review"}),
        ("media-thickness-supported", set()),  # "extension" is the registration's affair, not the attribute's
        ("compression", set()),  # obsolete as Document Status alone
    ],
)
def test_flags(path: str, flags: set[str]) -> None:
    assert found(path).flags == flags


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "nope",
        "x-dimension",  # a member only
        "Copies",
        "copies ",
        "copies/x",
        "copies/",
        "media-col/",
        "/media-col",
        "media-col//media-size",
        "media-col/nope",
        "media-col/copies",
        "overrides/printer-name",
        "overrides/",
        "job-state@2",
        "\udcff\x00",
        "a/" * 20_000,
        "overrides/" * 20_000,
    ],
)
def test_what_is_not_registered(path: str) -> None:
    assert lookup(path) is None
    assert lookup(path, JOB) is None
    assert members(path) == {}
    assert keywords(path) == frozenset()
    assert enum_for(path) is None


# A bare name is no key: the paths, and where one path is registered twice the groups, decide.

TAGS_BY_PATH: dict[str, list[tuple[str, int | None, set[int]]]] = {
    "x-dimension": [
        ("media-col/media-size/x-dimension", None, {INTEGER}),
        ("media-size-supported/x-dimension", None, {INTEGER, RANGE}),
        ("media-col-database/media-size/x-dimension", None, {INTEGER, RANGE}),
        ("input-scan-regions-supported/x-dimension", None, {RANGE}),
        ("input-attributes/input-scan-regions/x-dimension", None, {INTEGER}),
    ],
    "y-dimension": [
        ("media-col/media-size/y-dimension", None, {INTEGER}),
        ("media-size-supported/y-dimension", None, {INTEGER, RANGE}),
        ("media-col-database/media-size/y-dimension", None, {INTEGER, RANGE}),
        ("input-scan-regions-supported/y-dimension", None, {RANGE}),
        ("input-attributes/input-scan-regions/y-dimension", None, {INTEGER}),
    ],
    "x-origin": [
        ("input-attributes/input-scan-regions/x-origin", None, {INTEGER}),
        ("input-scan-regions-supported/x-origin", None, {RANGE}),
    ],
    "y-origin": [
        ("input-attributes/input-scan-regions/y-origin", None, {INTEGER}),
        ("input-scan-regions-supported/y-origin", None, {RANGE}),
    ],
    "pages": [("pages", None, {INTEGER}), ("overrides/pages", None, {RANGE})],
    "media-size-name": [
        ("finishings-col/media-size-name", None, {KEYWORD}),
        ("media-col/media-size-name", None, {KEYWORD, NAME}),
    ],
    "cover-type": [
        ("cover-front/cover-type", None, {KEYWORD}),
        ("cover-back/cover-type", None, {KEYWORD, NAME}),
    ],
    "output-bin-actual": [
        ("output-bin-actual", DOCUMENT, {NAME}),
        ("output-bin-actual", JOB, {KEYWORD, NAME}),
        ("output-bin-actual", None, {KEYWORD, NAME}),
    ],
    # Extended by a later registration of the same path: both hold.
    "separator-sheets-type": [("separator-sheets/separator-sheets-type", None, {KEYWORD, NAME})],
    "job-hold-until-time-supported": [("job-hold-until-time-supported", PRINTER, {RANGE, BOOLEAN})],
    "job-password-encryption": [("job-password-encryption", OPERATION, {KEYWORD, NAME})],
    "job-password-encryption-supported": [("job-password-encryption-supported", None, {KEYWORD, NAME})],
}

SET_BY_PATH: dict[str, list[tuple[str, int | None, bool]]] = {
    "document-format-details": [
        ("document-format-details", DOCUMENT, False),
        ("document-format-details", OPERATION, True),
        ("document-format-details", None, True),
    ],
    "document-natural-language": [
        ("document-natural-language", None, False),
        ("document-format-details/document-natural-language", None, True),
        ("document-format-details-supplied/document-natural-language", None, True),
    ],
    "page-order-received-actual": [
        ("page-order-received-actual", DOCUMENT, True),
        ("page-order-received-actual", JOB, False),
    ],
    "pages": [("pages", None, False), ("overrides/pages", None, True)],
    "printer-service-type": [
        ("printer-service-type", OPERATION, True),
        ("printer-service-type", PRINTER, False),
        ("system-configured-printers/printer-service-type", None, False),
    ],
    # Extended by a later registration of the same path, one of them a set.
    "finishings-col": [("finishings-col", JOB, True), ("finishings-col", DOCUMENT, True)],
    "pdl-init-file": [("pdl-init-file", JOB, True)],
    "pdl-init-file-default": [("pdl-init-file-default", PRINTER, True)],
    "separator-sheets-type": [("separator-sheets/separator-sheets-type", None, True)],
    "feed-orientation-supported": [("feed-orientation-supported", PRINTER, True)],
    "job-password-repertoire-configured": [("job-password-repertoire-configured", PRINTER, True)],
    "media-thickness-supported": [("media-thickness-supported", PRINTER, True)],
}


@pytest.mark.parametrize("case", [case for cases in TAGS_BY_PATH.values() for case in cases])
def test_the_syntax_depends_on_the_path(case: tuple[str, int | None, set[int]]) -> None:
    path, group, tags = case
    assert set(found(path, group).tags) == tags


@pytest.mark.parametrize("case", [case for cases in SET_BY_PATH.values() for case in cases])
def test_whether_it_is_a_set_depends_on_the_path(case: tuple[str, int | None, bool]) -> None:
    path, group, is_set = case
    assert found(path, group).set is is_set
    assert found(path, group).syntax.startswith("1setOf ") is is_set


def test_these_are_all_the_names_that_depend_on_the_path(generator: ModuleType) -> None:
    errata = generator.tomllib.loads((XML.parent / "errata.toml").read_text())
    rows = generator.corrected(generator.read_tables(XML).attributes, errata, {"attributes": []})
    tags: dict[str, set[frozenset[str]]] = {}
    sets: dict[str, set[bool]] = {}
    for row in rows:
        if not row.members_of:
            syntax = generator.Syntax.parse(row.syntax)
            name = row.path.rpartition("/")[2]
            tags.setdefault(name, set()).add(frozenset(syntax.terms))
            sets.setdefault(name, set()).add(syntax.is_set)
    assert {name for name, found_tags in tags.items() if len(found_tags) > 1} == TAGS_BY_PATH.keys()
    assert {name for name, found_sets in sets.items() if len(found_sets) > 1} == SET_BY_PATH.keys()
    assert (len(TAGS_BY_PATH), len(SET_BY_PATH)) == (12, 12)


def test_the_group_narrows_and_is_no_filter() -> None:
    assert found("job-state", JOB).out_of_band == {UNKNOWN}
    assert found("job-state", EVENT).out_of_band == set()
    assert found("job-state").out_of_band == {UNKNOWN}
    assert found("job-state", JOB).groups == ("Job Status",)
    assert found("job-state").group_tags == (EVENT, JOB, OPERATION)
    assert found("copies", PRINTER) == found("copies")
    assert found("copies", 0x0F) == found("copies")


# Corrections of the table.


@pytest.mark.parametrize(
    ("path", "syntax"),
    [
        ("media-col/media-top-offset", "integer(MIN:MAX)"),
        ("media-top-offset-supported", "1setOf integer(MIN:MAX) | rangeOfInteger(MIN:MAX)"),
        ("finishings-col/stitching/stitching-method", "keyword"),
        ("overrides/document-copies", "1setOf rangeOfInteger(1:MAX)"),
        ("overrides/document-numbers", "1setOf rangeOfInteger(1:MAX)"),
        ("overrides/pages", "1setOf rangeOfInteger(1:MAX)"),
        ("force-front-side-actual", "1setOf integer(1:MAX)"),
        ("job-account-id-actual", "1setOf name(MAX)"),
        ("job-accounting-user-id-actual", "1setOf name(MAX)"),
        ("system-config-changes", "integer(0:MAX)"),
        ("input-attributes/input-orientation-requested", "enum"),
        ("pclm-strip-height-preferred", "integer(MIN:MAX)"),
        ("pclm-strip-height-supported", "1setOf integer(MIN:MAX)"),
        ("printer-dns-sd-name", "name(63) | no-value"),
        ("system-configured-printers/printer-xri-supported", "1setOf collection"),
        ("media-size-supported/x-dimension", "integer(1:MAX) | rangeOfInteger(1:MAX)"),
        ("media-size-supported/y-dimension", "integer(0:MAX) | rangeOfInteger(0:MAX)"),
        ("power-state-monitor-col/power-state", "keyword | enum"),
        ("power-timeout-policy-col/start-power-state", "keyword | enum"),
        ("job-accounting-sheets/job-accounting-sheets-type", "keyword | name(MAX)"),
        ("job-accounting-sheets/media", "keyword | name(MAX)"),
        ("job-accounting-sheets/media-col", "collection"),
        ("input-attributes/input-auto-exposure", "boolean"),
        ("printer-xri-requested/xri-authentication", "keyword"),
        ("printer-xri-requested/xri-security", "keyword"),
        ("job-retain-until-interval-default", "integer(0:MAX) | no-value"),
        ("pclm-source-resolution-default", "resolution"),
    ],
)
def test_errata(path: str, syntax: str) -> None:
    assert found(path).syntax == syntax


# Members.


def test_members_of_a_collection() -> None:
    media_col = members("media-col")
    assert {"media-size", "media-type", "media-source", "media-top-margin"} <= media_col.keys()
    assert "media-size/x-dimension" not in media_col
    assert media_col["media-size"] == found("media-col/media-size")
    assert list(members("media-col/media-size")) == ["x-dimension", "y-dimension"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("media-col-default", "media-col"),
        ("cover-back-default/media-col", "media-col"),
        ("finishings-col-database", "finishings-col"),  # registered without members
        ("finishings-col/media-size", "media-col/media-size"),
        ("materials-col-ready", "materials-col"),
        ("job-cover-front-actual", "cover-front"),
        ("document-format-details-supplied", "document-format-details"),
        ("system-contact-col", "printer-contact-col"),
    ],
)
def test_members_taken_over_from_another_collection(path: str, source: str) -> None:
    taken = members(path)
    assert taken.keys() == members(source).keys() != set()
    for name, spec in taken.items():
        assert spec == found(f"{path}/{name}")
        assert spec.syntax == found(f"{source}/{name}").syntax


def test_members_of_its_own_come_before_those_taken_over() -> None:
    assert found("media-col-database/media-size/x-dimension").tags == (INTEGER, RANGE)
    assert found("media-col-database/media-type") == members("media-col-database")["media-type"]
    assert "media-source-properties" in members("media-col-ready")


def test_any_job_template_attribute_is_a_member() -> None:
    overrides = members("overrides")
    assert {"pages", "document-numbers", "copies", "media-col"} <= overrides.keys()
    assert "job-name" not in overrides
    assert not overrides["copies"].set
    assert found("overrides/media-col/media-size/x-dimension").tags == (INTEGER,)
    assert found("overrides/overrides/copies").groups == ("Job Template",)


def test_a_constraint_lists_sets_of_values() -> None:
    spec = found("job-constraints-supported/media")
    assert (spec.set, spec.syntax) == (True, "1setOf keyword | name(MAX)")
    assert members("job-constraints-supported")["sides"].set
    assert not found("job-constraints-supported/resolver-name").set
    assert not found("media").set


def test_a_constraint_lists_sets_of_what_its_members_have_too() -> None:
    size = found("job-constraints-supported/media-col/media-size")
    assert (size.set, size.syntax) == (True, "1setOf collection")
    assert members("job-constraints-supported/media-col")["media-size"].set
    for path, syntax in (
        ("copies", "1setOf integer(1:MAX) | rangeOfInteger(1:MAX)"),
        ("page-ranges", "1setOf rangeOfInteger(1:MAX)"),
        ("media-col/media-type", "1setOf keyword | name(MAX)"),
        ("media-col/media-size/x-dimension", "1setOf integer(1:MAX) | rangeOfInteger(1:MAX)"),
    ):
        assert found(f"job-constraints-supported/{path}").syntax == syntax, path
        assert found(f"job-resolvers-supported/{path}").syntax == found(path).syntax, path


def test_every_member_is_found_at_its_path() -> None:
    for path in ATTRIBUTES:
        for name, spec in members(path).items():
            assert spec == found(f"{path}/{name}")
            assert spec.name == name


# Values.


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("sides", {"one-sided", "two-sided-long-edge", "two-sided-short-edge"}),
        ("sides-supported", {"one-sided", "two-sided-long-edge", "two-sided-short-edge"}),
        ("sides-actual", {"one-sided", "two-sided-long-edge", "two-sided-short-edge"}),
        ("input-attributes/input-sides", {"one-sided", "two-sided-long-edge", "two-sided-short-edge"}),
        ("print-scaling-default", {"auto", "auto-fit", "fill", "fit", "none"}),
        ("page-border", {"double", "double-thick", "none", "single", "single-thick"}),
    ],
)
def test_keywords(path: str, values: set[str]) -> None:
    assert keywords(path) == found(path).keywords == values


def test_keywords_of_media_and_its_parts() -> None:
    assert {"iso_a4_210x297mm", "na_letter_8.5x11in", "manual", "iso-a4-white"} <= keywords("media")
    assert len(keywords("media")) == 562
    assert keywords("media-supported") == keywords("media-default") == keywords("media")
    assert "manual" in keywords("media-input-tray-check")
    assert len(keywords("media-input-tray-check")) == 8
    assert "manual" not in keywords("media-ready")
    assert keywords("input-media") >= keywords("media-col/media-size-name") != frozenset()
    assert "iso-a4-white" not in keywords("media-size-name")


def test_keywords_that_are_registered_as_enum_values() -> None:
    """IANA has power-state's values in the enum table, and a keyword as its syntax: it may be either."""
    spec = found("power-log-col/power-state")
    assert spec.enum is enums.PowerState
    assert spec.keywords == {member.keyword for member in enums.PowerState}
    assert found("power-state-transitions-col/end-power-state").keywords == spec.keywords


def test_values_only_where_the_syntax_has_them() -> None:
    assert "top" in found("output-bin-actual", JOB).keywords
    assert found("output-bin-actual", DOCUMENT).keywords == frozenset()  # names only
    assert found("job-state").keywords == frozenset()
    assert found("job-state")._replace(tags=(INTEGER,)).enum is None


@pytest.mark.parametrize(
    ("path", "enum"),
    [
        ("job-state", enums.JobState),
        ("output-device-job-states", enums.JobState),
        ("printer-state", enums.PrinterState),
        ("operations-supported", enums.Operation),
        ("notify-status-code", enums.Status),
        ("fetch-status-code", enums.Status),
        ("finishings", enums.Finishings),
        ("finishings-ready", enums.Finishings),
        ("finishings-actual", enums.Finishings),
        ("job-finishings-default", enums.Finishings),
        ("overrides/finishings", enums.Finishings),
        ("orientation-requested-supported", enums.OrientationRequested),
        ("image-orientation", enums.OrientationRequested),
        ("input-attributes/input-orientation-requested", enums.OrientationRequested),
        ("media-col-ready/media-source-properties/media-source-feed-orientation", enums.OrientationRequested),
        ("print-quality-default", enums.PrintQuality),
        ("client-info/client-type", enums.ClientType),
        ("document-state", enums.DocumentState),
        ("resource-state", enums.ResourceState),
        ("system-state", enums.SystemState),
        ("printer-type", None),  # a bit mask of CUPS
        ("copies", None),
    ],
)
def test_the_enum_of_an_attribute(path: str, enum: type | None) -> None:
    assert enum_for(path) is enum


def test_every_named_enum_exists() -> None:
    assert set(ENUMS.values()) <= set(enums.__all__)


# The whole.


def test_names() -> None:
    everything = names()
    assert list(everything) == sorted(everything)
    assert not any("/" in name for name in everything)
    iana = [name for name in everything if found(name).reference != "CUPS"]
    assert len(iana) == 958 + 4  # four of the errata are new names
    assert {"copies", "sides", "media-col"} <= set(names("Job Template")) <= set(names(JOB))
    assert "job-state" in names(JOB)
    assert "job-state" not in names("Job Template")
    assert "printer-state" in names(PRINTER)
    assert names(0x0F) == names("Nothing") == ()


def test_every_attribute_can_be_read() -> None:
    for path, line in ATTRIBUTES.items():
        spec = found(path)
        assert spec.syntax == line.split(";")[1]
        assert spec.tags
        assert spec.groups
        assert spec.group_tags
        assert spec.reference
        integers = INTEGER in spec.tags or RANGE in spec.tags
        assert (spec.minimum is not None, spec.maximum is not None) == (integers, integers)
    for path, tag in VARIANTS:
        assert tag in found(path, tag).group_tags


def test_the_holders_of_a_member() -> None:
    assert holders("media-source") == ("media-col",)
    assert holders("media-size") == ("finishings-col", "media-col")
    assert "media-col/media-size" in holders("x-dimension")
    assert holders("copies-x") == holders("media-col/media-source") == ()
    for name in ("media-source", "x-dimension", "contact-name"):
        assert all(name in members(holder) for holder in holders(name))


def test_cups_attributes() -> None:
    assert found("marker-levels").reference == "CUPS"
    assert found("device-uri").groups == ("Printer Description", "CUPS Device")
    assert found("device-uri").group_tags == (PRINTER,)
    assert found("printer-id").reference == "PWG5100.22, CUPS"
    assert "server-stopped" in keywords("notify-events-supported")


def test_a_specification_is_immutable_and_pickles() -> None:
    spec = found("media-col/media-size")
    with pytest.raises(AttributeError):
        spec.path = "other"
    with pytest.raises(AttributeError):
        spec.other = 1  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_a_peer_cannot_fill_the_cache() -> None:
    limit = registry._spec.cache_info().maxsize
    assert limit is not None
    for depth in range(12):
        for name in names("Job Template"):
            assert lookup("overrides/" * depth + name) is not None
            assert lookup("overrides/" * depth + name + "-none") is None
    after = registry._spec.cache_info()
    assert after.misses > limit >= after.currsize


def test_a_lookup_loads_no_enums_and_importing_the_package_no_registry() -> None:
    code = (
        "import ippfast, sys; print([name for name in sys.modules if 'registry' in name or 'enums' in name]);"
        "from ippfast.registry import lookup; lookup('job-state'); print('ippfast.enums' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == ["[]", "False"]
