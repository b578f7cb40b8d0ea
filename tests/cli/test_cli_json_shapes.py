"""The JSON of the commands is what docs/json.md shows, and has one style of keys.

The rule of this file: the printer is a real one, and a document has the keys of its example, no more and no fewer, but
for objects whose keys are a printer's attributes.
"""

import getpass
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from printers import DOCUMENT, Desk, printing

from ippfast import registry
from ippfast.http import Server
from ippfast.printer.service import PrintService, QueueSpec

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
OF_PRINTERS = {"attributes", "job"}
"""The keys under which any attributes stand."""
FORM = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def examples() -> dict[str, Any]:
    """The examples by the heads that they stand under."""
    found = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        head, _, rest = part.partition("\n")
        blocks = re.findall(r"```json\n(.*?)```", rest, re.DOTALL)
        for name in head.split(", "):
            (found[name],) = map(json.loads, blocks)
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    description = {
        "marker-names": ["Black"],
        "marker-types": ["toner"],
        "marker-colors": ["#000000"],
        "marker-levels": [5],
        "marker-low-levels": [10],
        "marker-high-levels": [100],
    }
    with printing(tmp_path_factory.mktemp("state"), description=description) as desk:
        desk.wait(desk.print())
        yield desk


def shape(data: Any, key: str = "") -> Any:
    """The keys of all objects; of those in a list the first counts, and none where there is no object."""
    if isinstance(data, dict):
        return {name: None if name in OF_PRINTERS else shape(value, name) for name, value in data.items()}
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return [shape(data[0], key)]
    return [] if isinstance(data, list) else None


def assert_same(found: Any, example: Any) -> None:
    if found != [] and isinstance(example, list) and example:  # nothing has any shape
        (found,), (example,) = found, example
    if isinstance(example, dict):
        assert set(found) == set(example)
        for name in example:
            assert_same(found[name], example[name])


def keys(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, data
            yield from keys(value)
    elif isinstance(data, list):
        for each in data:
            yield from keys(each)


def check(data: Any) -> None:
    """One style of keys, and a keyword beside each enum."""
    for name, owner in keys(data):
        assert FORM.fullmatch(name), name
        if registry.enum_for(name) is not None:
            assert f"{name}-keyword" in owner, name


COMMANDS = {
    "attributes": "URI",
    "supplies": "URI",
    "jobs": "URI --which all",
    "job": "URI 1",
    "print": "URI FILE",
    "release": "URI HELD",
    "watch": "URI 1",
    "probe": "localhost:PORT",
    "check": "URI",
    "test": "FILE.test URI",
    "capture": "URI -d DIRECTORY",
    "diff": "URI FILE.ipp --ignore media-col-database",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_document_has_the_keys_of_its_example(desk: Desk, tmp_path: Path, command: str) -> None:
    file, answer = tmp_path / "file.pdf", tmp_path / "answer.ipp"
    file.write_bytes(DOCUMENT)
    answer.write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x01\x04\x42\x00\x0cprinter-name\x00\x01x\x03")
    (tests := tmp_path / "a.test").write_text(
        "{ OPERATION Get-Printer-Attributes GROUP operation ATTR charset attributes-charset utf-8 ATTR language "
        "attributes-natural-language en ATTR uri printer-uri $uri DISPLAY printer-name }"
    )
    held = str(desk.print(job={"job-hold-until": "indefinite"}, user=getpass.getuser()))
    named = {
        "URI": desk.uri,
        "FILE": str(file),
        "HELD": held,
        "FILE.ipp": str(answer),
        "FILE.test": str(tests),
        "DIRECTORY": str(tmp_path / "kept"),
    }
    words = COMMANDS[command].replace("PORT", str(desk.server.port)).split()
    result = run(command, *(named.get(word, word) for word in words), "--json")
    line = result.stdout.splitlines()[0] if command == "watch" else result.stdout
    data = json.loads(line)
    assert_same(shape(data), shape(examples()[command]))
    check(data)
    assert result.stdout.isascii()


def test_queues(tmp_path: Path) -> None:
    with PrintService(tmp_path, queues=[QueueSpec(name="hall")]) as service, Server(service, port=0) as server:
        uri = f"ipp://localhost:{server.port}/ipp/system"
        for command, *more in (("list",), ("create", "office")):
            result = run("queues", command, uri, *more, "--json")
            data = json.loads(result.stdout)
            assert_same(shape(data), shape(examples()[f"queues {command}"]))
            check(data)


def test_a_failure(desk: Desk) -> None:
    data = json.loads(run("job", desk.uri, "88", "--json").stdout)
    assert_same(shape(data), shape(examples()["A failure"]))
    check(data)


def test_what_was_found_stands_beside_the_failure(desk: Desk) -> None:
    result = run("attributes", desk.uri, "printer-state", "printer-stat", "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == data["error"]["exit-status"] == 1
    assert data["attributes"] == {"printer-state": 3, "printer-state-keyword": "idle"}


def test_the_examples_have_the_style() -> None:
    check([*examples().values()])


def test_numbers_that_nobody_registered() -> None:
    from ippfast import Attribute, AttributeGroup, ValueTag
    from ippfast.cli.plain import plain

    group = AttributeGroup(4, [Attribute("finishings-supported", ValueTag.ENUM, [3, 999_999])])
    made = {"finishings-supported": [3, 999_999], "finishings-supported-keyword": ["none", None]}
    assert plain(group) == made
