"""What the twins' functions and classes look like from outside: names, words, signatures.

The rule of this file: whoever reads `help(ippfast)`, or asks `inspect`, gets the same from both twins. It runs where
both are installed.
"""

import inspect
from typing import Any, cast

import pytest
from implementations import COMPILED, NAMES, PURE, Implementation
from outcome import outcome
from samples import made

BOTH = (cast(Implementation, COMPILED), PURE)
CLASSES = [name for name in NAMES if name[0].isupper()]
FUNCTIONS = [name for name in NAMES if name[0].islower()]

# What the interpreter or the compiler puts into a class of its own accord.
THEIRS = {
    "__annotate__",
    "__annotate_func__",
    "__annotations__",
    "__annotations_cache__",
    "__dataclass_fields__",
    "__firstlineno__",
    "__module__",
    "__pyx_vtable__",
    "__reduce_cython__",
    "__setstate_cython__",
    "__slots__",
    "__static_attributes__",
    "__weakref__",
}


def public(kind: type) -> list[str]:
    """The names that a class offers; special methods too, for they are its behaviour."""
    special = {name for name in dir(kind) if name.startswith("__") and name.endswith("__")}
    return sorted({name for name in dir(kind) if not name.startswith("_")} | (special - THEIRS))


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults but for `self`; annotations are the pure twin's alone."""
    found = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    # A plain object stands for "none given", and each twin has its own.
    return [(each.name, each.kind, "?" if type(each.default) is object else each.default) for each in found]


def pair(*path: str) -> list[Any]:
    found: list[Any] = [codec.codec for codec in BOTH]
    for name in path:
        found = [getattr(each, name) for each in found]
    return found


METHODS = [
    (kind, name)
    for kind in CLASSES
    for name in public(getattr(PURE.codec, kind))
    if not name.startswith("_") and callable(getattr(getattr(PURE.codec, kind), name))
]


def test_modules_have_the_same_names() -> None:
    for name in NAMES:
        assert name in vars(PURE.codec)
        assert name in vars(BOTH[0].codec)
    assert sorted(PURE.codec.__all__) == sorted(NAMES)


@pytest.mark.parametrize("kind", CLASSES)
def test_classes_have_the_same_names(kind: str) -> None:
    compiled, pure = pair(kind)
    assert public(compiled) == public(pure)
    assert compiled.__name__ == pure.__name__ == compiled.__qualname__ == pure.__qualname__ == kind


@pytest.mark.parametrize("kind", CLASSES)
def test_classes_have_the_same_documentation(kind: str) -> None:
    compiled, pure = pair(kind)
    assert inspect.getdoc(compiled) == inspect.getdoc(pure)
    for name in public(pure):
        if not name.startswith("__"):
            words = [inspect.getdoc(getattr(each, name)) for each in (compiled, pure)]
            assert words[0] == words[1], name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_same_documentation(name: str) -> None:
    compiled, pure = pair(name)
    assert inspect.getdoc(compiled) == inspect.getdoc(pure)
    assert len(inspect.getdoc(pure) or "") > 80
    assert parameters(compiled) == parameters(pure)
    assert compiled.__name__ == compiled.__qualname__ == name


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_methods_have_the_same_signatures(kind: str, name: str) -> None:
    compiled, pure = pair(kind, name)
    assert parameters(compiled) == parameters(pure)


# Calls that do not fit a signature, or an argument of a wrong type.
CALLS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "decode nothing": ("decode", (), {}),
    "decode two": ("decode", (b"", b""), {}),
    "decode with a wrong name": ("decode", (b"",), {"limit": None}),
    "decode str": ("decode", ("",), {}),
    "decode None": ("decode", (None,), {}),
    "decode list": ("decode", ([2, 0],), {}),
    "decode int": ("decode", (9,), {}),
    "decode_prefix str": ("decode_prefix", ("",), {}),
    "limits int": ("decode", (b"",), {"limits": 8}),
    "limits tuple": ("decode", (b"",), {"limits": (8, 1, 1, 1, 1)}),
    "limits of a decoder": ("MessageDecoder", (), {"limits": 5}),
    "only str": ("decode", (b"",), {"only": "job-id"}),
    "only int": ("decode", (b"",), {"only": 5}),
    "only lists": ("decode", (b"",), {"only": [["job-id"]]}),
    "only of a decoder": ("MessageDecoder", (), {"only": "job-id"}),
    "decoder by position": ("MessageDecoder", (None,), {}),
    "encode nothing": ("encode", (), {}),
    "encode None": ("encode", (None,), {}),
    "encode octets": ("encode", (b"",), {}),
    "attribute of nothing": ("Attribute", (), {}),
    "attribute by names": ("Attribute", (), {"name": "x", "tag": 0x21, "values": [1]}),
    "attribute with a wrong name": ("Attribute", ("x", 0x21), {"value": 1}),
    "group of nothing": ("AttributeGroup", (), {}),
    "group by names": ("AttributeGroup", (), {"tag": 1, "attributes": []}),
    "collection by names": ("Collection", (), {"members": []}),
    "message of nothing": ("Message", (), {}),
    "message by names": ("Message", (), {"version": (2, 0), "code": 1, "request_id": 1, "groups": []}),
}
OURS = ("limits ", "only ", "encode takes", "a bytes-like")  # how words begin that are not the interpreter's


@pytest.mark.parametrize("row", CALLS)
def test_calls(row: str) -> None:
    name, arguments, named = CALLS[row]
    compiled, pure = [outcome(each, *arguments, **named) for each in pair(name)]
    assert compiled[0] == pure[0]
    if compiled[0] == "raised":
        assert compiled[1][0] is pure[1][0] is TypeError
    if compiled[0] == "returned" or str(pure[1][1]).startswith(OURS):
        assert compiled == pure


def test_attributes_of_objects() -> None:
    for thing in ("job-id", "media-col"):
        for name in public(PURE.Attribute):
            if not name.startswith("__") and name != "enum":
                compiled, pure = [outcome(getattr, made(codec)[thing], name) for codec in BOTH]
                assert compiled == pure, name
