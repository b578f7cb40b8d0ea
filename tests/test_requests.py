"""Requests and responses: order, groups, tags, and that what the registry does not allow is refused by name."""

import inspect
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import registry_values
from hypothesis import given
from implementations import IMPLEMENTATIONS

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    EncodeError,
    IPPError,
    Message,
    OutOfBand,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    ValueTag,
    operations,
    registry,
    wrappers,
)
from ippfast.attributes import attribute, collection
from ippfast.enums import Finishings, JobState, Operation, Status
from ippfast.errors import RegistryError
from ippfast.requests import request, response
from ippfast.validation import validate
from ippfast.wrappers import Integer, Keyword, Name, OctetString, Tagged, Text

URI = "ipp://printer.example/ipp/print"
OPERATION, JOB, PRINTER, SUBSCRIPTION = (
    DelimiterTag.OPERATION,
    DelimiterTag.JOB,
    DelimiterTag.PRINTER,
    DelimiterTag.SUBSCRIPTION,
)


def names(message: Message, group: int = 0) -> list[str]:
    return [each.name for each in message.groups[group]]


def refused(name: str, value: object, group: int | None = None) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        attribute(name, value, group=group)
    return caught.value


# ---- Requests ----


def test_a_print_job_request_has_the_groups_and_the_order_of_the_rfc() -> None:
    message = request(
        Operation.PRINT_JOB,
        URI,
        operation_attributes={"document-format": "application/pdf", "job-name": "Report"},
        job={"copies": 2, "sides": "two-sided-long-edge", "page-ranges": [range(1, 4), (7, 9)]},
        user="ann",
    )
    assert (message.version, message.code, message.request_id) == ((2, 0), 2, 1)
    assert type(message.code) is int
    assert [group.tag for group in message.groups] == [OPERATION, JOB]
    assert list(message.groups[0]) == [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
        Attribute("printer-uri", ValueTag.URI, URI),
        Attribute("requesting-user-name", ValueTag.NAME, "ann"),
        Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, "application/pdf"),
        Attribute("job-name", ValueTag.NAME, "Report"),
    ]
    assert list(message.groups[1]) == [
        Attribute("copies", ValueTag.INTEGER, 2),
        Attribute("sides", ValueTag.KEYWORD, "two-sided-long-edge"),
        Attribute("page-ranges", ValueTag.RANGE_OF_INTEGER, [RangeOfInteger(1, 3), RangeOfInteger(7, 9)]),
    ]
    assert ippfast.decode(ippfast.encode(message)) == message
    assert validate(message, role="request") == []


def test_the_octets_of_the_smallest_request() -> None:
    message = request(Operation.GET_PRINTER_ATTRIBUTES, "ipp://p/", version=(1, 1), request_id=0x01020304)
    assert ippfast.encode(message) == (
        b"\x01\x01\x00\x0b\x01\x02\x03\x04\x01"
        b"\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x48\x00\x1battributes-natural-language\x00\x02en"
        b"\x45\x00\x0bprinter-uri\x00\x08ipp://p/\x03"
    )


@pytest.mark.parametrize(
    ("operation", "given_attributes", "target", "fourth"),
    [
        (Operation.GET_JOBS, {}, "printer-uri", None),
        (Operation.CANCEL_JOB, {"job-id": 7}, "printer-uri", "job-id"),
        (Operation.CANCEL_JOB, {}, "job-uri", None),
        (Operation.CUPS_MOVE_JOB, {}, "job-uri", None),
        (Operation.GET_SYSTEM_ATTRIBUTES, {}, "system-uri", None),
        (Operation.DELETE_PRINTER, {"printer-id": 7}, "system-uri", "printer-id"),
        (Operation.GET_PRINTER_ATTRIBUTES, {"printer-id": 7}, "system-uri", "printer-id"),
        (Operation.CUPS_GET_PRINTERS, {"printer-id": 7}, "printer-uri", "printer-id"),
        (Operation.INSTALL_RESOURCE, {"resource-id": 7}, "system-uri", "resource-id"),
        (Operation.CANCEL_SUBSCRIPTION, {"notify-subscription-id": 7}, "printer-uri", "notify-subscription-id"),
        (0x4123, {}, "printer-uri", None),
    ],
)
def test_the_target_stands_third_under_the_name_that_the_operation_gives_it(
    operation: int, given_attributes: dict[str, object], target: str, fourth: str | None
) -> None:
    message = request(operation, URI, operation_attributes={"message": "x", **given_attributes}, user="ann")
    expected = ["attributes-charset", "attributes-natural-language", target, fourth, "requesting-user-name", "message"]
    assert names(message) == [name for name in expected if name is not None]


