"""Runs inside an environment that has pyipp or aioipp: the library as its users use it, with the shim in it.

The rule of this file: it knows nothing of the tests. ``use_pyipp.py install`` checks what `install` replaces, and
``replaced`` says which functions it did replace; ``use_pyipp.py poll MODE URI...`` asks printers as Home Assistant
does: one client for each, asked again and again.
"""

import asyncio
import sys
import warnings

from ippfast.compat import pyipp as shim

POLLS = 5


def refusal(octets: bytes, kind: type[Exception]) -> str:
    import pyipp.ipp

    try:
        pyipp.ipp.parse_response(octets)
    except kind as error:
        return str(error)
    return "taken"


def check_install() -> None:
    assert "pyipp" not in sys.modules, "the shim imports the library by itself"
    import pyipp.ipp
    import pyipp.parser
    import pyipp.serializer

    places = [
        (pyipp.parser, "parse", shim.parse),
        (pyipp.parser, "parse_attribute", shim.parse_attribute),
        (pyipp.parser, "parse_collection", shim.parse_collection),
        (pyipp.ipp, "parse_response", shim.parse),
        (pyipp.ipp, "encode_dict", shim.encode_dict),
        (pyipp.serializer, "encode_dict", shim.encode_dict),
        (pyipp.serializer, "construct_attribute", shim.construct_attribute),
        (pyipp.serializer, "construct_attribute_values", shim.construct_attribute_values),
    ]
    before = [getattr(module, name) for module, name, _ in places]
    assert all("ippfast" not in function.__module__ for function in before)
    for _ in range(2):
        shim.install()
        assert [getattr(module, name) for module, name, _ in places] == [ours for _, _, ours in places]
    octets = bytes.fromhex("0200000000000001 01 23000d7072696e7465722d7374617465 0004 00000063 03")
    assert "99 is not a valid IppPrinterState" in refusal(octets, ValueError)
    shim.install(quirks=False)
    answer = pyipp.ipp.parse_response(octets)
    assert answer["operation-attributes"] == {"printer-state": 99}
    assert pyipp.models.parse_ieee1284_device_id("Unknown") == {}
    assert "no IPP message" in refusal(b"<html>", pyipp.IPPParseError)
    shim.uninstall()
    assert [getattr(module, name) for module, name, _ in places] == before
    print("as it should be")


def replaced() -> None:
    """Which functions are ours, or how many warnings say that the library's stay."""
    import pyipp.ipp
    import pyipp.parser
    import pyipp.serializer

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shim.install()
    places = ((pyipp.parser, "parse", shim.parse), (pyipp.serializer, "encode_dict", shim.encode_dict))
    ours = [name for module, name, function in places if getattr(module, name) is function]
    told = [each for each in caught if "keeps its own" in str(each.message)]
    print(*ours or (len(told), "warnings"))


async def poll(uri: str) -> None:
    from pyipp import IPP

    async with IPP(uri, request_timeout=90) as client:
        states = []
        for _ in range(POLLS):
            printer = await client.printer()
            states.append(printer.state.printer_state)
            printer.as_dict()
        print(printer.info.printer_name, states[-1], len(states), sep="|")


if __name__ == "__main__":
    if sys.argv[1] == "install":
        check_install()
    elif sys.argv[1] == "replaced":
        replaced()
    else:
        if sys.argv[2] != "without":
            shim.install(quirks=sys.argv[2] == "faithful")
        for uri in sys.argv[3:]:
            asyncio.run(poll(uri))
