"""Every filing teaches, beside whatever the engine does, and what it teaches is seen further down the queue."""

import shutil

from tests.tui.helpers import StandInEngine, pile, sorting, until, until_shown
from tiksort_tui.engine.client import Engine
from tiksort_tui.library.state import LOG, state_dir
from tiksort_tui.pipeline.events import Finished, RunRequest


async def test_filings_in_a_quick_row_and_undos_are_learned_from_together(tmp_path):
    engine = StandInEngine(Finished(0, 0))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), engine) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("1", "2")
        await until_shown(pilot, "Filed b.mp4 in dogs")
        await until(lambda: engine.learned)
        learned = engine.learned
        assert learned <= 2
        await pilot.press("u")
        await until(lambda: engine.learned == learned + 1)
        await pilot.press("U")
        await until(lambda: engine.learned == learned + 2)


async def test_a_run_that_goes_on_is_told_and_one_that_is_asked_for_follows_the_learning(tmp_path):
    asked = []

    class Slow(StandInEngine):
        async def run(self, request: RunRequest):
            asked.append(request.only_learn)
            async for event in super().run(request):
                yield event
            if request.only_learn:
                await until(lambda: len(asked) > 5 or pilot.app.runs._again)

    engine = Slow()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine) as pilot:
        await until(lambda: asked == [False])
        await pilot.press("1")
        await until(lambda: engine.learned == 1)
        assert asked == [False]
        engine.tell(Finished(0, 0))
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("2")
        await until(lambda: asked == [False, True])
        await pilot.press("r")
        await until(lambda: asked == [False, True, False])
        engine.tell(Finished(0, 0))
        await until(lambda: not pilot.app.progress.stage)


async def test_the_clip_on_screen_stays_and_suggestions_move(library):
    """With the real engine: a third folder is taught by two filings, and is suggested from then on."""
    (library / "tiles").mkdir()
    for number in (1, 2, 4):
        shutil.copy2(library / "waves" / "waves 1.mp4", library / f"tiles {number}.mp4")
        with (library / f"tiles {number}.mp4").open("ab") as file:
            file.write(bytes([number]))
    state = state_dir(library)
    async with sorting(library, Engine(state / LOG)) as pilot:
        app = pilot.app
        await until(lambda: len(app.session.predictions) == 7 and not app.progress.stage)
        app.session.go_to(library / "tiles 1.mp4")
        app.sort_screen.changed()
        generation = app.session.generation
        await pilot.press("2", "2")
        # On a busy machine each of the two may be learned by itself.
        await until(lambda: app.progress.model.report.labelled == 8 and not app.progress.stage)
        assert app.session.generation > generation
        assert app.session.current == library / "tiles 4.mp4"
        assert app.progress.model.refitted
        assert app.session.predictions[library / "tiles 4.mp4"].folder == "tiles"
        await pilot.press("u", "u")
        await until(lambda: app.progress.model.report.labelled == 6 and not app.progress.stage)
        assert "tiles" not in {one.folder for one in app.session.predictions[library / "tiles 4.mp4"].suggestions}
