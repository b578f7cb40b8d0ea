"""The fixtures that every test may ask for.

The rule of this file: a fixture that serves one file stands there; one that serves several is defined beside what
it provides and named here, or stands here.
"""

import os

import hypothesis
import pytest
from http_shells import serving
from hypothesis import HealthCheck
from implementations import COMPILED, IMPLEMENTATIONS, NAMES, Implementation
from peers import eve_printer, scheduler, system_bus

import ippfast

__all__ = ["codec", "eve_printer", "pytest_report_header", "scheduler", "selected", "serving", "system_bus"]

# Where there is one twin only, nothing is to be compared.
PARITY = ["test_parity.py", "test_parity_chunks.py", "test_parity_model.py", "test_parity_octets.py"]
collect_ignore = [] if COMPILED is not None else PARITY

hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("ci" if "IPPFAST_CI" in os.environ else "dev")


def pytest_report_header() -> str:
    return f"ippfast {ippfast.__version__}: twins {', '.join(map(repr, IMPLEMENTATIONS))}"


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
