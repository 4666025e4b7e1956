"""`tiksort-tui doctor`: says what works here, and what to do about the rest.

Owns the checks and how they are printed. Never imports a heavy or native library into this process: each is asked for
in a child, `python -m tiksort_tui.doctor QUESTION`, so that a broken one is a finding and hides no other. Leaves
nothing behind but a library's state folder, which every run makes.
"""

from __future__ import annotations

import ctypes.util
import importlib
import json
import locale
import os
import platform
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import platformdirs
from rich.console import Console

from tiksort_tui import __version__
from tiksort_tui.config import Config, EncoderConfig, PlayerConfig
from tiksort_tui.domain import visible
from tiksort_tui.encoders import weights
from tiksort_tui.engine.client import ENVIRONMENT
from tiksort_tui.errors import EncoderError, ExitCode, LibraryError
from tiksort_tui.library.state import LOG, STATE_FOLDER, _on_network, open_library, state_dir

PACKAGES = ("av", "faster-whisper", "numpy", "open-clip-torch", "python-mpv", "scikit-learn", "textual", "torch")
# Decoders that need no special hardware; libav's own "av1" opens everywhere and decodes on few graphics cards only.
DECODERS = {
    "h264": ("h264",),
    "hevc": ("hevc",),
    "av1": ("libdav1d", "libaom-av1"),
    "vp9": ("vp9", "libvpx-vp9"),
    "aac": ("aac",),
    "opus": ("opus", "libopus"),
}
SMALLEST_SCREEN = (80, 24)
CHILD_SECONDS = 60.0
MPV_SECONDS = 5.0
# Only a terminal that says nothing costs this much; one behind ssh may need a good part of it.
TERMINAL_SECONDS = 1.0

# Terminals answer in order, and all of them know the second question: its answer ends the wait for the first.
_KITTY_QUERY = b"\x1b[?u\x1b[c"
_KITTY_ANSWER = re.compile(rb"\x1b\[\?\d+u")
_ATTRIBUTES_ANSWER = re.compile(rb"\x1b\[\?[\d;]*c")
_LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says. "missing": needed or configured, and does not work; `advice`: one line that can be done."""

    topic: str
    state: Literal["ok", "notice", "missing"]
    text: str
    advice: str | None = None


class _Broken(Exception):
    """A child process did not answer; the text is its last word."""


def run_doctor(config: Config, library: Path | None) -> ExitCode:
    """Print each finding as it comes; SOMETHING_MISSING where anything is."""
    result = ExitCode.FINE
    for finding in examine(config, library):
        _print(f"{finding.state:<8} {finding.topic:<9} {finding.text}")
        if finding.advice:
            _print(f"{'':<18} -> {finding.advice}")
        if finding.state == "missing":
            result = ExitCode.SOMETHING_MISSING
    return result


def _print(line: str) -> None:
    # What this terminal cannot show must not end the report on it.
    encoding = sys.stdout.encoding
    print(visible(line).encode(encoding, "backslashreplace").decode(encoding), flush=True)


def examine(config: Config, library: Path | None) -> Iterator[Finding]:
    """All checks, the quick ones first: torch takes seconds. `library` adds what concerns its state folder."""
    yield _program()
    yield from _terminal()
    yield from (_fallback_state(config.library.state_dir) if library is None else _library_state(library, config))
    yield from _player(config.player)
    yield _codecs()
    yield from _engine(config.encoder)
    yield _weights("CLIP", weights.CLIP, weights.find_clip, config.encoder)
    yield _weights("Whisper", weights.WHISPER, weights.find_whisper, config.encoder)


def _program() -> Finding:
    versions, absent = [], []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            absent.append(package)
    text = f"tiksort-tui {__version__}, Python {platform.python_version()}, {', '.join(versions)}"
    if absent:
        return Finding("program", "missing", f"{text}; not installed: {', '.join(absent)}", _pip(*absent))
    return Finding("program", "ok", text)


# The terminal


def _terminal() -> Iterator[Finding]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Finding("terminal", "ok", "not looked at: input or output is not a terminal here")
        return
    name = os.environ.get("TERM", "")
    around = [word for word, variable in (("tmux", "TMUX"), ("ssh", "SSH_CONNECTION")) if os.environ.get(variable)]
    size = os.get_terminal_size(sys.stdout.fileno())
    text = f"{name or 'TERM is not set'}, {size.columns}x{size.lines}{''.join(f', in {word}' for word in around)}"
    if name in ("", "dumb"):
        yield Finding("terminal", "notice", text, "use another terminal, or `--batch`, which needs none")
        return
    if size.columns < SMALLEST_SCREEN[0] or size.lines < SMALLEST_SCREEN[1]:
        yield Finding("terminal", "notice", text, "make the window at least {}x{}".format(*SMALLEST_SCREEN))
    else:
        yield Finding("terminal", "ok", text)
    yield _colours()
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        yield Finding("letters", "ok", encoding)
    else:
        yield Finding("letters", "notice", f"the locale's encoding is {encoding}", "export LC_ALL=C.UTF-8")
    yield _keys()


def _colours() -> Finding:
    # Textual takes this from Rich too; neither asks terminfo.
    system = Console().color_system
    if os.environ.get("NO_COLOR"):
        return Finding("colours", "ok", "none, since NO_COLOR is set")
    if system == "truecolor":
        return Finding("colours", "ok", "16 million")
    text = f"{'256' if system == '256' else '16'}, as far as TERM and COLORTERM tell"
    advice = "export COLORTERM=truecolor   (where the terminal shows 16 million; ssh does not pass it on)"
    return Finding("colours", "notice", text, advice)


def _keys() -> Finding:
    speaks = _speaks_kitty_protocol()
    if speaks:
        return Finding("keys", "ok", "all of them: the terminal speaks the kitty keyboard protocol")
    how = "the terminal does not answer" if speaks is None else "no kitty keyboard protocol"
    advice = "use the plain keys (`?` on the screen shows them); kitty, foot, WezTerm and Ghostty pass all on"
    return Finding("keys", "notice", f"some with Ctrl and Alt may not arrive: {how}", advice)


def _speaks_kitty_protocol() -> bool | None:
    """Ask the controlling terminal; None where it says nothing at all. Its settings are put back, its answers eaten."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            return None  # Changing its settings from the background would stop this process.
        saved = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSADRAIN)
            os.write(terminal, _KITTY_QUERY)
            answer = _read_until(terminal, _ATTRIBUTES_ANSWER)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, saved)
    finally:
        os.close(terminal)
    if _KITTY_ANSWER.search(answer):
        return True
    return False if _ATTRIBUTES_ANSWER.search(answer) else None


