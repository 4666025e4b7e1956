"""The whole screen, at three sizes, as it was looked at and found good (see tests/tui/snapshots)."""

import pytest

from tests.tui.snapshot import SIZES, STORED, picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
def test_the_screen_is_as_it_was_found_good(size):
    stored = (STORED / "{}x{}.txt".format(*size)).read_text(encoding="utf-8")
    assert picture(size) == stored, "if this is meant: python -m tests.tui.snapshot"
