"""The content of an event: the attributes that a notification has (RFC 3995 section 9.1).

The rule of this file: an event shows a user no more of another user's job than Get-Job-Attributes does.
"""

from collections.abc import Callable

from ippfast.attributes import attribute
from ippfast.codec import Attribute
from ippfast.enums import JobState
from ippfast.wrappers import Name, NaturalLanguage, Text

from .access import PUBLIC, may_see, told_user
from .answers import readable
from .calls import Call
from .core import PrinterCore
from .counting import counts_of_job
from .storage.rows import SYSTEM, Event, Subscription, subscribed_event, told_state

__all__ = ["EXTRAS", "event_attributes"]

EXTRAS: dict[str, Callable[[Event], object]] = {
    "job-name": lambda event: Name(readable(event.job_name)),
    "job-originating-user-name": lambda event: Name(readable(told_user(event.job_user))),
    "job-uuid": lambda event: event.job_uuid,
    "job-k-octets": lambda event: -(-event.job_octets // 1024),
    "number-of-documents": lambda event: event.job_documents,
    "job-state-message": lambda event: Text(event.job_message),
}
"""The attributes of a job that a subscription may request for its events (notify-attributes)."""

_TEXTS = {
    "printer-restarted": "The printer was started again.",
    "printer-shutdown": "The printer is shut down.",
    "printer-stopped": "The printer has stopped.",
    "printer-config-changed": "The printer's configuration was changed.",
    "printer-queue-order-changed": "The order of the jobs was changed.",
    "job-created": "Job {job} was created.",
    "job-stopped": "Job {job} has stopped.",
    "job-config-changed": "Job {job} was changed.",
    "job-progress": "Job {job} goes on.",
    "printer-created": "Printer {printer} was made.",
    "printer-deleted": "Printer {printer} was deleted.",
    "resource-created": "Resource {resource} was made.",
    "resource-installed": "Resource {resource} was installed.",
    "resource-canceled": "Resource {resource} was canceled.",
    "resource-config-changed": "Resource {resource} was changed.",
    "system-restarted": "The system was started again.",
    "system-shutdown": "The system was shut down.",
    "system-config-changed": "The system's configuration was changed.",
}


def _text(event: Event) -> str:
    """The event as a sentence (notify-text, RFC 3995 section 9.2)."""
    if event.job_id is not None and (event.name == "job-completed" or event.name not in _TEXTS):
        state = told_state(event.job_state, event.job_reasons)
        return f"Job {event.job_id} is {state.name.lower().replace('_', '-')}."
    if event.name not in _TEXTS:
        if event.resource_id is not None:
            return f"Resource {event.resource_id} is {event.resource_state.name.lower()}."
        return f"The {'system' if event.printer == SYSTEM else 'printer'} is {event.printer_state.name.lower()}."
    printer = readable(event.printer.rpartition("/")[0])
    return _TEXTS[event.name].format(job=event.job_id, printer=printer, resource=event.resource_id)


def _impressions(printer: PrinterCore, event: Event) -> int:
    """The event's job-impressions-completed; for a completed job, all of its impressions."""
    if event.job_state == JobState.COMPLETED and event.job_id is not None:
        job = printer.store.job(event.job_id)
        counts = None if job is None else counts_of_job(printer, job, {each.name: each for each in job.attributes})
        return event.job_impressions if counts is None else counts.done
    return event.job_impressions


def event_attributes(call: Call, subscription: Subscription, event: Event) -> list[Attribute]:
    """The attributes of an event for a client (RFC 3995 section 9.1)."""
    printer = call.printer
    told: dict[str, object] = {
        "notify-subscription-id": subscription.id,
        "notify-subscription-uuid": subscription.uuid,
        **printer.event_source(call.incoming, event),
        "notify-sequence-number": event.number,
        "notify-charset": subscription.charset,
        "notify-natural-language": NaturalLanguage(subscription.language),
    }
    if subscription.user_data is not None:
        told["notify-user-data"] = subscription.user_data
    told |= {
        "notify-subscribed-event": subscribed_event(subscription.events, event.name) or event.name,
        "printer-current-time": printer.date_at(event.created),
        "notify-text": _text(event),
    }
    if event.resource_id is not None:
        told["notify-resource-id"] = event.resource_id
        told["resource-state"] = event.resource_state
        told["resource-state-reasons"] = list(event.resource_reasons)
    elif event.printer == SYSTEM:
        told["system-state"] = int(event.printer_state)
    elif event.job_id is None:
        told["printer-state"] = event.printer_state
        told["printer-state-reasons"] = list(event.printer_reasons)
        told["printer-is-accepting-jobs"] = event.accepting
    else:
        told["notify-job-id"] = event.job_id
        told["job-uuid"] = event.job_uuid
        told["job-state"] = told_state(event.job_state, event.job_reasons)
        told["job-state-reasons"] = list(event.job_reasons)
        told["job-impressions-completed"] = _impressions(printer, event)
        whole = may_see(printer, call.who, event)
        for name in subscription.attributes:
            if whole or name in PUBLIC:
                told[name] = EXTRAS[name](event)
    return [attribute(name, value) for name, value in told.items()]
