"""The codec's twins, as tests take them.

The rule of this file: a twin that is not installed is not there, and a twin that is there but broken is an error.
IPPFAST_REQUIRE_EXTENSION=1 makes a compiled twin that is not installed an error too, and IPPFAST_PURE=1 leaves it
out, as it does for the package.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ippfast import Attribute, AttributeGroup, Collection, Limits, Message, MessageDecoder
from ippfast.arrow.schema import Array, Field

__all__ = ["COMPILED", "IMPLEMENTATIONS", "NAMES", "PURE", "Implementation"]

NAMES = (
    "Attribute",
    "AttributeGroup",
    "Collection",
    "Message",
    "MessageDecoder",
    "decode",
    "decode_prefix",
    "encode",
    "encode_into",
    "walk",
)
"""What each twin provides."""


class Implementation:
    """One twin: its functions and its classes."""

    def __init__(
        self,
        name: str,
        codec: ModuleType,
        message: ModuleType,
        chunks: ModuleType,
        octets: ModuleType,
        glance: ModuleType,
        plain: ModuleType,
        lines: ModuleType,
        builder: ModuleType,
        export: ModuleType,
        json: ModuleType,
    ) -> None:
        self.name = name
        self.codec = codec
        self.message = message
        self.Attribute: type[Attribute] = codec.Attribute
        self.AttributeGroup: type[AttributeGroup] = codec.AttributeGroup
        self.Collection: type[Collection] = codec.Collection
        self.Message: type[Message] = codec.Message
        self.MessageDecoder: type[MessageDecoder] = codec.MessageDecoder
        self.decode: Callable[..., Message] = codec.decode
        self.decode_prefix: Callable[..., tuple[Message, int]] = codec.decode_prefix
        self.encode: Callable[[Message], bytes] = codec.encode
        self.encode_into: Callable[..., int] = codec.encode_into
        self.walk: Callable[[Any], Iterator[tuple[Attribute, Any]]] = codec.walk
        self.gather: Callable[[bytes, int, int, int], tuple[Any, int, int]] = chunks.gather
        self.check: Callable[[bytes, int], tuple[int, int]] = octets.check
        self.find: Callable[[bytes, int, int, bytes, int], list[bytes]] = octets.find
        self.index: Callable[[bytes, int], dict[tuple[int, bytes, int], list[bytes]]] = octets.index
        self.decode_sound: Callable[[bytes, Limits], Message | None] = glance.decode_sound
        self.doubtful: Callable[..., list[tuple[Attribute, bool, list[int] | None]]] = glance.doubtful
        self.head: Callable[[Message, str | None, int], str | None] = glance.head
        self.to_plain: Callable[..., dict[str, Any] | None] = plain.to_plain
        self.to_tagged: Callable[..., list[Any] | None] = plain.to_tagged
        self.from_tagged: Callable[..., list[Attribute] | None] = plain.from_tagged
        self.encode_lines: Callable[..., tuple[int, int]] = lines.encode
        self.decode_lines: Callable[..., tuple[int, int, int, int]] = lines.decode
        self.to_json: Callable[..., bytes] = json.to_json
        self.Builder: Callable[..., Any] = builder.Builder
        self.export_schema: Callable[[Field], object] = export.export_schema
        self.export_array: Callable[[Field, Array], tuple[object, object]] = export.export_array
        self.export_stream: Callable[[Field, Iterator[Array]], object] = export.export_stream

    def __repr__(self) -> str:
        return self.name


def _on(variable: str) -> bool:
    return os.environ.get(variable, "0") not in ("", "0")


def _find(name: str, *modules: str) -> Implementation:
    return Implementation(name, *(importlib.import_module(f"ippfast.{module}") for module in modules))


def _find_compiled() -> Implementation | None:
    if _on("IPPFAST_PURE"):
        return None
    try:
        return _find(
            "cython",
            "_codec",
            "_message_c",
            "http._wire._chunks",
            "compat.ippserver._octets",
            "_glance",
            "_plain",
            "raster._lines",
            "arrow._builder",
            "arrow._export",
            "_json",
        )
    except ModuleNotFoundError as missing:
        if missing.name != "ippfast._codec" or _on("IPPFAST_REQUIRE_EXTENSION"):
            raise
        return None


PURE = _find(
    "python",
    "_codec_py",
    "_message",
    "http._wire._chunks_py",
    "compat.ippserver._octets_py",
    "_glance_py",
    "_plain_py",
    "raster._lines_py",
    "arrow._builder_py",
    "arrow._export_py",
    "_json_py",
)
COMPILED = _find_compiled()
IMPLEMENTATIONS = (PURE,) if COMPILED is None else (COMPILED, PURE)
