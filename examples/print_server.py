"""The ready print server as an ASGI application, to be mounted into a web application or run by itself:

    SPOOL=spool PRINTED=printed uvicorn --app-dir examples print_server:application

It has all that ``ippfast serve`` has but what the ASGI server has itself: the port, TLS and processes. Documents go
into the directory PRINTED; a job that was accepted survives whatever happens.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ippfast.http.asgi import IPPApplication
from ippfast.printer import Directory, InThreads, SpoolPrinter
from ippfast.printer.web import PrinterPages

printer = SpoolPrinter(
    os.environ.get("SPOOL", "spool"),
    output=Directory(Path(os.environ.get("PRINTED", "printed"))),
    description={"printer-info": "The printer of this application"},
)
handler = InThreads(printer)


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    with printer, handler:
        yield


application = IPPApplication(handler, pages=handler.pages(PrinterPages(printer)), lifespan=lifespan)
