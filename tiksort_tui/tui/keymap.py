"""The keys of the sorting screen: one table for the screen, the help, the palette, the README and mpv's window."""

from __future__ import annotations

import difflib
import string
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from rich.cells import cell_len
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.events import Key
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from tiksort_tui.config import KeysConfig
from tiksort_tui.errors import ConfigError

DIGITS = tuple("1234567890")


@dataclass(frozen=True, slots=True)
class Command:
    """What a key does. `keys` are Textual's names of the usual ones; `hint` is the word for it in the bottom line."""

    id: str
    keys: tuple[str, ...]
    what: str
    hint: str = ""


COMMANDS = (
    Command("file", DIGITS, "file into folder 1-10 and go on", "file"),
    Command("take_1", ("enter",), "take the first suggestion", "take"),
    Command("take_2", ("tab",), "take the second suggestion"),
    Command("take_3", ("shift+tab",), "take the third suggestion"),
    Command("choose", ("slash",), "type a folder's name, or a new one", "folder"),
    Command("undo", ("u",), "take back what was done last", "undo"),
    Command("redo", ("U", "ctrl+r"), "do again what was taken back"),
    Command("trash", ("d",), "put the clip in the trash folder", "trash"),
    Command("later", ("s", "ctrl+right"), "later: put the clip at the end of the queue", "later"),
    Command("previous", ("p", "ctrl+left"), "back to the previous clip"),
    Command("pause", ("space",), "pause, and go on", "pause"),
    Command("back", ("left", "h"), "5 seconds back", "seek"),
    Command("forward", ("right", "l"), "5 seconds forward"),
    Command("back_1", ("shift+left", "comma"), "1 second back"),
    Command("forward_1", ("shift+right", "full_stop"), "1 second forward"),
    Command("slower", ("less_than_sign", "left_square_bracket"), "slower"),
    Command("faster", ("greater_than_sign", "right_square_bracket"), "faster"),
    Command("normal_speed", ("backspace",), "normal speed"),
    Command("mute", ("m",), "mute"),
    Command("louder", ("plus", "equals_sign"), "louder"),
    Command("softer", ("minus",), "softer"),
    Command("fullscreen", ("f",), "fill the screen with mpv's window"),
    Command("window", ("v",), "bring the window of mpv back"),
    Command("down", ("down", "j"), "next clip in the queue, without filing", "walk"),
    Command("up", ("up", "k"), "previous clip in the queue"),
    Command("go_to", ("g",), "go to a clip by its name", "go to"),
    Command("order", ("o",), "the queue's order", "order"),
    Command("filter", ("w",), "what the queue shows", "filter"),
    Command("sure", ("b",), "the sure ones in one go", "sure ones"),
    Command("alike", ("asterisk",), "all that are like this clip in one go"),
    Command("model", ("t",), "how good the model is, and likely misfilings", "model"),
    Command("new_folder", ("n",), "new folder", "new folder"),
    Command("rename_folder", (), "give a folder another name"),
    Command("details", ("i",), "all that is known of the clip", "details"),
    Command("retrain", ("r",), "look for new clips and learn; again: cancel", "retrain"),
    Command("palette", ("colon", "ctrl+p"), "all commands by their name"),
    Command("help", ("question_mark", "f1"), "all keys", "keys"),
    Command("quit", ("q", "ctrl+q", "ctrl+c"), "quit", "quit"),
)
USUAL = {command.id: command for command in COMMANDS}

# The bottom line, of which the last go first where room is short; those for the help and for leaving stand at its end.
HINTED = (
    "file", "take_1", "choose", "undo", "later", "pause", "back", "down", "sure", "retrain", "trash", "new_folder",
    "order", "filter", "go_to", "details", "model",
)  # fmt: skip
HINTED_ALWAYS = ("help", "quit")
# Of two that belong together the hint names both keys, the usual ones in this short way.
PAIRS = {"back": ("forward", "←→"), "down": ("up", "j k")}
# Those that do nothing without a clip on screen, without a queue, where all is sorted, and without mpv.
OF_CLIP = {"file", "take_1", "choose", "later", "pause", "back", "trash", "details"}
OF_QUEUE = {"down", "order", "go_to"}
OF_UNSORTED = {"sure", "filter"}
OF_PLAYER = {"pause", "back"}

