"""Configuration: one TOML file, read into frozen dataclasses whose defaults are the documentation's.

Never guesses: an unknown key, a wrong type or an impossible value is a ConfigError that names the place.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs

from tiksort_tui.errors import ConfigError

EncoderChoice = Literal["auto", "clip", "builtin"]
Device = Literal["auto", "cpu", "cuda", "mps"]
PlayerChoice = Literal["auto", "libmpv", "mpv", "none"]
ThemeChoice = Literal["auto", "dark", "light"]
PicturesChoice = Literal["blocks", "sixel", "kitty"]


@dataclass(frozen=True, slots=True)
class LibraryConfig:
    """What counts as a video, what goes with it, and where the program keeps its state (empty: in the library)."""

    extensions: tuple[str, ...] = ("mp4", "mov", "m4v", "webm", "mkv", "avi", "3gp", "ts", "flv", "wmv")
    sidecars: tuple[str, ...] = ("info.json", "description", "srt", "vtt", "jpg", "webp", "image")
    state_dir: str = ""
    file_through_links: bool = False


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Which encoder, on what, and where its weights are (empty: the local cache of downloads)."""

    kind: EncoderChoice = "auto"
    device: Device = "auto"
    clip_weights: str = ""
    whisper_weights: str = ""


@dataclass(frozen=True, slots=True)
class ExtractionConfig:
    """Bounds on the work that one clip may cost."""

    workers: int = 0
    max_audio_seconds: int = 600
    file_timeout_seconds: int = 60
    strip_cache_mb: int = 512


@dataclass(frozen=True, slots=True)
class PredictionConfig:
    """How many folders are named, how many of 100 clips that are filed without a person must be right (as a share),
    and what is in a folder where its name does not tell."""

    top_k: int = 3
    precision: float = 0.98
    descriptions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlayerConfig:
    """Which mpv plays the clips, and how. `socket` is a running mpv's; `media_map` holds HERE=THERE for its paths."""

    kind: PlayerChoice = "auto"
    socket: str = ""
    media_map: tuple[str, ...] = ()
    geometry: str = ""
    fullscreen: bool = False
    volume: int = 80
    speed: float = 1.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreenConfig:
    """How the sorting screen looks, and below which confidence it doubts a suggestion."""

    theme: ThemeChoice = "auto"
    pictures: PicturesChoice = "blocks"
    doubt: float = 0.7


@dataclass(frozen=True, slots=True)
class KeysConfig:
    """The user's own keys: those of a command instead of its usual ones, and those of folders, by the key."""

    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    library: LibraryConfig = field(default_factory=LibraryConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    extraction: ExtractionConfig = field(default_factory=ExtractionConfig)
    prediction: PredictionConfig = field(default_factory=PredictionConfig)
    player: PlayerConfig = field(default_factory=PlayerConfig)
    screen: ScreenConfig = field(default_factory=ScreenConfig)
    keys: KeysConfig = field(default_factory=KeysConfig)


# Ranges that a type cannot say: (lowest, highest) for each key.
_RANGES: dict[str, tuple[float, float]] = {
    "extraction.workers": (0, 256),
    "extraction.max_audio_seconds": (1, 7200),
    "extraction.file_timeout_seconds": (1, 3600),
    "extraction.strip_cache_mb": (0, 1_000_000),
    "prediction.top_k": (1, 100),
    "prediction.precision": (0.5, 0.999),
    "player.volume": (0, 130),
    "player.speed": (0.1, 10.0),
    "player.delay": (0.0, 60.0),
    "screen.doubt": (0.0, 1.0),
}


def default_config_path() -> Path:
    """Where the configuration is looked for when no `--config` names one."""
    return platformdirs.user_config_path("tiksort-tui") / "config.toml"


def load_config(path: Path | None = None) -> Config:
    """Read `path`, or the default place (where a missing file means the defaults).

    Raises ConfigError that names the file and the key.
    """
    source = path or default_config_path()
    try:
        document = tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is None:
            return Config()
        raise ConfigError(f"{path}: there is no such configuration file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror}") from error
    try:
        return build_config(document)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None


def build_config(document: dict[str, Any]) -> Config:
    """The Config that a parsed TOML document describes; raises ConfigError that names the key."""
    return typing.cast(Config, _build(Config, document, prefix=""))


def with_overrides(config: Config, **overrides: Any) -> Config:
    """`config` with `section__key=value` replaced wherever the value is not None (options of the command line)."""
    for name, value in overrides.items():
        if value is not None:
            section, key = name.split("__")
            part = dataclasses.replace(getattr(config, section), **{key: value})
            config = dataclasses.replace(config, **{section: part})
    return config


def _build(cls: type[Any], table: dict[str, Any], prefix: str) -> Any:
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = prefix + key
        if key not in hints:
            raise ConfigError(f"unknown key {name!r}{_nearest(key, hints, prefix)}")
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise ConfigError(f"{name} must be a table, [{name}]")
            values[key] = _build(typing.cast(type[Any], hints[key]), value, prefix=f"{name}.")
        else:
            values[key] = _checked(name, hints[key], value)
    return cls(**values)


def _nearest(key: str, known: dict[str, Any], prefix: str) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return f"; did you mean {prefix + near[0]!r}?" if near else ""


def _checked(name: str, hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{name} must be one of {', '.join(map(repr, arguments))}, not {value!r}")
        return value
    if origin is Mapping:
        if not isinstance(value, dict):
            raise ConfigError(f"{name} must be a table, [{name}]")
        return {key: _checked(f"{name}.{key}", arguments[1], one) for key, one in value.items()}
    if origin is tuple:
        if not isinstance(value, list) or not all(isinstance(item, arguments[0]) for item in value):
            raise ConfigError(f"{name} must be a list of strings, not {value!r}")
        if not value and name == "library.extensions":
            raise ConfigError(f"{name} must name at least one ending")
        return tuple(item.removeprefix(".") for item in value) if name == "library.extensions" else tuple(value)
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise ConfigError(f"{name} must be {_WORDS[hint]}, not {value!r}")
    low, high = _RANGES.get(name, (float("-inf"), float("inf")))
    if isinstance(value, int | float) and not low <= value <= high:
        raise ConfigError(f"{name} must be between {low:g} and {high:g}, not {value!r}")
    return value


_WORDS: types.MappingProxyType[type, str] = types.MappingProxyType(
    {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
)
