"""What each command of the key map does; whoever presses the key, in the terminal or in mpv's window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tiksort_tui.ordering import Filter, Order, Show, Suggested
from tiksort_tui.tui.asking import ask_for_folder, ask_where_to, ask_which_to_rename, file_into, is_on_screen
from tiksort_tui.tui.keymap import CHANGING, FILING, STEERING, Command, shown
from tiksort_tui.tui.scene import NO_PLAYERS
from tiksort_tui.tui.screens.choice import ChoiceScreen
from tiksort_tui.tui.selection import Selection, count_alike

if TYPE_CHECKING:
    from tiksort_tui.tui.screens.sort import SortScreen

SEEK_SECONDS = 5.0
SPEED_STEP = 1.1
VOLUME_STEP = 5.0


# Large screens are imported when they are asked for: the first screen does not wait for them.
def perform(screen: SortScreen, command: str, key: str) -> None:
    """Do what `command` says, for which `key` was pressed."""
    app = screen.sort
    session, player, moves = app.session, app.player, app.moves
    if command in CHANGING and not moves.allowed():
        return
    if command in STEERING and (nobody := player.describe()) in NO_PLAYERS:
        what_next = NO_PLAYERS[nobody].format(window=app.keymap.key("window"))
        screen.say(f"{nobody}: {what_next}")
        return
    match command:
        case "file":
            own = app.keymap.folders.get(key)
            none = f"There is no folder {own}" if own else f"No folder has the key {shown(key)}"
            screen.file_into(session.folder_of_key(key), none)
        case "take_1" | "take_2" | "take_3":
            screen.take(command)
        case "choose":
            ask_where_to(app)
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
        case "order":
            _choose_order(screen)
        case "filter":
            _choose_filter(screen)
        case "sure":
            _choose_sure(screen, 0)
        case "alike":
            prediction = session.prediction(session.current)
            if prediction and count_alike(session):
                _choose_sure(screen, prediction.group)
            else:
                screen.say("No other clip is known to be like this one")
        case "rename_folder":
            ask_which_to_rename(app)
        case "palette":
            _choose_command(screen)
        case "model":
            from tiksort_tui.tui.screens.model import ModelScreen

            screen.lay_over(ModelScreen())
        case "new_folder":
            ask_for_folder(app)
        case "details" if session.current is not None:
            from tiksort_tui.tui.screens.details import DetailsScreen

            screen.lay_over(DetailsScreen(session.current))
        case "help":
            from tiksort_tui.tui.screens.help import HelpScreen

            screen.lay_over(HelpScreen(app.keymap, app.notices))
        case "quit":
            app.start(app.leave())


def _choose_sure(screen: SortScreen, group: int) -> None:
    app, session = screen.sort, screen.sort.session
    from tiksort_tui.tui.screens.sure import SureScreen

    sure = SureScreen(Selection(session, app.progress.model, group))

    def chosen(folders: dict[Path, str]) -> None:
        on_screen = session.current
        # A while after its key.
        if folders and app.moves.allowed() and (requests := session.file_all(folders)):
            app.moves.file_all(requests)
        if sure.played and on_screen and on_screen == session.current:
            app.player.play(on_screen)
        screen.changed()

    screen.lay_over(sure, chosen)


def _choose_command(screen: SortScreen) -> None:
    app = screen.sort
    commands = {
        f"{_named(what)}  ({keys if app.keymap.keys[what.id] else 'no key'})": what.id
        for keys, what in app.keymap.rows()
        if what.id != "file"
    }
    folders = {f"file into {folder.name}": folder.name for folder in app.session.folders}

    clip = app.session.current

    def chosen(row: str) -> None:
        command = commands.get(row, "")
        if row in folders and app.moves.allowed():
            file_into(app, folders[row], clip)
        elif command not in FILING or is_on_screen(app, clip):
            screen.do(command)

    screen.lay_over(ChoiceScreen("Do", [*commands, *folders], sentences=True), chosen)


def _named(command: Command) -> str:
    """A command by the word that the configuration has for it, and what it does."""
    word = command.id.replace("_", " ")
    return command.what if command.what.startswith(word) else f"{word}: {command.what}"


def _choose_order(screen: SortScreen) -> None:
    session = screen.sort.session

    def chosen(name: str) -> None:
        if name:
            session.arrange(Order(name), session.filter)
            screen.changed()

    screen.lay_over(ChoiceScreen("Order of the queue", list(Order), marked=session.order), chosen)


def _choose_filter(screen: SortScreen) -> None:
    session = screen.sort.session
    folders = [Suggested(folder.name) for folder in session.folders]
    filters: dict[str, Filter] = {str(one): one for one in (*Show, *folders)}

    def chosen(name: str) -> None:
        if name:
            session.arrange(session.order, filters[name])
            screen.changed()

    screen.lay_over(ChoiceScreen("Clips that the queue shows", list(filters), marked=str(session.filter)), chosen)
