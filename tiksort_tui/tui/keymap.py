"""The keys of the sorting screen: one table for the screen, the help, the hints, the README and mpv's window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Command:
    """What a key does. `keys` are Textual's names; `shown` is how people write them; `hint` is for the bottom line."""

    id: str
    keys: tuple[str, ...]
    shown: str
    what: str
    hint: str = ""


COMMANDS = (
    Command("file", tuple("1234567890"), "1-9 0", "file into folder 1-10 and go on", "1-0 file"),
    Command("take_1", ("enter",), "Enter", "take the first suggestion", "Enter take"),
    Command("take_2", ("tab",), "Tab", "take the second suggestion"),
    Command("take_3", ("shift+tab",), "Shift+Tab", "take the third suggestion"),
    Command("choose", ("slash",), "/", "file into a folder by a part of its name", "/ folder"),
    Command("undo", ("u",), "u", "take the last filing back", "u undo"),
    Command("later", ("s", "ctrl+right"), "s, Ctrl+→", "later: put the clip at the end of the queue", "s later"),
    Command("previous", ("p", "ctrl+left"), "p, Ctrl+←", "back to the previous clip"),
    Command("pause", ("space",), "Space", "pause, and go on", "Space pause"),
    Command("back", ("left", "h"), "←, h", "5 seconds back", "←→ seek"),
    Command("forward", ("right", "l"), "→, l", "5 seconds forward"),
    Command("mute", ("m",), "m", "mute"),
    Command("down", ("down", "j"), "↓, j", "next clip in the queue, without filing", "j k walk"),
    Command("up", ("up", "k"), "↑, k", "previous clip in the queue"),
    Command("new_folder", ("n",), "n", "new folder"),
    Command("retrain", ("r",), "r", "look for new clips and learn; again: cancel", "r retrain"),
    Command("window", ("v",), "v", "bring the window of mpv back"),
    Command("help", ("question_mark", "f1"), "?, F1", "all keys", "? keys"),
    Command("quit", ("q", "ctrl+q", "ctrl+c"), "q, Ctrl+Q, Ctrl+C", "quit", "q quit"),
)

# A key that moves a file counts only for a clip that was seen.
FILING = {"file", "take_1", "take_2", "take_3"}

_BY_KEY = {key: command.id for command in COMMANDS for key in command.keys}

_MPV_NAMES = {
    "space": "SPACE",
    "enter": "ENTER",
    "tab": "TAB",
    "shift+tab": "Shift+TAB",
    "left": "LEFT",
    "right": "RIGHT",
    "up": "UP",
    "down": "DOWN",
    "ctrl+left": "Ctrl+LEFT",
    "ctrl+right": "Ctrl+RIGHT",
    "ctrl+q": "Ctrl+q",
    "ctrl+c": "Ctrl+c",
    "question_mark": "?",
    "slash": "/",
    "f1": "F1",
}
_FROM_MPV = {_MPV_NAMES.get(key, key): key for key in chain.from_iterable(command.keys for command in COMMANDS)}

MPV_KEYS = tuple(_FROM_MPV)
"""mpv's names of all keys, which its window is to tell."""


def command_of(key: str) -> str | None:
    """The command that a key, by Textual's name, stands for."""
    return _BY_KEY.get(key)


def key_from_mpv(key: str) -> str | None:
    """Textual's name of a key that mpv's window told."""
    return _FROM_MPV.get(key)


def hints(width: int) -> str:
    """As many hints as fit into `width` columns; those for the help and for leaving always do."""
    *first, help_, quit_ = [command.hint for command in COMMANDS if command.hint]
    while first and len("  ".join([*first, help_, quit_])) > width:
        first.pop()
    return "  ".join([*first, help_, quit_])
