"""What the tests of the screen share besides their helpers: fixtures, and how patient Pilot is."""

import pytest
import textual._wait

from tiksort_tui.tui import watching

# After each key Pilot looks some times whether all is still, for 20 ms each: most of these tests' time. What takes
# longer than this they wait for by name (`until`).
textual._wait.SLEEP_GRANULARITY = 0.004
textual._wait.SLEEP_IDLE = 0.0004


@pytest.fixture
def unwatched(monkeypatch):
    """Nothing tells the screen what other programs do in its library."""
    monkeypatch.setattr(watching, "on_network", lambda root: True)
