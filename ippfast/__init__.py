"""IPP, the Internet Printing Protocol (RFC 8010, RFC 8011), for Python: lossless and fast.

`decode` and `encode` are the codec; `Message` and what it holds are the model. Importing this package loads only
these; the registry, and what needs it, is loaded when it is first used.

Where is the rule for ...

- which octets are a message: `_codec_py.py`, with a drawing of a token; the same compiled: `_codec.pyx`
- what a value is in Python: `values.py`; which tag has which form and sizes: `tags.py`
- how an attribute becomes values: `_wire_py.py`, and how they become octets: `_encode_py.py`; one loop over all of a
  message: `_walk_py.py`; each has a compiled twin of the same name without `_py`
- what a message and its attributes can do: `_message.py` and `_attribute.py`, once for both twins
- which twin is used: `codec.py`; what the compiled one takes from inside CPython: `_cpython.pxd`
- how large a message may be: `limits.py`; every fault and its words: `errors.py`
- what IANA's registry says: `registry.py`; names of numbers: `enums.py`; media names: `media.py`
- how names and Python values become attributes: `attributes.py`; requests and responses: `requests.py`; a function for
  each operation: `operations/`; what an operation acts on: `targets.py`
- what is wrong with a message: `validation.py`, with a single value: `syntaxes.py`; every code: `issues.py`
- what can be saved of a broken message: `recovery.py`; how it is repaired: `_repair.py`; where tokens may begin in it:
  `_places.py`
- a message as plain data: `dictionaries.py`; a printer in words and numbers: `views.py`
- the format of a document: `formats.py`
- transport: `http/`; pages of pixels: `raster/`; what a document becomes for a printer: `convert/`; the print server:
  `printer/`; the interfaces of other libraries: `compat/`; the command: `cli/`
"""

from .codec import (
    IMPLEMENTATION,
    Attribute,
    AttributeGroup,
    Collection,
    Message,
    MessageDecoder,
    decode,
    decode_prefix,
    encode,
    encode_into,
    read_message,
    walk,
)
from .errors import DecodeError, EncodeError, IPPError, LimitError, RegistryError, TruncatedError
from .limits import DEFAULT_LIMITS, REQUEST_LIMITS, Limits
from .tags import DelimiterTag, ValueTag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import operations, registry, views
    from .attributes import attribute, collection
    from .enums import (
        ClientType,
        DocumentState,
        Finishings,
        JobState,
        Operation,
        OrientationRequested,
        PowerState,
        PrinterState,
        PrinterWifiState,
        PrintQuality,
        ResourceState,
        Status,
        SystemState,
        TransmissionStatus,
    )
    from .issues import Issue, Severity
    from .recovery import recover
    from .requests import Template, request, response
    from .validation import validate
    from .wire_json import to_json
    from .wrappers import (
        Boolean,
        Charset,
        Enum,
        Integer,
        Keyword,
        MimeMediaType,
        Name,
        NaturalLanguage,
        OctetString,
        Tagged,
        Text,
        Uri,
        UriScheme,
    )

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_LIMITS",
    "IMPLEMENTATION",
    "REQUEST_LIMITS",
    "Attribute",
    "AttributeGroup",
    "Boolean",
    "Charset",
    "ClientType",
    "Collection",
    "DateTime",
    "DecodeError",
    "DelimiterTag",
    "DocumentState",
    "EncodeError",
    "Enum",
    "Finishings",
    "IPPError",
    "Integer",
    "Issue",
    "JobState",
    "Keyword",
    "LimitError",
    "Limits",
    "Message",
    "MessageDecoder",
    "MimeMediaType",
    "Name",
    "NaturalLanguage",
    "OctetString",
    "Operation",
    "OrientationRequested",
    "OutOfBand",
    "PowerState",
    "PrintQuality",
    "PrinterState",
    "PrinterWifiState",
    "RangeOfInteger",
    "RawValue",
    "RegistryError",
    "Resolution",
    "ResourceState",
    "Severity",
    "Status",
    "StringWithLanguage",
    "SystemState",
    "Tagged",
    "Template",
    "Text",
    "TransmissionStatus",
    "TruncatedError",
    "Uri",
    "UriScheme",
    "ValueTag",
    "__version__",
    "attribute",
    "collection",
    "decode",
    "decode_prefix",
    "encode",
    "encode_into",
    "operations",
    "read_message",
    "recover",
    "registry",
    "request",
    "response",
    "to_json",
    "validate",
    "views",
    "walk",
]

# The module of each name that is loaded when it is first used. These modules take longer to load than the codec.
_LATER = {
    "attribute": "attributes",
    "collection": "attributes",
    "ClientType": "enums",
    "DocumentState": "enums",
    "Finishings": "enums",
    "JobState": "enums",
    "Operation": "enums",
    "OrientationRequested": "enums",
    "PowerState": "enums",
    "PrintQuality": "enums",
    "PrinterState": "enums",
    "PrinterWifiState": "enums",
    "ResourceState": "enums",
    "Status": "enums",
    "SystemState": "enums",
    "TransmissionStatus": "enums",
    "Issue": "issues",
    "Severity": "issues",
    "recover": "recovery",
    "Template": "requests",
    "request": "requests",
    "response": "requests",
    "to_json": "wire_json",
    "validate": "validation",
    "Boolean": "wrappers",
    "Charset": "wrappers",
    "Enum": "wrappers",
    "Integer": "wrappers",
    "Keyword": "wrappers",
    "MimeMediaType": "wrappers",
    "Name": "wrappers",
    "NaturalLanguage": "wrappers",
    "OctetString": "wrappers",
    "Tagged": "wrappers",
    "Text": "wrappers",
    "Uri": "wrappers",
    "UriScheme": "wrappers",
    "operations": "",
    "registry": "",
    "views": "",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"{__name__}.{_LATER[name] or name}")
    found = getattr(module, name) if _LATER[name] else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
