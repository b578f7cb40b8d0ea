"""The web pages of a printer and of a service: their states and jobs, and for operators what they may change.

The rule of this package: whatever anybody sent is text, and only `markup` makes HTML of it; nothing is shown that
`access` does not allow; and a page changes things only by IPP operations, with their checks (`actions`). Each page is
whole without its script, which only keeps it up to date.

| file | what it does |
|---|---|
| `printer` | `PrinterPages`: which page a request gets; a printer's page, a job's |
| `service` | `ServicePages`: the list of a service's printers |
| `jobs` | lists of jobs, and the facts of one |
| `settings`, `adding`, `supplies` | parts of a printer's page |
| `actions` | what a button does, and whether its form comes from a page of ours |
| `first_page` | the first page of a job as a picture |
| `shell` | the parts that every page has: head, policy, style and script |
| `markup` | HTML from text, moments and sizes |
| `assets` | `style.css`, `page.js` and the icon, which are sent as they are |
"""

from .printer import PrinterPages
from .service import ServicePages

__all__ = ["PrinterPages", "ServicePages"]
