"""How fast the person files: what counts, and when it is told."""

from tests.tui.helpers import panel, pile, sorting, until_shown
from tiksort_tui.tui.pace import BREAK_SECONDS, Pace


def test_the_pace_is_the_mean_and_told_from_the_third_filing_on():
    pace = Pace(100.0)
    for now in (102.0, 106.0):
        pace.filed(now)
        assert pace.seconds is None
    pace.filed(109.0)
    assert pace.seconds == 3.0


def test_of_a_break_a_minute_counts():
    pace = Pace(0.0)
    for now in (1.0, 2.0, 3.0, 3603.0):
        pace.filed(now)
    assert pace.seconds == (3.0 + BREAK_SECONDS) / 4


async def test_speed_and_time_left_stand_on_the_screen_and_stay_when_nobody_files(tmp_path):
    async with sorting(pile(tmp_path, [f"{i}.mp4" for i in range(6)])) as pilot:
        tally = pilot.app.tally
        tally.pace = Pace(0.0)
        times, filed = iter((4.0, 8.0, 12.0)), tally.pace.filed
        tally.pace.filed = lambda _: filed(next(times))
        await pilot.press("1", "1")
        await until_shown(pilot, "Filed 1.mp4 in cats")
        assert "a minute" not in panel(pilot, "session")
        await pilot.press("1")
        await until_shown(pilot, "3 filed   15 a minute", "about 0:12 left")
