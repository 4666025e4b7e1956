"""Asks for a folder, by its name or for a name, and does what is answered.

An answer comes a while after the key that asked for it, and whether the library may be changed is seen again then.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tiksort_tui.domain import visible
from tiksort_tui.tui.screens.choice import ChoiceScreen
from tiksort_tui.tui.screens.folder_name import FolderNameScreen

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp


def ask_where_to(app: SortApp) -> None:
    """File the clip on screen into the folder that is chosen, which is made first if need be."""
    names, clip = [folder.name for folder in app.session.folders], app.session.current
    choice = ChoiceScreen("File into", names, creates="new folder", marked=app.session.suggestion(1) or "")
    app.sort_screen.lay_over(choice, lambda folder: file_into(app, folder, clip))


def ask_for_folder(
    app: SortApp, name: str = "", problem: str = "", then: Callable[[str], None] | None = None
) -> None:
    """Make a folder of the name that is given, and `then` go on with that; `problem` is what was wrong with `name`, the
    last one, if any was."""
    screen = FolderNameScreen("New folder", name, problem)

    def named(new: str) -> None:
        if new and app.moves.allowed():
            app.moves.make_folder(new, then)

    app.sort_screen.lay_over(screen, named)


def ask_for_new_name(app: SortApp, old: str, name: str = "", problem: str = "") -> None:
    """Give the folder `old` another name, in the same way."""
    screen = FolderNameScreen(f"Another name for {visible(old)}", name or visible(old), problem)

    def named(new: str) -> None:
        if new not in ("", visible(old)) and app.moves.allowed():
            app.moves.rename_folder(old, new)

    app.sort_screen.lay_over(screen, named)


def ask_which_to_rename(app: SortApp) -> None:
    """Give the folder that is chosen another name."""
    choice = ChoiceScreen("Give another name to", [folder.name for folder in app.session.folders])
    app.sort_screen.lay_over(choice, lambda old: ask_for_new_name(app, old) if old else None)


def file_into(app: SortApp, folder: str, clip: Path | None) -> None:
    """File `clip`, which was on screen when `folder` was asked for; the folder is made if need be, and may be none."""
    if not folder or not app.moves.allowed():
        return
    if folder not in [known.name for known in app.session.folders]:
        app.moves.make_folder(folder, then=lambda made: _file_into_new(app, made, clip))
    elif is_on_screen(app, clip):
        app.sort_screen.file_into(folder, "")
        app.sort_screen.changed()


def _file_into_new(app: SortApp, folder: str, clip: Path | None) -> None:
    """File `clip` into `folder`, which was made for it, also where a key has brought another one on screen since."""
    if clip is not None and clip in app.session.unsorted and clip != app.session.current:
        for request in app.session.file_all({clip: folder}):
            app.moves.file(request)
        app.sort_screen.changed()
    else:
        file_into(app, folder, clip)


def is_on_screen(app: SortApp, clip: Path | None) -> bool:
    """Whether `clip` still is the clip on screen; if not, it is said that it was not filed."""
    if clip != app.session.current and clip is not None:
        app.sort_screen.say(f"{visible(clip.name)} is no longer on screen, and was not filed", trouble=True)
    return clip == app.session.current