def _read_until(terminal: int, end: re.Pattern[bytes]) -> bytes:
    answer = b""
    deadline = time.monotonic() + TERMINAL_SECONDS
    while not end.search(answer) and (left := deadline - time.monotonic()) > 0:
        if not select.select([terminal], [], [], left)[0] or not (more := os.read(terminal, 1024)):
            break
        answer += more
    return answer


# The state folder


def _library_state(library: Path, config: Config) -> Iterator[Finding]:
    advice = "name a folder that can be written as library.state_dir in the configuration"
    try:
        root = open_library(library)
    except LibraryError as error:
        yield Finding("library", "missing", str(error), "name the folder that holds the clips")
        return
    try:
        folder = state_dir(root, config.library.state_dir)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (LibraryError, OSError) as error:
        yield Finding("state", "missing", str(error), advice)
        return
    free = shutil.disk_usage(folder).free // 1_000_000
    bound = config.extraction.strip_cache_mb
    text = f"{folder}, {free} MB free"
    if _on_network(folder):
        yield Finding("state", "notice", f"{text}, on a network file system, where SQLite may fail", advice)
    elif free < bound:
        less = "make room, or lower extraction.strip_cache_mb in the configuration"
        yield Finding("state", "notice", f"{text}; the pictures alone may take {bound} MB", less)
    else:
        yield Finding("state", "ok", text)
    log = folder / LOG
    yield Finding("log", "ok", str(log) if log.exists() else f"{log}, once there is something to say")


def _fallback_state(configured: str) -> Iterator[Finding]:
    folder = Path(configured).expanduser().absolute() if configured else platformdirs.user_state_path("tiksort-tui")
    where = f"{folder}" if configured else f"{STATE_FOLDER} in the library, or {folder} where that cannot be"
    nearest = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        yield Finding("state", "ok", where)
    else:
        state: Literal["notice", "missing"] = "missing" if configured else "notice"
        advice = "name another folder as library.state_dir in the configuration"
        yield Finding("state", state, f"{where}: {nearest} cannot be written", advice)


# mpv


