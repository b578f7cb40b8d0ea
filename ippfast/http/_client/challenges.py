"""What is asked to be challenged with, before a document goes out: a request that changes nothing.

The rule of this file: no empty body, for cupsd never answers one; nothing that makes, changes or ends a job; and no
secret of the request, such as a document-password, that goes out later.
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
    """A request to the same target that a server asks for credentials as for this one; None if there is none.

    Validate-Job for what makes a job, since CUPS asks by operation (RFC 8011 section 4.2.3: it is as Print-Job, without
    the job); Get-Job-Attributes for what concerns one job; otherwise Get-Printer-Attributes.
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
