"""The table of a connection's states: it is complete, and no connection leaves it.

The rule of this file: the table is compared with the connections that keep to it.
"""

import pytest

from ippfast.http import ClientConnection, ServerConnection
from ippfast.http._wire import states
from ippfast.http._wire.states import FOLLOWING, State


def test_every_state_has_its_row_and_its_reader() -> None:
    assert set(FOLLOWING) == set(State)
    assert states.__doc__ is not None
    for state in State:
        assert f"\n{state.name} " in states.__doc__
        assert hasattr(ServerConnection, state.value) or hasattr(ClientConnection, state.value)


@pytest.mark.parametrize("connection", [ClientConnection, ServerConnection])
def test_no_way_leads_out_of_the_table(connection: type[ClientConnection | ServerConnection]) -> None:
    for state in State:
        made = connection()
        made._state = state
        for other in set(State) - FOLLOWING[state]:
            with pytest.raises(AssertionError, match=f"from {state.name} to {other.name}"):
                made._go(other)
            assert made._state is state
