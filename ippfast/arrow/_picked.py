"""The twins that make tables and hand them over, as this interpreter has them.

The rule of this file: it does as the codec did.
"""

from typing import TYPE_CHECKING

from ..codec import IMPLEMENTATION

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._builder_py import Builder
    from ._export_py import export_array, export_schema, export_stream
else:
    from ._builder import Builder
    from ._export import export_array, export_schema, export_stream

__all__ = ["Builder", "export_array", "export_schema", "export_stream"]