def test_the_target_may_be_given_as_an_attribute() -> None:
    message = request("Get-Subscriptions", operation_attributes={"limit": 1, "system-uri": URI})
    assert names(message)[2:] == ["system-uri", "limit"]


def test_a_missing_target_and_two_of_them_are_refused() -> None:
    with pytest.raises(RegistryError, match=r"expected one target.*got none"):
        request(Operation.GET_JOBS)
    with pytest.raises(RegistryError, match="got printer-uri and job-uri"):
        request(Operation.CANCEL_JOB, URI, operation_attributes={"printer-uri": URI})
    assert names(request(Operation.CUPS_GET_PRINTERS)) == ["attributes-charset", "attributes-natural-language"]


@pytest.mark.parametrize("nothing", [None, {}, [], [{}, {}]])
def test_empty_groups_are_left_out(nothing: Any) -> None:
    assert [group.tag for group in request(Operation.PRINT_JOB, URI, job=nothing).groups] == [OPERATION]


def test_a_list_makes_a_group_of_each_item_and_attributes_stay_as_they_are() -> None:
    own = AttributeGroup(JOB, [Attribute("x", 0x99, b"\x01"), Attribute("copies", ValueTag.RANGE_OF_INTEGER, b"")])
    message = request(
        Operation.CREATE_JOB,
        URI,
        subscription=[{"notify-events": ["job-completed"]}, {}, {"notify-pull-method": "ippget"}],
        job=own,
    )
    assert [group.tag for group in message.groups] == [OPERATION, JOB, SUBSCRIPTION, SUBSCRIPTION]
    assert list(message.groups[1]) == list(own)
    assert names(message, 3) == ["notify-pull-method"]


def test_an_attribute_given_twice_is_refused() -> None:
    twice = [Attribute("copies", ValueTag.INTEGER, 1), Attribute("copies", ValueTag.INTEGER, 2)]
    with pytest.raises(RegistryError, match="'copies' of job-attributes-tag: expected an attribute once"):
        request(Operation.PRINT_JOB, URI, job=twice)
    with pytest.raises(RegistryError, match="requesting-user-name"):
        request(Operation.GET_JOBS, URI, operation_attributes={"requesting-user-name": "a"}, user="b")


def test_charset_and_language_may_be_given_as_attributes() -> None:
    message = request(
        Operation.GET_JOBS, URI, operation_attributes={"limit": 3, "attributes-charset": "us-ascii"}, language="de-at"
    )
    assert names(message) == ["attributes-charset", "attributes-natural-language", "printer-uri", "limit"]
    assert message.groups[0].value("attributes-charset") == "us-ascii"
    assert message.groups[0].value("attributes-natural-language") == "de-at"
    with pytest.raises(RegistryError, match="iso-8859-1"):
        request(Operation.GET_JOBS, URI, charset="iso-8859-1")


@pytest.mark.parametrize("request_id", [0, -1, 2**31])
def test_a_request_id_out_of_range_is_refused(request_id: int) -> None:
    with pytest.raises(RegistryError, match=str(request_id)):
        request(Operation.GET_JOBS, URI, request_id=request_id)


