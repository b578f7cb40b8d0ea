"""The fixtures that every test may ask for.

The rule of this file: a fixture that serves one file stands there; one that serves several is defined beside what
it provides and named here, or stands here.
"""

import os
import re

import hypothesis
import pytest
from browser import browser
from engines import object_server, postgres
from http_shells import serving
from hypothesis import HealthCheck
from implementations import COMPILED, IMPLEMENTATIONS, NAMES, Implementation
from peers import (
    eve_printer,
    guarded_scheduler,
    left_out,
    left_out_without_its_peers,
    scheduler,
    standard_scheduler,
    system_bus,
)
from scale import examples

import ippfast

__all__ = [
    "browser",
    "codec",
    "eve_printer",
    "guarded_scheduler",
    "left_out_without_its_peers",
    "object_server",
    "postgres",
    "pytest_report_header",
    "scheduler",
    "selected",
    "serving",
    "standard_scheduler",
    "system_bus",
]

# Where there is one twin only, nothing is to be compared.
PARITY = [f"codec/test_parity{rest}.py" for rest in ("", "_chunks", "_fuzz", "_model", "_octets")] + [
    "raster/test_parity_lines.py",
    "arrow/test_parity_tables.py",
]
collect_ignore = [] if COMPILED is not None else PARITY

hypothesis.settings.register_profile(
    "dev", deadline=None, max_examples=examples(200), suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("dev"), derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if "IPPFAST_CI" in os.environ else "dev")


# A command that a test starts is the installed package's, whatever tree the test stands in. It keeps nothing at home,
# so that it tells nobody how to get the compiled codec (cli/first_use.py).
os.environ["PYTHONSAFEPATH"] = "1"
os.environ["XDG_STATE_HOME"] = os.devnull
if COMPILED is None:
    os.environ["IPPFAST_PURE"] = "1"


# What mostly waits for others comes first, so that other workers compute meanwhile and none is left with it at the end.
WAITING = re.compile(r"printer/test_(printer_(cluster|crashes|storage)|web_)|_peers\.py|announce|backend|test_programs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: WAITING.search(item.nodeid) is None)


def pytest_report_header() -> str:
    return f"ippfast {ippfast.__version__}: twins {', '.join(map(repr, IMPLEMENTATIONS))}"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """What was left out is the last thing that a run prints."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and (skipped := reporter.stats.get("skipped")):
        reporter.write_line(left_out(report.longrepr[2] for report in skipped))


@pytest.fixture(scope="session", params=IMPLEMENTATIONS, ids=repr)
def codec(request: pytest.FixtureRequest) -> Implementation:
    """Each twin in turn."""
    twin: Implementation = request.param
    return twin


@pytest.fixture
def selected(codec: Implementation, monkeypatch: pytest.MonkeyPatch) -> Implementation:
    """Each twin in turn, as the one that the package has picked: pickles and `read_message` take it."""
    for name in NAMES:
        monkeypatch.setattr(ippfast.codec, name, getattr(codec.codec, name))
    return codec
