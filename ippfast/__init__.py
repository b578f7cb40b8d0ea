"""IPP, the Internet Printing Protocol (RFC 8010, RFC 8011), for Python: lossless and fast.

`decode` and `encode` are the codec; `Message` and what it holds are the model. Importing this package loads these
alone: the vocabulary is loaded when it is first used.
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
    read_message,
    walk,
)
from .errors import DecodeError, EncodeError, IPPError, LimitError, TruncatedError
from .limits import DEFAULT_LIMITS, REQUEST_LIMITS, Limits
from .tags import DelimiterTag, ValueTag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_LIMITS",
    "IMPLEMENTATION",
    "REQUEST_LIMITS",
    "Attribute",
    "AttributeGroup",
    "Collection",
    "DateTime",
    "DecodeError",
    "DelimiterTag",
    "EncodeError",
    "IPPError",
    "LimitError",
    "Limits",
    "Message",
    "MessageDecoder",
    "OutOfBand",
    "RangeOfInteger",
    "RawValue",
    "Resolution",
    "StringWithLanguage",
    "TruncatedError",
    "ValueTag",
    "__version__",
    "decode",
    "decode_prefix",
    "encode",
    "read_message",
    "walk",
]
