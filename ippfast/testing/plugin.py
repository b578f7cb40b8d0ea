"""The plugin of pytest: the fixtures `ipp_printer` and `ipp_printers`, and test files of ipptool as tests.

The rule of this file: pytest loads it in every run, so it imports other modules only when a test needs them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .loopback import LoopbackPrinter

__all__ = ["ipp_printer", "ipp_printers"]

_MARKER = "ipp_printer(**options): the options of the fixture ipp_printer, see ippfast.testing.LoopbackPrinter"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --ipp-uri."""
    group = parser.getgroup("ipp", "printers (ippfast)")
    group.addoption("--ipp-uri", metavar="URI", help="Run test files (*.test) of CUPS' ipptool against this printer.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "_ToolFile | None":
    """Collect test files of ipptool as tests if --ipp-uri is given."""
    if file_path.suffix == ".test" and parent.config.getoption("--ipp-uri", default=None):
        file: _ToolFile = _ToolFile.from_parent(parent, path=file_path)
        return file
    return None


class _ToolFile(pytest.File):
    def collect(self) -> Iterable["_ToolItem"]:
        yield _ToolItem.from_parent(self, name=self.path.stem)


class _ToolItem(pytest.Item):
    """A whole file is one test, since the tests in it depend on each other."""

    def runtest(self) -> None:
        from .files import check_file

        check_file(self.path, self.config.getoption("--ipp-uri"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, AssertionError | ValueError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"ipptool {self.path.name}"


@pytest.fixture
def ipp_printers() -> "Iterator[Callable[..., LoopbackPrinter]]":
    """Makes printers, with the options of `ippfast.testing.LoopbackPrinter`; they are closed with the test."""
    from .loopback import LoopbackPrinter

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(LoopbackPrinter(**options))


@pytest.fixture
def ipp_printer(request: pytest.FixtureRequest, ipp_printers: "Callable[..., LoopbackPrinter]") -> "LoopbackPrinter":
    """A running printer. ``@pytest.mark.ipp_printer(speed=60, ...)`` says how it is made."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("ipp_printer"))):  # the nearest marker is applied last
        options |= marker.kwargs
    return ipp_printers(**options)
