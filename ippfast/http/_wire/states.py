"""The states of a connection, which say what it reads next, and which state may follow which.

The rule of this file: this table. A connection changes its state only by `Connection._go`, which checks it.

========  ===================================  ======================================================================
state     what is read                         what follows
========  ===================================  ======================================================================
PAUSED    nothing: the other side is awaited   HEAD, when a request is sent or answered; CLOSED, if none can follow
HEAD      a request's or response's head       MESSAGE; EMPTY for GET and the like; PARTS for an answer in parts;
                                               DOCUMENT for an answer without a message; HEAD after a 1xx
EMPTY     a body of no octets                  PAUSED
MESSAGE   the IPP message (RFC 8010 3.1)       DOCUMENT
PARTS     messages in parts (RFC 3996 5.2)     PAUSED
DOCUMENT  the document's octets                PAUSED, at the end of the body
DRAIN     the unwanted rest of a body          PAUSED, at the end of the body; CLOSED, if that is too far away
CLOSED    nothing, ever                        -
========  ===================================  ======================================================================

A server that answers before it has the whole request goes to DRAIN from any state, and to CLOSED if it gives up.
"""

from enum import StrEnum

__all__ = ["FOLLOWING", "State"]


class State(StrEnum):
    """What is read next. The value is the method that reads it. Hashing a str is faster than hashing a plain Enum."""

    PAUSED = "_wait"
    HEAD = "_read_head"
    EMPTY = "_end_empty_body"
    MESSAGE = "_read_message"
    PARTS = "_read_parts"
    DOCUMENT = "_next_of_document"
    DRAIN = "_drain"
    CLOSED = "_close"


_GIVEN_UP = {State.DRAIN, State.CLOSED}

FOLLOWING = {
    State.PAUSED: {State.HEAD, State.CLOSED},
    State.HEAD: {State.HEAD, State.EMPTY, State.MESSAGE, State.PARTS, State.DOCUMENT} | _GIVEN_UP,
    State.EMPTY: {State.PAUSED} | _GIVEN_UP,
    State.MESSAGE: {State.DOCUMENT} | _GIVEN_UP,
    State.PARTS: {State.PAUSED},
    State.DOCUMENT: {State.PAUSED} | _GIVEN_UP,
    State.DRAIN: {State.PAUSED, State.CLOSED},
    State.CLOSED: {State.CLOSED},
}
"""The states that each state may go to."""
