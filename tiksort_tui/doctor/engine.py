"""Checks of what the engine stands on: packages, decoders, torch and its devices, the models' weights."""

from __future__ import annotations

import os
import platform
import re
import shlex
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from tiksort_tui import __version__
from tiksort_tui.config import Device, EncoderConfig
from tiksort_tui.doctor.child import Broken, ask
from tiksort_tui.doctor.finding import Finding
from tiksort_tui.encoders import weights
from tiksort_tui.errors import EncoderError

PROGRAM = "tiksort-tui"
PACKAGES = ("torch", "scipy", "av", "open-clip-torch", "faster-whisper", "textual", "python-mpv")


def check_program() -> Finding:
    """The versions, for whoever is sent this report."""
    versions, absent = [], []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            absent.append(package)
    text = f"{PROGRAM} {__version__}, Python {platform.python_version()}, {', '.join(versions)}"
    if absent:
        return Finding("program", "missing", f"{text}; not installed: {', '.join(absent)}", _reinstall(*absent))
    return Finding("program", "ok", text)


def check_codecs() -> Finding:
    """Which codecs PyAV decodes; a library is hardly ever without H.264."""
    advice = f"{_reinstall('av')} --only-binary av"
    try:
        there: dict[str, bool] = ask("codecs")
    except Broken as error:
        return Finding("codecs", "missing", f"PyAV does not work: {error}", advice)
    decoded = ", ".join(codec for codec in there if there[codec]) or "none"
    absent = ", ".join(codec for codec in there if not there[codec])
    if not absent:
        return Finding("codecs", "ok", decoded)
    text = f"no decoder for {absent}: such clips cannot be read; there are {decoded}"
    return Finding("codecs", "notice" if there["h264"] else "missing", text, advice)


def check_engine(config: EncoderConfig) -> Iterator[Finding]:
    """Whether the engine's libraries load, and what torch computes on."""
    try:
        answer = ask("engine")
    except Broken as error:
        yield Finding("engine", "missing", f"cannot start: {error}", _reinstall("torch", "scipy", "av"))
        return
    yield Finding("engine", "ok", f"can start, with torch {answer['torch']}")
    yield device_finding(config.device, answer)


def device_finding(wanted: Device, answer: dict[str, Any]) -> Finding:
    """What the encoders run on, by what `answers.engine` said."""
    working, failing = answer["working"], answer["failing"]
    chosen = next(iter({**working, **failing}), "cpu") if wanted == "auto" else wanted
    if chosen in working:
        return Finding("gpu", "ok", f"{chosen}: {working[chosen]}")
    if chosen in failing:
        advice = 'update its driver, or set encoder.device = "cpu" in the configuration'
        return Finding("gpu", "missing", f"{chosen} does not work: {failing[chosen]}", advice)
    because = f" ({answer['warning']})" if answer["warning"] else ""
    if chosen != "cpu":
        text = f'encoder.device is "{chosen}", but torch {answer["torch"]} finds none here{because}'
        return Finding("gpu", "missing", text, 'set encoder.device = "auto" in the configuration')
    if wanted == "cpu":
        return Finding("gpu", "ok", 'not used: encoder.device is "cpu"')
    if because or Path("/dev/nvidiactl").exists():
        text = f"the CPU is used, since torch {answer['torch']} cannot use the graphics card{because}"
        return Finding("gpu", "notice", text, f"update its driver, then: {_reinstall('torch')}")
    return Finding("gpu", "ok", f"none: the CPU is used, {os.cpu_count()} cores")


def check_weights(config: EncoderConfig) -> Iterator[Finding]:
    """Whether CLIP and Whisper are here, and their libraries load; without them the builtin encoder is used."""
    for topic, model, find in (
        ("CLIP", weights.CLIP, weights.find_clip),
        ("Whisper", weights.WHISPER, weights.find_whisper),
    ):
        try:
            yield _weights_finding(topic, model, find(config), config)
        except EncoderError as error:
            advice = f"correct encoder.{topic.lower()}_weights in the configuration, or take it out"
            yield Finding(topic, "missing", str(error), advice)


def _weights_finding(topic: str, model: weights.Model, path: Path | None, config: EncoderConfig) -> Finding:
    unused = ', and encoder.kind = "builtin" uses none' if config.kind == "builtin" else ""
    if path is None:
        demanded = config.kind == "clip" and model is weights.CLIP
        text = f"the weights are not here, {model.size // 1_000_000} MB{unused}"
        if unused:
            return Finding(topic, "ok", text)
        return Finding(topic, "missing" if demanded else "notice", text, "tiksort-tui models --download")
    size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path]))
    text = f"{size // 1_000_000} MB at {path}{unused}"
    if not unused:
        try:
            ask(topic.lower())
        except Broken as error:
            advice = f'{_reinstall("open-clip-torch", "faster-whisper")}, or set encoder.kind = "builtin"'
            return Finding(topic, "missing", f"its library does not work: {error}", advice)
    return Finding(topic, "ok", text)


def _reinstall(*packages: str) -> str:
    """The command that does, within the versions that this program takes."""
    try:
        requirements = metadata.requires(PROGRAM) or []
    except metadata.PackageNotFoundError:
        requirements = list(packages)
    wanted = [line for line in requirements if re.split(r"[^\w.-]", line)[0] in packages]
    return f"pip install --force-reinstall {shlex.join(wanted)}"
