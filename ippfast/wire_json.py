"""Messages as JSON: `to_json`, of the twin that is in use.

The rule of this file: it picks the same twin as `codec.py`.
"""

from .codec import IMPLEMENTATION

TYPE_CHECKING = False
if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._json_py import to_json
else:
    from ._json import to_json

__all__ = ["to_json"]