@pytest.mark.parametrize("group", ["copies", b"copies", 7, [1], [["copies"]], ({"copies": 1} for _ in "x")])
def test_what_is_no_group_is_refused(group: Any) -> None:
    with pytest.raises(RegistryError, match="expected a mapping of names to values"):
        request(Operation.PRINT_JOB, URI, job=group)


# ---- Responses ----


def test_a_response_answers_its_request() -> None:
    asked = request(Operation.GET_JOBS, URI, version=(1, 1), request_id=77, charset="us-ascii")
    answer = response(
        asked,
        "successful-ok-ignored-or-substituted-attributes",
        status_message="some are unknown",
        job=[{"job-id": 1, "job-state": JobState.PENDING}, {}],
        unsupported={"requested-attributes": [Keyword("x")], "limit": OutOfBand.UNSUPPORTED},
    )
    assert (answer.version, answer.status, answer.request_id) == ((1, 1), Status(1), 77)
    assert [group.tag for group in answer.groups] == [OPERATION, DelimiterTag.UNSUPPORTED, JOB, JOB]
    assert names(answer) == ["attributes-charset", "attributes-natural-language", "status-message"]
    assert answer.groups[0].value("attributes-charset") == "us-ascii"
    assert answer.groups[2]["job-state"] == Attribute("job-state", ValueTag.ENUM, 3)
    assert len(answer.groups[3]) == 0
    assert validate(answer, role="response") == []


def test_a_response_copies_what_is_wrong_in_the_header() -> None:
    answer = response(Message((9, 9), 0x4242, -5), Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, version=(2, 0))
    assert (answer.version, answer.code, answer.request_id) == ((2, 0), 0x0503, -5)
    nothing = response(None, Status.CLIENT_ERROR_BAD_REQUEST)
    assert (nothing.version, nothing.request_id) == ((2, 0), 0)


def test_a_response_speaks_utf_8_where_it_cannot_speak_the_charset_of_the_request() -> None:
    for charset in ("iso-8859-1", "UTF-8", OutOfBand.UNKNOWN):
        tag = charset.value if isinstance(charset, OutOfBand) else ValueTag.CHARSET
        asked = Message((2, 0), 2, 1, [AttributeGroup(OPERATION, [Attribute("attributes-charset", tag, charset)])])
        assert response(asked).groups[0].value("attributes-charset") == "utf-8"


# ---- Values ----


