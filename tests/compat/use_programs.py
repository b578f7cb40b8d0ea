"""Runs inside an environment that has pycups and programs for it: what some of them do when they are used as libraries.

The rule of this file: it knows neither the tests nor the shim. ``use_programs.py NAME PORT QUEUE`` uses one program at
a cupsd on this host, and prints what came of it, in JSON.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any


def ezprinting(port: int, queue: str) -> Any:
    """Print, with a callback for passwords, in pieces."""
    from ezprinting import PrintJob, PrintServer

    host = f"localhost:{port}"
    server = PrintServer.cups(host=host, username="root", password="")
    job = PrintJob.new_cups(queue, b"%PDF-1.4 from ezprinting", host=host, username="root", options={"copies": "2"})
    return [server.test_connection(), sorted(server.get_printers()), job.print(), job.state]


def escpos(port: int, queue: str) -> Any:
    """A receipt, as it is sent to a printer."""
    import cups
    from escpos.printer import CupsPrinter

    printer = CupsPrinter(queue, host="localhost", port=port)
    printer.open()
    printer.text("A receipt\n")
    printer.barcode("4006381333931", "EAN13", 64, 2, "", "")
    printer.cut()
    online = printer.is_online()
    printer.close()
    connection = cups.Connection()
    number = max(connection.getJobs(which_jobs="all"))
    attributes = connection.getJobAttributes(number)
    found = connection.getDocument(f"ipp://localhost:{port}/printers/{queue}", number, 1)
    document = Path(found["file"]).read_bytes()
    Path(found["file"]).unlink()
    return [online, attributes["job-name"], found["document-format"], document.hex()]


def notify(port: int, queue: str) -> Any:
    """Events that cupsd brings by RSS."""
    import cups
    from cups_notify import Subscriber, event

    cups.setServer("localhost")
    cups.setPort(port)
    events: list[Any] = []
    come = threading.Event()

    def on_event(found: Any) -> None:
        events.append(found)
        come.set()

    connection = cups.Connection()
    subscriber = Subscriber(connection)
    subscriber.subscribe(on_event, [event.CUPS_EVT_PRINTER_STATE_CHANGED])
    end = time.monotonic() + 90
    while not come.is_set() and time.monotonic() < end:
        connection.disablePrinter(queue)
        connection.enablePrinter(queue)
        come.wait(1)
    subscriber.unsubscribe_all()
    return [type(events[0]).__name__, events[0].title.split('"')[0], sorted(vars(events[0]))]


def cupshelpers(port: int, queue: str) -> Any:
    """Debian's helpers: what a queue is, its options, and its PPD's."""
    import cups
    from cupshelpers.cupshelpers import getPrinters, parseDeviceID

    cups.setServer("localhost")
    cups.setPort(port)
    connection = cups.Connection()
    printers = getPrinters(connection)
    printer = printers[queue]
    printer.getAttributes()
    printer.setOption("sides", "two-sided-long-edge")
    again = getPrinters(connection)[queue]
    again.getAttributes()
    ppd = printer.getPPD()
    shown = ppd if isinstance(ppd, bool) else [group.name for group in ppd.optionGroups]
    identity = parseDeviceID("MFG:Maker;MDL:Model;CMD:PDF,PWGRaster;")
    names = (
        "device_uri",
        "info",
        "location",
        "make_and_model",
        "state",
        "enabled",
        "is_shared",
        "is_class",
        "rejecting",
    )
    values = {name: getattr(printer, name, None) for name in names}
    return [sorted(printers), values, again.attributes.get("sides"), shown, identity]


def xpra(port: int, queue: str) -> Any:
    """What a client tells xpra's server of its printers, and a file that the server forwards to one of them."""
    import cups
    from xpra.platform import pycups_printing

    cups.setServer("localhost")
    cups.setPort(port)
    printers = pycups_printing.get_printers()
    attributes = pycups_printing.get_printer_attributes(queue)
    document = Path.home() / "document.pdf"
    document.write_bytes(b"%PDF-1.4 from xpra")
    number = pycups_printing.print_files(queue, [str(document)], "a title", {"PageSize": "A4", "other": "1"})
    end = time.monotonic() + 60
    while not pycups_printing.printing_finished(number) and time.monotonic() < end:
        time.sleep(0.1)
    job = cups.Connection().getJobAttributes(number)
    shown = {name: attributes[name] for name in ("printer-name", "printer-state", "printer-info", "job-sheets-default")}
    names = ("job-state", "fit-to-page", "PageSize", "document-format-supplied")
    default = pycups_printing.get_default_printer()
    return [sorted(printers), default, job["job-name"], shown, {name: job.get(name) for name in names}]


def main(name: str, port: int, queue: str) -> None:
    import cups

    try:
        found = globals()[name](port, queue)
    except (cups.IPPError, cups.HTTPError, RuntimeError) as error:
        found = [type(error).__name__, *error.args]
    print(json.dumps(found, default=str, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
