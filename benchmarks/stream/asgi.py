"""The application that uvicorn and granian serve: the same answer as our own servers give.

Rule: nothing but the handler.
"""

from typing import Any

from ippfast.http.asgi import IPPApplication

from .ends import printer_answer

__all__ = ["application"]

_answer = printer_answer()


async def _handle(request: Any) -> Any:
    return _answer(request)


application = IPPApplication(_handle)
