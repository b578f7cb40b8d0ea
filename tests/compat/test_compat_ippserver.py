"""The shim for ippserver by itself: what it reads, and what becomes of changes.

The rule of this file: the library is not needed. What the library would do, test_compat_ippserver_library.py asks it.
"""

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
import strategies
import vectors
from hypothesis import given
from hypothesis import strategies as st

import ippfast
from ippfast import Attribute, AttributeGroup, Collection, DecodeError, EncodeError, LimitError, Message, decode, encode
from ippfast.compat.ippserver import Boolean, Enum, Integer, IppRequest, QuirkyIppRequest, SectionEnum, TagEnum

ACCEPTED = [vector.octets[: vector.offset] for vector in vectors.accepted()]

CHARSET = (SectionEnum.operation, b"attributes-charset", TagEnum.charset)
LANGUAGE = (SectionEnum.operation, b"attributes-natural-language", TagEnum.natural_language)
JOB_ID = (SectionEnum.job, b"job-id", TagEnum.integer)


def message(*groups: AttributeGroup, version: tuple[int, int] = (2, 0)) -> IppRequest:
    return IppRequest.from_message(Message(version, 0x000B, 7, groups))


def operation(*attributes: Attribute) -> AttributeGroup:
    first = [Attribute("attributes-charset", 0x47, "utf-8"), Attribute("attributes-natural-language", 0x48, "en")]
    return AttributeGroup(0x01, [*first, *attributes])


SIZE = Collection([Attribute("x-dimension", 0x21, 21000), Attribute("y-dimension", 0x21, 29700)])
MEDIA = Attribute("media-col-ready", 0x34, [Collection([Attribute("media-size", 0x34, SIZE)]), Collection([])])


# ---- Reading ----


def test_every_message_is_written_as_it_was_read() -> None:
    for octets in ACCEPTED:
        request = IppRequest.from_string(octets)
        assert request.to_string() == octets
        request.attributes_to_multilevel()
        assert request.to_string() == octets
        file = io.BytesIO()
        request.to_file(file)
        assert file.getvalue() == octets
        assert request == IppRequest.from_string(octets)


@pytest.mark.parametrize("octets", ACCEPTED[:40])
def test_a_file_is_read_to_its_end_tag(octets: bytes) -> None:
    class Trickle(io.RawIOBase):
        """Gives at most three octets at once."""

        def __init__(self) -> None:
            self._octets = io.BytesIO(octets + b"document")

        def read(self, size: int = -1, /) -> bytes:
            return self._octets.read(min(size, 3) if size > 0 else size)

    for file in (Trickle(), io.BytesIO(octets + b"document"), io.BufferedReader(io.BytesIO(octets + b"document"))):
        assert IppRequest.from_file(file).to_string() == octets  # type: ignore[arg-type]  # it has read
        assert file.read(1) == b"d"


def test_what_is_read_is_live() -> None:
    request = message(operation(Attribute("requested-attributes", 0x44, ["all", "media-col-database"])))
    wanted = request.lookup(1, b"requested-attributes", 0x44)
    wanted.append(b"job-template")
    assert request._attributes[1, b"requested-attributes", 0x44] is wanted
    assert request.attributes_to_multilevel(1)[1][b"requested-attributes"][0x44] is wanted
    assert decode(request.to_string()).groups[0]["requested-attributes"].values[-1] == "job-template"


def test_subclasses_are_made_by_their_init() -> None:
    class Mine(IppRequest):
        def __init__(self, version: Any, opid: int, request_id: int, attributes: Any) -> None:
            super().__init__(version, opid, request_id, attributes)
            self.count = len(attributes)

    octets = encode(Message((1, 1), 2, 3, [operation()]))
    request = Mine.from_string(octets)
    assert (type(request), request.count, request.to_string()) == (Mine, 2, octets)


def test_only() -> None:
    request = message(operation(Attribute("requested-attributes", 0x44, ["all", "none"])))
    assert request.only(*CHARSET) == b"utf-8"
    with pytest.raises(ValueError, match="has 2 values"):
        request.only(1, b"requested-attributes", 0x44)
    with pytest.raises(KeyError):
        request.only(1, b"job-name", 0x42)
    request._attributes[1, b"job-name", 0x42] = []
    with pytest.raises(RuntimeError, match="empty list"):
        request.only(1, b"job-name", 0x42)