@pytest.mark.parametrize(
    ("name", "value", "tag", "made"),
    [
        ("copies", 2, ValueTag.INTEGER, 2),
        ("my-jobs", True, ValueTag.BOOLEAN, True),
        ("finishings", ["staple", Finishings.PUNCH, 6], ValueTag.ENUM, [4, 5, 6]),
        ("finishings", 0x40000001, ValueTag.ENUM, 0x40000001),
        ("operations-supported", ["Print-Job", 0x4029], ValueTag.ENUM, [2, 0x4029]),
        ("notify-status-code", "client-error-not-found", ValueTag.ENUM, 0x0406),
        ("job-password", b"\x00", ValueTag.OCTET_STRING, b"\x00"),
        ("printer-resolution", (600, 300), ValueTag.RESOLUTION, Resolution(600, 300, 3)),
        ("printer-resolution", (600, 300, "dpcm"), ValueTag.RESOLUTION, Resolution(600, 300, 4)),
        ("printer-resolution-supported", [(600, 600), (1, 2, 4)], ValueTag.RESOLUTION, [(600, 600, 3), (1, 2, 4)]),
        ("page-ranges", (1, 3), ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 3)),
        ("page-ranges", range(1, 3), ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 2)),
        ("page-ranges", ((1, 3), range(5, 6)), ValueTag.RANGE_OF_INTEGER, [RangeOfInteger(1, 3), RangeOfInteger(5, 5)]),
        ("requested-attributes", ("all", "media-col-database"), ValueTag.KEYWORD, ["all", "media-col-database"]),
        ("ipp-versions-supported", ["1.1"], ValueTag.KEYWORD, ["1.1"]),
        ("urf-supported", ["V1.4"], ValueTag.KEYWORD, ["V1.4"]),
        ("job-name", "", ValueTag.NAME, ""),
        ("job-name", StringWithLanguage("a", "de"), ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("a", "de")),
        ("printer-info", StringWithLanguage("a", "de"), ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("a", "de")),
        ("media", "iso_a4_210x297mm", ValueTag.KEYWORD, "iso_a4_210x297mm"),
        ("media", "my-own", ValueTag.KEYWORD, "my-own"),
        ("media", "My Own", ValueTag.NAME, "My Own"),
        ("media", Name("my-own"), ValueTag.NAME, "my-own"),
        ("media", Name("my-own", "en"), ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("my-own", "en")),
        ("orientation-requested-default", OutOfBand.NO_VALUE, ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
        ("copies", Keyword("none"), ValueTag.KEYWORD, "none"),
        ("copies", [Integer(1), Tagged(0x33, RangeOfInteger(1, 2))], [0x21, 0x33], [1, RangeOfInteger(1, 2)]),
        ("smi1234-own", Text("x"), ValueTag.TEXT, "x"),
        ("smi1234-own", OctetString(b"x"), ValueTag.OCTET_STRING, b"x"),
        ("smi1234-own", Resolution(1, 1), ValueTag.RESOLUTION, Resolution(1, 1)),
        ("smi1234-own", Tagged(0x7F, b"\x00\x00\x00\x21\x01"), 0x7F, b"\x00\x00\x00\x21\x01"),
    ],
)
def test_the_registry_or_a_wrapper_decides_the_tag(name: str, value: object, tag: Any, made: Any) -> None:
    assert attribute(name, value) == Attribute(name, tag, made if type(made) is list else [made])


def test_datetimes() -> None:
    moment = datetime(2026, 11, 22, 13, 5, 1, 250_000, timezone(-timedelta(hours=3, minutes=30)))
    expected = DateTime(2026, 11, 22, 13, 5, 1, 2, "-", 3, 30)
    assert attribute("job-hold-until-time", moment) == Attribute("job-hold-until-time", ValueTag.DATE_TIME, expected)
    assert refused("job-hold-until-time", moment.replace(tzinfo=None)).index == 0
    assert attribute("job-hold-until-time", moment.astimezone(UTC)).value.utc_hours == 0


def test_a_dictionary_is_a_collection_whose_members_the_registry_knows_by_path() -> None:
    made = attribute(
        "media-col", {"media-size": {"x-dimension": 21000, "y-dimension": 29700}, "media-type": "stationery"}
    )
    size = made.value["media-size"].value
    assert made.value["media-size"].tag is ValueTag.BEG_COLLECTION
    assert size["x-dimension"] == Attribute("x-dimension", ValueTag.INTEGER, 21000)
    assert made.value["media-type"].tag is ValueTag.KEYWORD
    # The same member may be a range here.
    supported = attribute("media-size-supported", [{"x-dimension": (1, 2), "y-dimension": 3}])
    assert supported.value["x-dimension"].tag is ValueTag.RANGE_OF_INTEGER


def test_collections_that_the_registry_does_not_know() -> None:
    made = attribute("smi1234-col", collection({"a": Keyword("b"), "c": collection({"d": Integer(1)})}))
    assert made.value["c"].value["d"].value == 1
    assert collection({"x-dimension": 1}, path="media-col/media-size")["x-dimension"].tag is ValueTag.INTEGER
    assert collection({"own": Attribute("own", ValueTag.URI, "a:b")})["own"].tag is ValueTag.URI
    assert "collection({...})" in refused("smi1234-col", {"a": Keyword("b")}).expected