# Those that steer mpv.
STEERING = {
    "pause", "back", "forward", "back_1", "forward_1", "slower", "faster", "normal_speed", "mute", "louder", "softer",
    "fullscreen",
}  # fmt: skip
# Those that move the clip on screen: they count only for one that was seen.
FILING = {"file", "take_1", "take_2", "take_3", "trash"}
# Those that change the library, which one screen at a time may do.
CHANGING = FILING | {"choose", "undo", "redo", "new_folder", "rename_folder", "sure", "alike"}


class KeyInMpv(Key):
    """A key that was pressed in mpv's window. It does not come through a terminal, and so is whole."""


# What hears the one hears the other.
KeyInMpv.handler_name = Key.handler_name

_SHOWN = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
_ARROWS = {arrow: name for name, arrow in _SHOWN.items()}
_MPV_NAMES = {
    "left": "LEFT", "right": "RIGHT", "up": "UP", "down": "DOWN", "space": "SPACE", "enter": "ENTER", "tab": "TAB",
    "escape": "ESC", "backspace": "BS", "delete": "DEL", "insert": "INS", "home": "HOME", "end": "END",
    "pageup": "PGUP", "pagedown": "PGDWN", "number_sign": "SHARP",
}  # fmt: skip


def key_named(key: str) -> str:
    """Textual's name of `key`, which may be the character itself, also behind `ctrl+` or `alt+`, and as it is shown."""
    modifiers, _, last = key.rpartition("+") if not key.endswith("+") else (key[:-1].removesuffix("+"), "+", "+")
    modifiers = modifiers.lower()
    if len(last) > 1 or modifiers:
        last = last.lower()
    last = _ARROWS.get(last, last)
    if len(last) == 1 and not last.isalnum():
        name = unicodedata.name(last, last).lower().replace("-", "_").replace(" ", "_")
        last = KEY_NAME_REPLACEMENTS.get(name, name)
    return f"{modifiers}+{last}" if modifiers else last


_CHARACTERS = {key_named(character): character for character in string.punctuation}
_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
_NAMES = {key.value.rpartition("+")[2] for key in Keys} | {*FUNCTIONAL_KEYS.values()} | _CHARACTERS.keys()


# Latin, Greek and Cyrillic ones. Other scripts are typed with an input method, which mpv has not.
_LETTERS = tuple(letter for letter in map(chr, range(0xC0, 0x530)) if letter.isalpha())
# What is typed into a name, and what moves about in one and on a page.
TYPED = (*string.ascii_letters, *DIGITS, *_LETTERS, *_CHARACTERS, *_MPV_NAMES)


