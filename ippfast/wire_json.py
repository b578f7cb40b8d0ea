"""Messages as JSON: the twin of `to_json` that this interpreter has.

The rule of this file: it does as the codec did.
"""

from .codec import IMPLEMENTATION

TYPE_CHECKING = False
if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._json_py import to_json
else:
    from ._json import to_json

__all__ = ["to_json"]