def _player(config: PlayerConfig) -> Iterator[Finding]:
    """A demanded player is missing where it does not work; sorting itself needs none."""
    if config.socket:
        yield _mpv_at(Path(config.socket).expanduser())
        return
    if config.kind == "none":
        yield Finding("mpv", "ok", 'not used: player.kind is "none"')
        return
    state: Literal["notice", "missing"] = "notice" if config.kind == "auto" else "missing"
    ways: dict[str, Callable[[], str]] = {"mpv": _mpv_version, "libmpv": lambda: str(_ask("libmpv"))}
    plays = False
    broken = []
    for way in ways if config.kind == "auto" else (config.kind,):
        try:
            yield Finding(way, "ok", ways[way]())
            plays = True
        except _Broken as error:
            broken.append((way, str(error)))
    for way, error in broken:
        if plays:
            yield Finding(way, "ok", f"{error}; the other one plays")
        else:
            yield Finding(way, state, error, _install_mpv(way))
    if sys.platform != "darwin" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        advice = "forward the socket of an mpv on the machine before you (ssh -R), and name it as player.socket"
        yield Finding("display", state, "none: mpv cannot open a window here", advice)


def _mpv_version() -> str:
    program = shutil.which("mpv")
    if program is None:
        raise _Broken("the program is not on the PATH")
    words = _output([program, "--no-config", "--version"], MPV_SECONDS).split()
    return f"{' '.join(words[:2])} at {program}"


def _install_mpv(way: str) -> str:
    if sys.platform == "darwin":
        return "brew install mpv"
    return f"apt install {'libmpv2' if way == 'libmpv' else 'mpv'}   (or with your system's own package manager)"


def _mpv_at(path: Path) -> Finding:
    request = {"command": ["get_property", "mpv-version"], "request_id": 1}
    advice = f"mpv --idle --input-ipc-server={path}   (on the machine before you, if ssh forwards the socket)"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(MPV_SECONDS)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            # A forwarded socket accepts with nobody behind it: only an answer shows that there is an mpv.
            for line in connection.makefile("rb"):
                answer = json.loads(line)
                if answer.get("request_id") == 1:
                    return Finding("mpv", "ok", f"{answer.get('data')} at {path}")
        problem = "nobody answers"
    except (OSError, ValueError) as error:
        problem = str(error)
    return Finding("mpv", "missing", f"player.socket {path}: {problem}", advice)


# What the engine needs


def _codecs() -> Finding:
    advice = "pip install --force-reinstall --only-binary av av"
    try:
        there = _ask("codecs")
    except _Broken as error:
        return Finding("codecs", "missing", f"PyAV does not work: {error}", advice)
    absent = [codec for codec in DECODERS if codec not in there]
    if not absent:
        return Finding("codecs", "ok", ", ".join(there))
    text = f"no decoder for {', '.join(absent)}: such clips are not read; there are {', '.join(there) or 'none'}"
    return Finding("codecs", "notice" if "h264" in there else "missing", text, advice)


def _engine(config: EncoderConfig) -> Iterator[Finding]:
    try:
        torch = _ask("engine")
    except _Broken as error:
        yield Finding("engine", "missing", f"cannot start: {error}", "pip install --force-reinstall tiksort-tui")
        return
    yield Finding("engine", "ok", f"starts, with torch {torch['version']}")
    yield _gpu(config.device, torch)


def _gpu(device: str, torch: dict[str, Any]) -> Finding:
    working, failing, warning = torch["working"], torch["failing"], torch["warning"]
    chosen = next(iter({**working, **failing}), "cpu") if device == "auto" else device
    if chosen in working:
        return Finding("gpu", "ok", f"{chosen}: {working[chosen]}")
    if chosen in failing:
        advice = 'update its driver, or set encoder.device = "cpu" in the configuration'
        return Finding("gpu", "missing", f"{chosen} does not work: {failing[chosen]}", advice)
    because = f" ({warning})" if warning else ""
    if chosen != "cpu":
        text = f'encoder.device is "{chosen}", but torch {torch["version"]} finds none here{because}'
        return Finding("gpu", "missing", text, 'set encoder.device = "auto" in the configuration')
    if device == "cpu":
        return Finding("gpu", "ok", 'not used: encoder.device is "cpu"')
    if warning or Path("/dev/nvidiactl").exists():
        text = f"there is one that torch {torch['version']} cannot use{because}: the CPU is used"
        return Finding("gpu", "notice", text, "update its driver, then: pip install --force-reinstall torch")
    return Finding("gpu", "ok", f"none: the CPU is used, {os.cpu_count()} cores")


