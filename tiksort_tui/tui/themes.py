"""The screen's colours: dark or light, and for terminals of few colours or none the terminal's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from rich.console import Console
from textual import constants
from textual.theme import BUILTIN_THEMES, Theme

Shade = Literal["dark", "light"]

DARK = Theme(
    name="tiksort-dark",
    primary="#5aa9ff",
    secondary="#7fb8c9",
    warning="#ffa62b",
    error="#ff6b6b",
    success="#7ccf6f",
    accent="#5aa9ff",
    foreground="#e4e4e4",
    background="#121212",
    surface="#1e1e1e",
    panel="#262626",
    dark=True,
    variables={"foreground-muted": "#9a9a9a", "border": "#5aa9ff"},
)
LIGHT = Theme(
    name="tiksort-light",
    primary="#0a58a8",
    secondary="#2b6f80",
    warning="#9c4a00",
    error="#b3261e",
    success="#2a6f2d",
    accent="#0a58a8",
    foreground="#1c1c1c",
    background="#fafafa",
    surface="#f0f0f0",
    panel="#e4e4e4",
    dark=False,
    variables={"foreground-muted": "#5e5e5e", "border": "#0a58a8"},
)
# Of 16 colours the dark blue and the bright yellow cannot be read on every ground.
_FEW = {
    "dark": replace(
        BUILTIN_THEMES["ansi-dark"],
        name="tiksort-few-dark",
        primary="ansi_bright_cyan",
        accent="ansi_bright_cyan",
        warning="ansi_bright_yellow",
        success="ansi_bright_green",
        variables={**BUILTIN_THEMES["ansi-dark"].variables, "foreground-muted": "ansi_default"},
    ),
    "light": replace(
        BUILTIN_THEMES["ansi-light"],
        name="tiksort-few-light",
        warning="ansi_red",
        variables={**BUILTIN_THEMES["ansi-light"].variables, "foreground-muted": "ansi_default"},
    ),
}


def has_few_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal shows 16 colours or fewer, or none are wanted (https://no-color.org)."""
    console = Console(color_system=constants.COLOR_SYSTEM, force_terminal=True, _environ=environment)  # type: ignore[arg-type]
    return "NO_COLOR" in environment or console.color_system in (None, "standard")


def theme_for(choice: str, environment: Mapping[str, str] = os.environ) -> Theme:
    """The theme for `choice` ("auto", "dark", "light"): "auto" goes by what the terminal says of its ground, if any.

    The terminal is not asked: a late answer would come as keys.
    """
    shade: Shade = "light" if choice == "light" or (choice == "auto" and _is_light(environment)) else "dark"
    if has_few_colours(environment):
        return _FEW[shade]
    return LIGHT if shade == "light" else DARK


def _is_light(environment: Mapping[str, str]) -> bool:
    """By COLORFGBG, "15;0" or "15;default;0": the last is the number of the ground's colour."""
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return ground in ("7", "15")