@pytest.mark.parametrize("reader", [IppRequest.from_string, lambda octets: IppRequest.from_file(io.BytesIO(octets))])
@pytest.mark.parametrize(
    "octets", [b"", b"\x02\x00\x00\x0b\x00\x00\x00", b"\2\0\0\x0b\0\0\0\1", b"\2\0\0\x0b\0\0\0\1\1"]
)
def test_a_message_cut_short(octets: bytes, reader: Callable[[bytes], IppRequest]) -> None:
    with pytest.raises(struct.error) as caught:
        reader(octets)
    assert isinstance(caught.value, ippfast.TruncatedError)


def test_values_out_of_place() -> None:
    header = b"\2\0\0\x0b\0\0\0\1"
    for octets, words in ((b"\x21\0\1a\0\0\3", "No section"), (b"\1\x21\0\0\0\0\3", "Additional attribute")):
        for read in (
            IppRequest.from_string,
            lambda octets: IppRequest.from_file(io.BufferedReader(io.BytesIO(octets))),
        ):
            with pytest.raises(DecodeError, match=words):
                read(header + octets)


def test_a_file_that_never_ends_is_given_up() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1, /) -> bytes:
            """A header, a group, and one value after the other of 32767 octets."""
            value = b"\x30\0\1a\x7f\xff" + b"v" * 32767
            start = self.given
            self.given += size
            if start < 9:
                return b"\2\0\0\x0b\0\0\0\1\1"[start : start + size]
            start = (start - 9) % len(value)
            return (value + value)[start : start + size]

    file = Endless()
    with pytest.raises(LimitError):
        IppRequest.from_file(file)  # type: ignore[arg-type]  # it has read
    assert file.given <= 16 * 1024 * 1024


# ---- Changing and writing ----


def test_a_changed_value_takes_its_place() -> None:
    jobs = [AttributeGroup(0x02, [Attribute("job-id", 0x21, each), MEDIA]) for each in (1, 2)]
    request = message(operation(), *jobs)
    assert request.lookup(*JOB_ID) == [b"\0\0\0\1", b"\0\0\0\2"]
    request.lookup(*JOB_ID)[1] = Integer(9).bytes()
    written = request.to_message()
    assert [group["job-id"].value for group in written.jobs] == [1, 9]
    assert [group["media-col-ready"] for group in written.jobs] == [MEDIA, MEDIA]
    assert written.version == (2, 0)


def test_members_of_collections_can_be_changed() -> None:
    request = message(operation(), AttributeGroup(0x04, [MEDIA]))
    values = request.lookup(4, b"media-col-ready", 0x21)
    assert values == [Integer(21000).bytes(), Integer(29700).bytes()]
    values[0] = Integer(10500).bytes()
    media = request.to_message().printer["media-col-ready"].values
    assert isinstance(media[0], Collection)
    size = media[0]["media-size"].value
    assert [member.value for member in size] == [10500, 29700]


def test_attributes_are_added_and_removed() -> None:
    first, second = Attribute("printer-name", 0x42, "one"), Attribute("printer-info", 0x41, "two")
    request = message(operation(), AttributeGroup(0x04, [first, MEDIA, second]))
    del request._attributes[4, b"printer-name", 0x42]
    request._attributes[4, b"printer-state", 0x23] = [Enum(3).bytes()]
    request._attributes[4, b"printer-info", 0x41] = [b"three", b"four"]
    request._attributes[2, b"job-id", 0x21] = [Integer(1).bytes()]
    written = request.to_message()
    assert [attribute.name for attribute in written.printer] == ["media-col-ready", "printer-info", "printer-state"]
    assert written.printer["printer-info"].values == ("three", "four")
    assert written.printer["media-col-ready"] == MEDIA
    assert written.job["job-id"].value == 1


def edit(attributes: Any, data: st.DataObject) -> None:
    """Change, remove or add something."""
    keys = list(attributes)
    kind = data.draw(st.sampled_from(["change", "remove", "append", "drop", "add"] if keys else ["add"]))
    if kind == "add":
        key = (
            data.draw(st.sampled_from([1, 2, 4, 7])),
            data.draw(names),
            data.draw(st.sampled_from([0x21, 0x44, 0x30])),
        )
        attributes[key] = [data.draw(st.binary(min_size=4, max_size=4)) for _ in range(data.draw(st.integers(0, 3)))]
        return
    key = data.draw(st.sampled_from(keys))
    size = 4 if key[2] in (0x21, 0x23) else data.draw(st.integers(0, 9))
    value = data.draw(st.binary(min_size=size, max_size=size))
    if kind == "remove":
        del attributes[key]
    elif kind == "append" or not attributes[key]:
        attributes[key].append(value)
    elif kind == "drop":
        attributes[key].pop(data.draw(st.integers(0, len(attributes[key]) - 1)))
    else:
        attributes[key][data.draw(st.integers(0, len(attributes[key]) - 1))] = value