@pytest.mark.parametrize(
    ("name", "value", "path", "index", "words"),
    [
        ("page-ranges", "1-2", "page-ranges", 0, "1setOf rangeOfInteger(1:MAX)"),
        ("page-ranges", [(1, 2), (3, 2)], "page-ranges", 1, "lower end is not above"),
        ("page-ranges", (0, 2), "page-ranges", 0, "1 to 2147483647"),
        ("page-ranges", range(3, 3), "page-ranges", 0, "got range range(3, 3)"),
        ("page-ranges", range(1, 9, 2), "page-ranges", 0, "got range range(1, 9, 2)"),
        ("page-ranges", (1, 2, 3), "page-ranges", 0, "got tuple (1, 2, 3)"),
        ("printer-resolution", (600, 600, "dpx"), "printer-resolution", 0, "'dpx'"),
        ("printer-resolution", (0, 600), "printer-resolution", 0, "two positive numbers"),
        ("printer-resolution", (2**31, 600), "printer-resolution", 0, "2147483648"),
        ("copies", 0, "copies", 0, "1 to 2147483647"),
        ("copies", True, "copies", 0, "got bool True"),
        ("copies", 2.0, "copies", 0, "got float 2.0"),
        ("copies", None, "copies", 0, "got NoneType None"),
        ("copies", 2**31, "copies", 0, "got int 2147483648"),
        ("copies", [1, 2], "copies", None, "one value of integer(1:MAX)"),
        ("copies", [], "copies", None, "at least one value"),
        ("copies", RangeOfInteger(1, 2), "copies", 0, "got rangeOfInteger"),
        ("copies", iter([1]), "copies", 0, "integer(1:MAX)"),
        ("my-jobs", 1, "my-jobs", 0, "got int 1"),
        ("finishings", [3, "stapel"], "finishings", 1, "did you mean 'staple'"),
        ("finishings", JobState.PENDING, "finishings", 0, "got JobState"),
        ("finishings", 0, "finishings", 0, "an enum of 1 or more"),
        ("job-password", "secret", "job-password", 0, "bytes"),
        ("job-password", b"x" * 256, "job-password", 0, "at most 255 octets"),
        ("job-name", "\u00e4" * 128, "job-name", 0, "at most 255 octets"),
        ("job-name", "\udcff", "job-name", 0, "text in UTF-8"),
        ("job-name", "a\x00", "job-name", 0, "control characters"),
        ("job-name", StringWithLanguage("a", "Deutsch!"), "job-name", 0, "language tag"),
        ("document-format", "pdf", "document-format", 0, "media type"),
        ("document-uri", "/etc/passwd", "document-uri", 0, "RFC 3986"),
        ("document-uri", "", "document-uri", 0, "at least one octet"),
        ("sides", "Two-Sided", "sides", 0, "lower-case"),
        ("sides", "zweiseitig\u00e4", "sides", 0, "US-ASCII"),
        ("media-col", {"media-size": {"x-dimension": "a"}}, "media-col/media-size/x-dimension", 0, "integer(1:MAX)"),
        ("media-col", {"media-sise": 1}, "media-col/media-sise", 0, "did you mean 'media-size'"),
        ("media-col", {}, "media-col", 0, "at least one member"),
        ("media-col", {1: 2}, "media-col", None, "names of members"),
        ("media-col", "a4", "media-col", 0, "a mapping of its members"),
        ("sides", {"a": "b"}, "sides", 0, "got dict"),
        ("copeis", 2, "copeis", 0, "did you mean 'copies'"),
        ("smi1234-own", True, "smi1234-own", 0, "says its syntax"),
        ("finishings", [3, OutOfBand.NO_VALUE], "finishings", 1, "an out-of-band value alone"),
        ("copies", Attribute("number", 0x21, 2), "copies", None, "an Attribute named 'copies'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    name: str, value: object, path: str, index: int | None, words: str
) -> None:
    error = refused(name, value, JOB)
    assert (error.attribute, error.index, error.group) == (path, index, JOB)
    assert words in str(error)
    assert isinstance(error, (IPPError, EncodeError, ValueError))
    assert pickle.loads(pickle.dumps(error)).args == error.args


def test_the_builders_name_the_group_of_what_does_not_fit() -> None:
    with pytest.raises(
        RegistryError, match=r"value 0 in attribute 'copies' of job-attributes-tag: expected .*, got integer 0"
    ):
        request(Operation.PRINT_JOB, URI, job={"copies": 0})


# ---- Wrappers ----


@pytest.mark.parametrize("kind", [name for name in wrappers.__all__ if name not in ("Tagged", "Text", "Name")])
def test_a_wrapper_has_the_tag_of_its_name(kind: str) -> None:
    value: Any = {"Integer": 1, "Enum": 3, "Boolean": True, "OctetString": b"x"}.get(kind, "x")
    wrapped = getattr(wrappers, kind)(value)
    keyword = kind[0].lower() + kind[1:]
    assert ValueTag(wrapped.tag).keyword == keyword
    assert attribute("smi1234-own", wrapped).value == value
    assert repr(wrapped) == f"{kind}({value!r})"
    assert pickle.loads(pickle.dumps(wrapped)) == wrapped
    assert wrapped == Tagged(wrapped.tag, value)
    assert hash(wrapped) == hash(Tagged(wrapped.tag, value))
    assert wrapped != value


def test_tagged_takes_any_tag() -> None:
    assert repr(Tagged(0x7F, b"")) == "Tagged(0x7f, b'')"
    assert Tagged(0x21, 1) != Tagged(0x23, 1)


# ---- Operations ----

ALL_OPERATIONS = {name: getattr(operations, name) for name in operations.__all__ if name != "Options"}
SAMPLES: dict[str, object] = {
    "int": 5,
    "int | Sequence[int]": [5],
    "int | str": 3,
    "int | str | Sequence[int | str]": [3],
    "bool": True,
    "bytes": b"x",
    "bytes | Sequence[bytes]": [b"x"],
}


def test_there_is_a_function_for_every_operation() -> None:
    assert {name.upper() for name in ALL_OPERATIONS} == set(Operation.__members__)


def sample(name: str) -> Any:
    """A value for an argument, by the registry."""
    path = name.replace("_", "-")
    groups = {
        "job": {"copies": 1},
        "printer": {"printer-info": "x"},
        "subscription": [{"notify-pull-method": "ippget"}],
        "resource": {"resource-name": "x"},
        "document": {"document-name": "x"},
        "system": {"system-info": "x"},
    }
    if name in groups:
        return groups[name]
    found = registry.lookup(path, OPERATION)
    assert found is not None, path
    assert OPERATION in found.group_tags, path
    by_tag: dict[int, Any] = {
        ValueTag.INTEGER: found.minimum or 1,
        ValueTag.BOOLEAN: True,
        ValueTag.ENUM: 3,
        ValueTag.OCTET_STRING: b"x",
        ValueTag.DATE_TIME: datetime.now(UTC),
        ValueTag.TEXT: "x",
        ValueTag.NAME: "x",
        ValueTag.KEYWORD: min(found.keywords, default="x"),
        ValueTag.URI: URI,
        ValueTag.NATURAL_LANGUAGE: "en",
        ValueTag.MIME_MEDIA_TYPE: "application/pdf",
    }
    if found.tags[0] == ValueTag.BEG_COLLECTION:
        member, spec = min(registry.members(path).items())
        return {
            member: Tagged(ValueTag.NO_VALUE, OutOfBand.NO_VALUE) if spec.out_of_band else member_sample(spec.tags[0])
        }
    return by_tag[found.tags[0]]


def member_sample(tag: int) -> object:
    return {ValueTag.INTEGER: 1, ValueTag.ENUM: 3, ValueTag.BOOLEAN: True, ValueTag.URI: URI}.get(ValueTag(tag), "x")


@pytest.mark.parametrize("name", sorted(ALL_OPERATIONS))
def test_every_argument_reaches_the_request_and_the_request_validates(name: str) -> None:
    function = ALL_OPERATIONS[name]
    parameters = inspect.signature(function).parameters
    assert function.__doc__ is not None
    assert function.__doc__.startswith(Operation[name.upper()].keyword + ":")
    assert parameters["options"].kind is inspect.Parameter.VAR_KEYWORD
    given_arguments = {each: sample(each) for each in parameters if each not in ("uri", "options")}
    message = function(URI, **given_arguments, user="ann", request_id=9)
    assert (message.code, message.request_id) == (Operation[name.upper()], 9)
    sent = {each.name for group in message.groups for each in group}
    for argument, value in given_arguments.items():
        if isinstance(value, (dict, list)) and argument in (
            "job",
            "printer",
            "subscription",
            "resource",
            "document",
            "system",
        ):
            assert sent >= set(value if isinstance(value, dict) else value[0])
        else:
            assert argument.replace("_", "-") in sent
    allowed = {"unregistered-keyword"}
    assert [issue for issue in validate(message, role="request") if issue.code not in allowed] == []
    # What is required is required, and the rest is left out.
    needed = [each for each, one in parameters.items() if one.default is one.empty and each not in ("uri", "options")]
    bare = function(URI, **{each: given_arguments[each] for each in needed})
    assert len([each for group in bare.groups for each in group]) == len(
        ["attributes-charset", "attributes-natural-language", "target", *needed]
    )


def test_a_job_is_named_by_its_printer_and_id_or_by_its_own_uri() -> None:
    assert names(operations.cancel_job(URI, 7))[2:] == ["printer-uri", "job-id"]
    assert names(operations.cancel_job("ipp://p/jobs/7"))[2:] == ["job-uri"]


def test_operations_take_further_attributes() -> None:
    message = operations.get_jobs(
        URI,
        limit=5,
        operation_attributes={"smi1234-own": Keyword("x")},
        version=(1, 1),
        language="de",
        charset="us-ascii",
    )
    assert names(message)[2:] == ["printer-uri", "limit", "smi1234-own"]
    assert message.version == (1, 1)
    with pytest.raises(RegistryError, match="'limit'"):
        operations.get_jobs(URI, limit=5, operation_attributes={"limit": 6})
    with pytest.raises(TypeError, match="uri_scheme"):
        operations.get_jobs(URI, uri_scheme="ipp")  # type: ignore[call-arg]


# ---- Anything that the registry allows ----


@given(registry_values.attributes())
def test_whatever_the_registry_allows_is_built_encoded_decoded_and_valid(drawn: tuple[int, str, Any]) -> None:
    tag, name, value = drawn
    own = {name: value}
    groups = {DelimiterTag(tag).name.lower(): own} if tag != OPERATION else {"operation_attributes": own}
    message = response(request(Operation.GET_PRINTER_ATTRIBUTES, URI), **groups)  # type: ignore[arg-type]
    octets = ippfast.encode(message)
    for twin in IMPLEMENTATIONS:
        decoded = twin.decode(octets)
        assert twin.encode(decoded) == octets
        assert [str(issue) for issue in validate(decoded, role="response")] == []
    assert ippfast.decode(octets) == message
    if tag in (JOB, PRINTER):
        asked = request(Operation.SET_JOB_ATTRIBUTES, URI, **groups)  # type: ignore[arg-type]
        assert [str(issue) for issue in validate(asked, role="request")] == []


@given(registry_values.attributes())
def test_a_built_attribute_builds_itself(drawn: tuple[int, str, Any]) -> None:
    tag, name, value = drawn
    made = attribute(name, value, group=tag)
    assert attribute(name, made, group=tag) is made
    for one in made.values:
        if isinstance(one, Collection):
            assert attribute(name, one, group=tag).values == (one,)


def test_the_vocabulary_is_loaded_when_it_is_used() -> None:
    code = "import sys, ippfast; print(*sorted(name for name in sys.modules if name.startswith('ippfast')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"ippfast.registry", "ippfast._registry_data", "ippfast.requests", "ippfast.enums"} & set(loaded)
