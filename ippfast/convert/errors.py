"""What can go wrong when a document is made into what a printer takes.

The rule of this file: each error says what is wrong in words for people, and nothing was printed unless it says so.
"""

__all__ = ["ConvertError", "NoWayError", "PlanError", "RenderError"]


class ConvertError(Exception):
    """The base of the errors of `ippfast.convert`."""


class PlanError(ConvertError):
    """There is no way to what the printer takes (`NoWayError`), or what was asked for cannot be."""


class NoWayError(PlanError):
    """The printer takes neither the document nor anything that it can be made into."""


class RenderError(ConvertError):
    """The document could not be drawn: it is damaged, needs too much, or the library that draws it is not there."""
