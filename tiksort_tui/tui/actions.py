"""What each command of the key map does; whoever presses the key, in the terminal or in mpv's window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiksort_tui.tui.keymap import CHANGING, shown
from tiksort_tui.tui.screens.choice import ChoiceScreen
from tiksort_tui.tui.screens.help import HelpScreen

if TYPE_CHECKING:
    from tiksort_tui.tui.screens.sort import SortScreen

SEEK_SECONDS = 5.0
SPEED_STEP = 1.1
VOLUME_STEP = 5.0


def perform(screen: SortScreen, command: str, key: str) -> None:
    """Do what `command` says, for which `key` was pressed."""
    app = screen.sort
    session, player, moves = app.session, app.player, app.moves
    if command in CHANGING and not moves.allowed():
        return
    match command:
        case "file":
            screen.file_into(session.folder_of_key(key), f"no folder has the key {shown(key)}")
        case "take_1" | "take_2" | "take_3":
            screen.file_into(session.suggestion(int(command[-1])), "there is no suggestion to take")
        case "choose":
            names = [folder.name for folder in session.folders]
            screen.lay_over(ChoiceScreen("File into", names, creates="new folder"), screen.file_into_chosen)
        case "trash":
            if request := session.trash():
                moves.file(request)
        case "undo":
            moves.undo()
        case "redo":
            moves.redo()
        case "later":
            session.later()
        case "previous":
            session.previous()
        case "down":
            session.walk(1)
        case "up":
            session.walk(-1)
        case "pause":
            player.toggle_pause()
        case "back":
            player.seek(-SEEK_SECONDS)
        case "forward":
            player.seek(SEEK_SECONDS)
        case "back_1":
            player.seek(-1.0)
        case "forward_1":
            player.seek(1.0)
        case "slower":
            player.multiply_speed(1 / SPEED_STEP)
        case "faster":
            player.multiply_speed(SPEED_STEP)
        case "normal_speed":
            player.set_speed(1.0)
        case "louder":
            player.add_volume(VOLUME_STEP)
        case "softer":
            player.add_volume(-VOLUME_STEP)
        case "fullscreen":
            player.toggle_fullscreen()
        case "mute":
            player.toggle_mute()
        case "window":
            player.bring_back()
        case "retrain":
            app.runs.toggle()
        case "go_to":
            names = [clip.name for clip in session.queue]
            screen.lay_over(ChoiceScreen("Go to", names), screen.go_to)
        case "rename_folder":
            names = [folder.name for folder in session.folders]
            screen.lay_over(ChoiceScreen("Give another name to", names), screen.ask_for_new_name)
        case "palette":
            rows = {f"{what.what}  ({keys})": what.id for keys, what in app.keymap.rows() if what.id != "file"}
            screen.lay_over(ChoiceScreen("Do", list(rows)), lambda row: screen.do(rows.get(row, "")))
        case "new_folder":
            screen.ask_for_folder()
        case "help":
            screen.lay_over(HelpScreen(app.keymap))
        case "quit":
            app.start(app.leave())
