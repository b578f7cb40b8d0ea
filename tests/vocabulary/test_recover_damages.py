"""How much `recover` saves of messages that were damaged in the ways of real senders.

The rule of this file: the ways and the measure stand in `damages`; here is what must be reached. Of a corpus, a sample
is damaged; ``python tests/support/damages.py`` measures all of it.
"""

import damages
import pytest
from damages import DAMAGES

LEAST = {"text mode: LF became CR LF": 0.9}
"""Of the values that were not damaged themselves; 95 % in every other way."""

MESSAGES = damages.sound_messages()
SAMPLE = MESSAGES[:: max(1, len(MESSAGES) // 150)]


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_saved(name: str) -> None:
    found, count = damages.measure(DAMAGES[name], SAMPLE, f"test {name}")
    assert count > 3
    assert found.saved >= LEAST.get(name, 0.95) * found.whole
    assert found.invented == 0
    assert found.groups == 0


def test_the_measure_sees_what_is_lost() -> None:
    octets = dict(MESSAGES)["rfc8010/a1-print-job-request.ipp"]
    whole = damages.score(octets, damages.Damaged(octets, frozenset()))
    assert whole.saved == whole.whole > 5
    half = damages.score(octets, damages.Damaged(octets[: len(octets) // 2], frozenset()))
    assert 0 < half.saved < half.whole
