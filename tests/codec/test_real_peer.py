"""CUPS' ippeveprinter takes requests that ippfast encodes, and ippfast decodes its answers.

The rule of this file: the codec alone meets the peer; Python's own http.client carries the octets.
"""

from http.client import HTTPConnection

from peers import EvePrinter

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Message,
    RangeOfInteger,
    Resolution,
    ValueTag,
    decode_prefix,
    encode,
)
from ippfast.enums import JobState, Operation, Status

A4 = Collection(
    [
        Attribute("x-dimension", ValueTag.INTEGER, 21000),
        Attribute("y-dimension", ValueTag.INTEGER, 29700),
    ]
)


def request(printer: EvePrinter, operation: Operation, *operation_attributes: Attribute) -> Message:
    """A request with the attributes that each has to begin with (RFC 8011 section 4.1.4)."""
    attributes = [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
        Attribute("printer-uri", ValueTag.URI, printer.uri),
        Attribute("requesting-user-name", ValueTag.NAME, "tester"),
        *operation_attributes,
    ]
    return Message((2, 0), operation, 4711, [AttributeGroup(DelimiterTag.OPERATION, attributes)])


def ask(printer: EvePrinter, message: Message, document: bytes = b"") -> Message:
    """Sends it and gives the answer, whose request-id and octets have been checked."""
    connection = HTTPConnection("localhost", printer.port, timeout=30)
    try:
        connection.request("POST", printer.PATH, encode(message) + document, {"Content-Type": "application/ipp"})
        response = connection.getresponse()
        assert response.status == 200
        octets = response.read()
    finally:
        connection.close()
    answer, end = decode_prefix(octets)
    assert end == len(octets)
    assert encode(answer) == octets
    assert answer.request_id == message.request_id
    return answer


def test_get_printer_attributes(eve_printer: EvePrinter) -> None:
    wanted = Attribute("requested-attributes", ValueTag.KEYWORD, ["all", "media-col-database"])
    answer = ask(eve_printer, request(eve_printer, Operation.GET_PRINTER_ATTRIBUTES, wanted))
    assert answer.code == Status.SUCCESSFUL_OK
    assert [group.tag for group in answer.groups] == [DelimiterTag.OPERATION, DelimiterTag.PRINTER]
    printer = answer.groups[1]
    assert eve_printer.uri in printer["printer-uri-supported"].values
    assert printer["printer-info"].value == "Peer"
    assert printer["printer-is-accepting-jobs"].value is True
    assert isinstance(printer["printer-current-time"].value, DateTime)
    assert printer["copies-supported"].value == RangeOfInteger(1, 999)
    assert Resolution(600, 600, 3) in printer["printer-resolution-supported"].values
    media = [each for each in printer["media-col-database"].values if isinstance(each, Collection)]
    assert len(media) == len(printer["media-col-database"].values) > 0
    assert A4 in [each["media-size"].value for each in media]


def test_only_what_was_requested(eve_printer: EvePrinter) -> None:
    wanted = Attribute("requested-attributes", ValueTag.KEYWORD, ["printer-state", "printer-name"])
    answer = ask(eve_printer, request(eve_printer, Operation.GET_PRINTER_ATTRIBUTES, wanted))
    assert {attribute.name for attribute in answer.groups[1]} == {"printer-state", "printer-name"}


def test_print_job(eve_printer: EvePrinter) -> None:
    document = b"%PDF-1.4\n% a document with end tags \x03\x03\x03\n%%EOF\n"
    message = request(
        eve_printer,
        Operation.PRINT_JOB,
        Attribute("job-name", ValueTag.NAME, "Prüfung"),
        Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, "application/pdf"),
    )
    media = Collection([Attribute("media-size", ValueTag.BEG_COLLECTION, A4)])
    job_attributes = [Attribute("media-col", ValueTag.BEG_COLLECTION, media)]
    message.groups.append(AttributeGroup(DelimiterTag.JOB, job_attributes))
    answer = ask(eve_printer, message, document)
    assert answer.code == Status.SUCCESSFUL_OK
    job_id = answer.groups[1]["job-id"].value

    question = request(eve_printer, Operation.GET_JOB_ATTRIBUTES, Attribute("job-id", ValueTag.INTEGER, job_id))
    job = ask(eve_printer, question).groups[1]
    assert job["job-name"].value == "Prüfung"
    assert job["job-state"].value in (JobState.PENDING, JobState.PROCESSING, JobState.COMPLETED)
    assert job["media-col"].value == media
    (spooled,) = eve_printer.spool.glob(f"{job_id}-*.pdf")
    assert spooled.read_bytes() == document
