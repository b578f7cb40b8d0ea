"""The function of every operation: its arguments are registered, reach the request, and make a valid one."""

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from ippfast import DelimiterTag, Message, OutOfBand, ValueTag, operations, registry
from ippfast.enums import Operation
from ippfast.errors import RegistryError
from ippfast.validation import validate
from ippfast.wrappers import Keyword, Tagged

URI = "ipp://printer.example/ipp/print"
OPERATION = DelimiterTag.OPERATION


def names(message: Message, group: int = 0) -> list[str]:
    return [each.name for each in message.groups[group]]


ALL_OPERATIONS = {name: getattr(operations, name) for name in operations.__all__ if name != "Options"}


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
