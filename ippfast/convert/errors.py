"""The errors of making a document into what a printer takes.

The rule of this file: each error says what is wrong in words for people, and nothing was printed unless it says so.
"""

__all__ = ["ConvertError", "NoWayError", "PlanError", "RenderError"]


class ConvertError(Exception):
    """The base of the errors of `ippfast.convert`."""


class PlanError(ConvertError):
    """The document cannot become what the printer takes (`NoWayError`), or what the user asks for is not possible."""


class NoWayError(PlanError):
    """The printer takes neither the document nor anything that it can be made into."""


class RenderError(ConvertError):
    """The document could not be drawn: it is damaged, needs too much, or the library that draws it is not there."""
