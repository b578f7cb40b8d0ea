"""Makes documents into what a printer takes, without CUPS: a plan first, then its pages, drawn one by one.

The rule of this package: a plan is a pure value and needs nothing but this package; what reads documents runs in a
child process, and needs the extra ``convert`` (``pip install 'ippfast[convert]'``).

| file | what it does |
|---|---|
| `converted` | `plan`; `Converted`, which `ippfast.http.Client.print` takes; `Pages`, the octets |
| `plans` | `Plan`: in which format, why, and who does what |
| `planning` | how a plan comes about |
| `answers` | a printer's attributes, read for a plan |
| `quirks` | printers whose answers are not what they print |
| `layout` | where pages go on a sheet: scaling, several on a side, copies |
| `process`, `starting`, `frames` | a child process, its limits, and what is said to it and by it |
| `turns` | one child draws a document, or two of them in turns |
| `child`, `sources`, `drawing` | in a child: what it may do; documents opened; pages drawn |
| `text`, `images` | in a child: text and images made into pages |
| `errors` | `ConvertError` and its kinds |
"""

from .._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .converted import Converted, Pages, Prepared, plan
    from .errors import ConvertError, NoWayError, PlanError, RenderError
    from .frames import Limits
    from .planning import Original
    from .plans import Plan, Raster, Sheet

__all__ = [
    "ConvertError",
    "Converted",
    "Limits",
    "NoWayError",
    "Original",
    "Pages",
    "Plan",
    "PlanError",
    "Prepared",
    "Raster",
    "RenderError",
    "Sheet",
    "plan",
]

# Loaded when they are asked for: the child process needs few of them, and begins sooner.
_HOMES = {
    "converted": ("Converted", "Pages", "Prepared", "plan"),
    "errors": ("ConvertError", "NoWayError", "PlanError", "RenderError"),
    "frames": ("Limits",),
    "plans": ("Plan", "Raster", "Sheet"),
    "planning": ("Original",),
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
