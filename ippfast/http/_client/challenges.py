"""A request that changes nothing, sent before a document in order to get the server's challenge.

The rule of this file: it has a body, because cupsd never answers an empty one; it makes, changes and ends no job; and
it holds no secret of the real request, such as a document-password.
"""

from ...codec import AttributeGroup, Message
from ...enums import Operation
from ...tags import DelimiterTag

__all__ = ["harmless"]

_MAKES_A_JOB = frozenset({Operation.PRINT_JOB, Operation.PRINT_URI, Operation.CREATE_JOB, Operation.VALIDATE_JOB})
_KEPT = frozenset(
    {"attributes-charset", "attributes-natural-language", "printer-uri", "job-uri", "job-id", "requesting-user-name"}
)


def harmless(message: Message) -> Message | None:
    """A request to the same target, for which a server demands the same credentials; None if there is none.

    It is Validate-Job if the message makes a job, since CUPS decides by operation (RFC 8011 section 4.2.3: Validate-Job
    is like Print-Job); Get-Job-Attributes if it concerns one job; otherwise Get-Printer-Attributes.
    """
    group = next((each for each in message.groups if each.tag == DelimiterTag.OPERATION), None)
    if group is None:
        return None
    kept = AttributeGroup(group.tag, [each for each in group if each.name in _KEPT])
    if message.operation in _MAKES_A_JOB and "printer-uri" in kept:
        operation = Operation.VALIDATE_JOB
    elif "job-uri" in kept or ("job-id" in kept and "printer-uri" in kept):
        operation = Operation.GET_JOB_ATTRIBUTES
    elif "printer-uri" in kept:
        operation = Operation.GET_PRINTER_ATTRIBUTES
        if "job-id" in kept:
            del kept["job-id"]
    else:
        return None
    return Message(message.version, operation, message.request_id, [kept])