class Keymap:
    """The usual keys with the user's own in their place. Raises ConfigError where these clash or mean nothing."""

    def __init__(self, config: KeysConfig) -> None:
        known = {command.id for command in COMMANDS} - {"file"}
        for name in config.commands:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
                raise ConfigError(
                    f"[keys.commands] of the configuration: there is no command {name!r}; did you mean {near!r}?"
                )
        self.folders = {key_named(key): folder for key, folder in config.folders.items()}
        written = {command.id: config.commands.get(command.id, command.keys) for command in COMMANDS}
        claims = [(key, command, repr(command)) for command, keys in written.items() for key in keys]
        claims += [(key, "file", f"the folder {folder!r}") for key, folder in config.folders.items()]
        self.keys = {command: tuple(map(key_named, keys)) for command, keys in written.items()}
        self._commands: dict[str, str] = {}
        claimed: dict[str, str] = {}
        for as_written, command, what in claims:
            key = key_named(as_written)
            if not (_is_key(key) or (len(as_written) == 1 and as_written.isprintable())):
                raise ConfigError(f"[keys] of the configuration: there is no key {as_written!r} for {what}")
            if key in claimed:
                raise ConfigError(
                    f"[keys] of the configuration: {shown(key)} cannot stand for both {claimed[key]} and {what}; give "
                    "one of them another key"
                )
            claimed[key], self._commands[key] = what, command
        self._of_mpv = {mpv_name(key): key for key in (*self._commands, *TYPED)}
        self.mpv_keys = tuple(map(mpv_name, self._commands))
        """mpv's names of the keys that stand for a command; its window leaves it all others."""
        self.mpv_typed_keys = tuple(self._of_mpv)
        """mpv's names of these and of all that is typed, or steers, where something lies over the sorting screen."""

    def command_of(self, key: str) -> str | None:
        """The command that a key, by Textual's name, stands for."""
        return self._commands.get(key)

    def key_from_mpv(self, key: str) -> tuple[str, str | None] | None:
        """Textual's name of a key that mpv's window told, and the character that it types, if it does."""
        name = self._of_mpv.get(key)
        return None if name is None else (name, " " if name == "space" else _character(name))

    def rows(self, most: int | None = None) -> list[tuple[str, Command]]:
        """Every command, and its keys as people write them, `most` of them at most."""
        return [(self._shown(command, most), command) for command in COMMANDS]

    def key(self, command: str) -> str:
        """The first key of a command, as people write it; where it has none, what finds it in the palette."""
        keys = self.keys[command]
        return shown(keys[0]) if keys else self._in_palette(command)

    def hints(self, width: int, idle: Container[str] = ()) -> str:
        """As many hints as fit into `width` columns; of commands without a key or that are `idle`, which do nothing
        now, there are none."""
        first = [self._hint(command) for command in HINTED if self.keys[command] and command not in idle]
        last = [self._hint(command) for command in HINTED_ALWAYS]
        while first and cell_len("  ".join([*first, *last])) > width:
            first.pop()
        return "  ".join([*first, *last])

    def _shown(self, command: Command, most: int | None) -> str:
        keys = self.keys[command.id]
        if keys == DIGITS:
            return "1-9 0"
        return ", ".join(map(shown, keys[:most])) if keys else self._in_palette(command.id)

    def _in_palette(self, command: str) -> str:
        """The key of the palette, and what is typed there to have `command`, which has no key of its own."""
        word = command.partition("_")[0]
        alone = sum(one.id.startswith(word) for one in COMMANDS) == 1
        return " ".join([*map(shown, self.keys["palette"][:1]), word if alone else command.replace("_", " ")])

    def _hint(self, command: str) -> str:
        word = USUAL[command].hint
        if command == "file":
            return f"1-0 {word}"
        if command not in PAIRS:
            return f"{self.key(command)} {word}"
        other, usual = PAIRS[command]
        both = self.keys[command], self.keys[other]
        if both == (USUAL[command].keys, USUAL[other].keys):
            return f"{usual} {word}"
        return " ".join([*(shown(keys[0]) for keys in both if keys), word])


def shown(key: str) -> str:
    """`key`, by Textual's name, as people write it."""
    *modifiers, last = key.split("+")
    name = _SHOWN.get(last) or _character(last)
    if name is None:
        name = last.capitalize()
    elif modifiers:
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def mpv_name(key: str) -> str:
    """mpv's name of `key`, by Textual's."""
    *modifiers, last = key.split("+")
    name = _MPV_NAMES.get(last) or _character(last) or last.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    return _MODIFIERS.issuperset(modifiers) and (last in _NAMES or (len(last) == 1 and last.isprintable()))


def _character(key: str) -> str | None:
    """The character that a key gives, None where it is not one that can be seen."""
    return key if len(key) == 1 else _CHARACTERS.get(key)
