"""Testing printers, and the clients of printers (with pytest: the extra ``testing``).

The rule of this package: a test sees only what is on the wire; nothing in our server or client is patched.

What each file does:

| file | what it does |
|---|---|
| `running` | `Runner`: runs the test files of CUPS' ipptool; `Options` |
| `reading`, `tokens`, `tree` | read such a file into plain values; errors name its line |
| `preparing`, `variables`, `words`, `values` | what is sent and expected, with variables replaced by their values |
| `documents`, `generating` | the documents of requests: files, compressed or not, and pages made for the printer |
| `expectations`, `regular_expressions` | EXPECT with its predicates |
| `responses` | what is checked in every response |
| `files` | `run_file`, `check_file`: run a test file with one call |
| `loopback`, `faults` | `LoopbackPrinter`: a printer for tests of clients, and the faults that it makes on request |
| `plugin` | for pytest: the fixtures `ipp_printer` and `ipp_printers`; files as tests (`--ipp-uri`) |
| `reports` | `Outcome`, `Summary`, and the report that ipptool prints |
"""

from ippfast._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .faults import Alter, Break, Fault, Garble, Refuse, RefuseHTTP, Slow
    from .files import FailedTests, check_file, run_file
    from .loopback import CapturedDocument, CapturedJob, LoopbackPrinter
    from .reading import read_file, read_text
    from .reports import Outcome, Reporter, Silent, Summary, TextReport
    from .running import Options, Runner
    from .tree import FileFault, Place, ToolFile
    from .variables import Variables, about_document

__all__ = [
    "Alter",
    "Break",
    "CapturedDocument",
    "CapturedJob",
    "FailedTests",
    "Fault",
    "FileFault",
    "Garble",
    "LoopbackPrinter",
    "Options",
    "Outcome",
    "Place",
    "Refuse",
    "RefuseHTTP",
    "Reporter",
    "Runner",
    "Silent",
    "Slow",
    "Summary",
    "TextReport",
    "ToolFile",
    "Variables",
    "about_document",
    "check_file",
    "read_file",
    "read_text",
    "run_file",
]

_HOMES = {
    "faults": ("Alter", "Break", "Fault", "Garble", "Refuse", "RefuseHTTP", "Slow"),
    "files": ("FailedTests", "check_file", "run_file"),
    "loopback": ("CapturedDocument", "CapturedJob", "LoopbackPrinter"),
    "reading": ("read_file", "read_text"),
    "reports": ("Outcome", "Reporter", "Silent", "Summary", "TextReport"),
    "running": ("Options", "Runner"),
    "tree": ("FileFault", "Place", "ToolFile"),
    "variables": ("Variables", "about_document"),
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