def _weights(
    title: str, model: weights.Model, find: Callable[[EncoderConfig], Path | None], config: EncoderConfig
) -> Finding:
    try:
        path = find(config)
    except EncoderError as error:
        return Finding(title, "missing", str(error), f"correct encoder.{title.lower()}_weights in the configuration")
    if path is None:
        text = f"the weights are not here ({model.size // 1_000_000} MB)"
        if config.kind == "builtin":
            return Finding(title, "ok", f'{text}, and encoder.kind = "builtin" needs none')
        demanded = config.kind == "clip" and model is weights.CLIP
        return Finding(title, "missing" if demanded else "notice", text, "tiksort-tui models --download")
    size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path]))
    text = f"{size // 1_000_000} MB at {path}"
    if config.kind == "builtin":
        return Finding(title, "ok", f'{text}, not used: encoder.kind is "builtin"')
    try:
        _ask(title.lower())
    except _Broken as error:
        advice = f'{_pip("open-clip-torch", "torchvision", "faster-whisper")}, or set encoder.kind = "builtin"'
        return Finding(title, "missing", f"{text}, but its library does not work: {error}", advice)
    return Finding(title, "ok", text)


def _pip(*packages: str) -> str:
    return f"pip install --force-reinstall {' '.join(packages)}"


def _ask(question: str) -> Any:
    """What a child of our own answers; raises _Broken."""
    # -P: a module in the user's current folder must not stand in for one of ours.
    return json.loads(_output([sys.executable, "-P", "-m", "tiksort_tui.doctor", question], CHILD_SECONDS))


def _output(command: Sequence[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env={**os.environ, **ENVIRONMENT},
        )
    except subprocess.TimeoutExpired:
        raise _Broken(f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise _Broken(f"{command[0]}: {error.strerror}") from error
    if done.returncode == 0:
        return done.stdout
    if done.returncode < 0:
        raise _Broken(f"it ended with {signal.Signals(-done.returncode).name}")
    said = done.stderr.strip().rpartition("\n")[2]
    raise _Broken(said[:_LONGEST_ERROR] or f"it ended with exit code {done.returncode}")


# In the child. The libraries are imported by name: they have their doors, and this is none to use them by.


def _answer_libmpv() -> str:
    if ctypes.util.find_library("mpv") is None:
        sys.exit("the library is not installed")
    player = importlib.import_module("mpv").MPV(vo="null", ao="null")
    version = str(player.mpv_version)
    player.terminate()
    return version


def _answer_codecs() -> list[str]:
    av = importlib.import_module("av")

    def opens(decoder: str) -> bool:
        try:
            av.CodecContext.create(decoder, "r").open()
        except (av.FFmpegError, ValueError):
            return False
        return True

    return [codec for codec, decoders in DECODERS.items() if any(map(opens, decoders))]


def _answer_engine() -> dict[str, Any]:
    importlib.import_module("tiksort_tui.pipeline.runner")
    torch = importlib.import_module("torch")
    working: dict[str, str] = {}
    failing: dict[str, str] = {}
    # Of a driver that is too old torch only warns.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        there = [name for name in ("cuda", "mps") if getattr(torch, name).is_available()]
    for name in there:
        try:
            torch.ones(1, device=name).add(1).item()
            if name == "cuda":
                memory = torch.cuda.get_device_properties(0).total_memory
                working[name] = f"{torch.cuda.get_device_name(0)}, {memory >> 30} GiB"
            else:
                working[name] = f"Apple GPU, {torch.mps.recommended_max_memory() >> 30} GiB"
        except Exception as error:  # drivers and kernels raise what they like
            failing[name] = str(error).partition("\n")[0]
    warning = str(caught[-1].message).partition("\n")[0] if caught else None
    return {"version": torch.__version__, "working": working, "failing": failing, "warning": warning}


def _answer_clip() -> None:
    importlib.import_module("tiksort_tui.encoders.clip").import_open_clip()


def _answer_whisper() -> None:
    importlib.import_module("tiksort_tui.encoders.whisper")


_ANSWERS: dict[str, Callable[[], Any]] = {
    "libmpv": _answer_libmpv,
    "codecs": _answer_codecs,
    "engine": _answer_engine,
    "clip": _answer_clip,
    "whisper": _answer_whisper,
}


def _answer(question: str) -> None:
    # What libraries print on stdout must not come between.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    json.dump(_ANSWERS[question](), answers)
    answers.close()


if __name__ == "__main__":
    _answer(sys.argv[1])
