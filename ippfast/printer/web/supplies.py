"""The supplies of a printer on its page.

The rule of this file: the supplies of the description and of the device are shown, except those whose level is -1 (RFC
3805 prtMarkerSuppliesLevel): they never run out. By such a level a spool says that it has no supplies.
"""

from ippfast.codec import AttributeGroup
from ippfast.tags import DelimiterTag
from ippfast.views import Supply, supplies

from .markup import Child, Markup, element
from .visit import Visit

__all__ = ["supply_list"]


def supply_list(visit: Visit) -> Markup | None:
    """The supplies and their levels; None: there are none."""
    known = visit.description.attributes | visit.printer.device.attributes()
    group = AttributeGroup(DelimiterTag.PRINTER, list(known.values()))
    found = [each for each in supplies(group) if each.level != -1]
    return element("div", [_supply(each) for each in found]) if found else None


def _supply(supply: Supply) -> Markup:
    level = supply.level
    meter: Child = element("span")
    word = "some is left" if level == -3 else "not known"
    if level is not None and level >= 0:
        level = min(level, 100)
        meter, word = element("meter", f"{level} %", min=0, max=100, low=10, value=level), f"{level} %"
    colors = [
        element("svg", element("circle", cx=5, cy=5, r=4, fill=each), viewBox="0 0 10 10", aria_hidden="true")
        for each in supply.colors or ()
    ]
    name = element("span", colors, supply.name or supply.type or "a supply")
    return element("div", name, meter, element("span", word), class_="supply")
