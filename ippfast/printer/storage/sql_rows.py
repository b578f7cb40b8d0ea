"""Turns rows of jobs and documents into values.

The rule of this file: only this file says which columns a value is made of, and how.
"""

from dataclasses import fields
from functools import lru_cache
from typing import Any

from ippfast.enums import DocumentState, JobState

from .rows import Document, Job
from .sql import string

__all__ = ["DOCUMENT_COLUMNS", "JOB_COLUMNS", "ORDER", "QUEUE_COLUMNS", "document_of", "job_of"]

JOB_COLUMNS = ", ".join(f'"{name}"' for name in Job._fields)
DOCUMENT_COLUMNS = ", ".join(field.name for field in fields(Document))
QUEUE_COLUMNS = (
    "active, processing, settings.name, value FROM queues LEFT JOIN settings ON settings.queue = queues.name"
)
"""The columns for a queue's state: there is one row for each setting."""
ORDER = "state NOT IN (5, 6), priority DESC, position, id"
"""The order of `JobStore.jobs` for jobs that have not ended."""


def job_of(row: tuple[Any, ...]) -> Job:
    """Turn a row of `JOB_COLUMNS` into a job."""
    job_id, uuid, state, reasons, message, name, user, host, *others = row
    created, processing, completed, priority, position, release, held, opened, touched, attempts, *counts = others
    octets, documents, output, *last = counts
    return Job(
        job_id,
        uuid,
        _STATES[state],
        _words(reasons),
        message if type(message) is str else string(message),
        name if type(name) is str else string(name),
        user if type(user) is str else string(user),
        host,
        created,
        processing,
        completed,
        priority,
        position,
        release,
        bool(held),
        bool(opened),
        touched,
        attempts,
        octets,
        documents,
        output if type(output) is str else string(output),
        *last,
    )


_STATES = {int(state): state for state in JobState}


@lru_cache(maxsize=256)
def _words(reasons: str) -> tuple[str, ...]:
    return tuple(reasons.split())


def document_of(row: tuple[Any, ...]) -> Document:
    """Turn a row of `DOCUMENT_COLUMNS` into a document."""
    values = dict(zip(Document.__slots__, row, strict=True))
    values["state"] = DocumentState(values["state"])
    values["name"], values["format"] = string(values["name"]), string(values["format"])
    return Document(**values)
