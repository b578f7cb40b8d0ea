"""The web pages of a printer and of a service: their states and jobs, and for operators what they may change.

The rule of this package: whatever anybody sent is text, made into HTML by `markup` alone; nothing is shown that
`access` does not grant; and whatever a page changes, an IPP operation changes, with the same checks (`actions`). Each
page is whole without its script, which keeps it up to date.

| file | what it does |
|---|---|
| `printer` | `PrinterPages`: which page a request gets; a printer's page, a job's |
| `service` | `ServicePages`: the list of a service's printers |
| `jobs` | lists of jobs, and what is told of one |
| `settings`, `adding`, `supplies` | parts of a printer's page |
| `actions` | what a button does, and whether the form that says so is one of ours |
| `first_page` | the first page of a job as a picture |
| `shell` | what is around every page: head, policy, style and script |
| `markup` | HTML from text, moments and sizes |
| `assets` | `style.css`, `page.js` and the icon, which are sent as they are |
"""

from .printer import PrinterPages
from .service import ServicePages

__all__ = ["PrinterPages", "ServicePages"]