names = st.sampled_from([b"job-name", b"media", b"copies", b"x"])


@given(octets=strategies.octets(), data=st.data())
def test_what_is_written_is_what_the_dictionary_says(octets: bytes, data: st.DataObject) -> None:
    request = IppRequest.from_string(octets)
    for _ in range(data.draw(st.integers(1, 4))):
        edit(request._attributes, data)
    try:
        written = request.to_string()
    except EncodeError:
        return  # a part of a collection too many or too few, or a number that is none beside one that was changed
    expected = {key: values for key, values in request._attributes.items() if values}
    assert IppRequest.from_string(written)._attributes == expected
    by_hand = IppRequest(request.version, request.opid_or_status, request.request_id, expected)
    try:
        assert IppRequest.from_string(by_hand.to_string())._attributes == expected
    except EncodeError:
        assert any(tag in (0x34, 0x37, 0x4A, 0x21, 0x23) for _, _, tag in expected)


def test_a_collection_is_replaced_whole_or_not_at_all() -> None:
    request = message(operation(), AttributeGroup(0x04, [MEDIA]))
    request.lookup(4, b"media-col-ready", 0x21).append(Integer(1).bytes())
    with pytest.raises(EncodeError, match="media-col-ready"):
        request.to_string()
    for key in [key for key in request._attributes if key[1] == b"media-col-ready"]:
        del request._attributes[key]
    request._attributes[4, b"media-col-ready", 0x13] = [b""]
    assert request.to_message().printer["media-col-ready"].values == (ippfast.OutOfBand.NO_VALUE,)


def test_the_order_of_a_message_made_by_hand() -> None:
    attributes = {
        (4, b"printer-name", 0x42): [b"name"],
        (5, b"sides", 0x44): [b"none"],
        (4, b"media-supported", 0x44): [b"iso_a4_210x297mm"],
        (1, b"job-id", 0x21): [Integer(5).bytes()],
        (1, b"printer-uri", 0x45): [b"ipp://localhost/"],
        LANGUAGE: [b"en"],
        CHARSET: [b"utf-8"],
        (4, b"media-supported", 0x42): [b"my paper"],
    }
    written = IppRequest((2, 2), 0x0009, 1, attributes).to_message()
    assert written.version == (2, 2)
    assert [group.tag for group in written.groups] == [1, 5, 4]
    names = ["attributes-charset", "attributes-natural-language", "printer-uri", "job-id"]
    assert [attribute.name for attribute in written.groups[0]] == names
    assert written.printer["media-supported"].tags == (0x44, 0x42)
    assert [attribute.name for attribute in written.printer] == ["printer-name", "media-supported"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ((1, b"job-id", 0x21), b"\0"),
        ((1, b"job-name", 0x42), b"x" * 0x8000),
        ((1, b"", 0x42), b"x"),
        ((1, b"job-name", 0x03), b"x"),
        ((3, b"job-name", 0x42), b"x"),
        ((0x21, b"job-name", 0x42), b"x"),
    ],
)
def test_what_has_no_form_on_the_wire(key: tuple[int, bytes, int], value: bytes) -> None:
    with pytest.raises(EncodeError):
        IppRequest((1, 1), 2, 1, {key: [value]}).to_string()


def test_equality_is_of_parts() -> None:
    one, other = message(operation()), message(operation())
    assert one == other
    other._attributes[1, b"job-name", 0x42] = [b"x"]
    assert one != other
    assert one != message(operation(), version=(1, 1))
    assert QuirkyIppRequest((1, 1), 0, 1, {}) == QuirkyIppRequest((2, 0), 1, 2, {CHARSET: [b"utf-8"]})
    with pytest.raises(TypeError):
        hash(one)


def test_codes_are_unsigned() -> None:
    octets = encode(Message((2, 0), 0xC001, 1, [operation()]))
    assert IppRequest.from_string(octets).opid_or_status == 0xC001
    assert QuirkyIppRequest.from_string(octets).opid_or_status == 0xC001 - 0x10000


def test_values() -> None:
    assert (Integer(-2).bytes(), bytes(Enum(5)), Boolean(True).bytes()) == (b"\xff\xff\xff\xfe", b"\0\0\0\5", b"\1")
    assert (Integer.from_bytes(b"\0\0\0\7").integer, Boolean.from_bytes(b"\2").boolean) == (7, True)
    for wrong in (lambda: Integer("1"), lambda: Boolean(1)):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            wrong()
