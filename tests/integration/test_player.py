"""The player with real mpv in a real X server: had as libmpv, as the program, and at a socket."""

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.conftest import need_tool
from tests.x11 import mpv_home, x_server
from tiksort_tui.config import KeysConfig, PlayerConfig
from tiksort_tui.errors import ConfigError
from tiksort_tui.player import player as player_module
from tiksort_tui.player.events import KeyPressed, Playback, PlayerGone, PlayFailed, Playing
from tiksort_tui.player.ipc import Ipc, Refused
from tiksort_tui.player.player import Player
from tiksort_tui.tui.keymap import Keymap

DEADLINE = 30.0
KEYS = ("1", "q", "ENTER", "LEFT", "SPACE", "é")
OWN = ["libmpv", "mpv"]
ALL = [*OWN, "socket"]


@pytest.fixture(scope="module")
def display():
    need_tool("mpv")
    with x_server() as name:
        yield name


@pytest.fixture
def home(display, tmp_path, monkeypatch):
    for name, value in mpv_home(tmp_path, display).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    yield tmp_path
    # Whatever a test did: no process that was started with this home is left.
    deadline = time.monotonic() + DEADLINE
    while left := processes_of(tmp_path):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.fixture
def clips(demo_clips):
    return sorted((demo_clips / "dots").glob("*.mp4"))


class Watched:
    """A Player and all that it has told."""

    def __init__(self, home, **settings):
        self.home = home
        self.told = asyncio.Queue()
        self.player = Player(PlayerConfig(**settings), home / "mpv.log", KEYS, self.told.put_nowait)

    async def hears(self, kind, check=lambda event: True):
        """The next event of this kind; all before it are left behind."""
        async with asyncio.timeout(DEADLINE):
            while not (isinstance(event := await self.told.get(), kind) and check(event)):
                pass
            return event

    async def plays(self, clip):
        self.player.play(clip)
        await self.hears(Playing, lambda event: event.path == clip)

    def told_so_far(self, kind):
        events = [self.told.get_nowait() for _ in range(self.told.qsize())]
        return [event for event in events if isinstance(event, kind)]


class Spy(Ipc):
    """A second client of an mpv."""

    def __init__(self):
        self.events = []
        super().__init__(self.events.append, lambda: None)

    async def get(self, name):
        try:
            return await self.command("get_property", name, timeout=DEADLINE)
        except Refused:
            return None

    async def sees(self, name, check):
        async with asyncio.timeout(DEADLINE):
            while not check(await self.get(name)):
                await asyncio.sleep(0.02)


@pytest.fixture
async def spy(home):
    spies = []

    async def connect():
        spy = Spy()
        spies.append(spy)
        await spy.open(home / "spy", DEADLINE)
        return spy

    yield connect
    for spy in spies:
        spy.close()


@pytest.fixture
async def users_mpv(home):
    """Starts an mpv of the user's own; its mpv.conf has it serve one socket for the player and the spy."""
    started = []

    async def start():
        (home / "spy").unlink(missing_ok=True)
        started.append(subprocess.Popen(["mpv", "--idle", "--no-terminal"]))
        async with asyncio.timeout(DEADLINE):
            while not (home / "spy").exists():
                await asyncio.sleep(0.02)

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
async def watch(home, users_mpv, monkeypatch):
    """A Player for one way of getting mpv; for "socket", one is running."""
    watched = []
    # On a machine that is busy with other tests, a slow mpv is not yet one that hangs.
    monkeypatch.setattr(player_module, "ANSWER_SECONDS", 10.0)

    async def make(way, **settings):
        if way == "socket":
            await users_mpv()
            settings["socket"] = str(home / "spy")
        else:
            settings["kind"] = way
        watched.append(Watched(home, **settings))
        return watched[-1]

    yield make
    for each in watched:
        await each.player.close()


def processes_of(home):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(home / "config") in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes())
    return found


async def gone(pid):
    async with asyncio.timeout(DEADLINE):
        while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ALL)
async def test_a_clip_plays_and_loops_and_does_as_it_is_told(watch, spy, clips, way):
    watched = await watch(way, volume=35, speed=1.5)
    player = watched.player
    await watched.plays(clips[0])
    mpv = await spy()
    assert player.describe().startswith({"socket": "mpv at ", "libmpv": "libmpv 0.", "mpv": "mpv 0."}[way])
    assert await mpv.get("path") == str(clips[0])
    assert (await mpv.get("osd-level"), await mpv.get("loop-file")) == (2, "inf")
    started = await watched.hears(Playback, lambda at: at.position is not None and at.duration is not None)
    assert (started.paused, started.muted, started.volume, started.speed) == (False, False, 35, 1.5)

    player.set_speed(4.0)
    player._send("seek", started.duration - 0.3, "absolute+exact")
    await watched.hears(Playback, lambda at: at.position > started.duration / 2)
    await watched.hears(Playback, lambda at: at.position < started.duration / 2)
    assert watched.told_so_far(PlayFailed) == []

    player.toggle_pause()
    await watched.hears(Playback, lambda at: at.paused)
    # A place between two key frames.
    player._send("seek", 1.2, "absolute+exact")
    await watched.hears(Playback, lambda at: at.position == pytest.approx(1.2, abs=0.1))
    player.seek(-0.6)
    await watched.hears(Playback, lambda at: at.position == pytest.approx(0.6, abs=0.1))
    player.toggle_mute()
    player.add_volume(-5)
    await watched.hears(Playback, lambda at: at.muted and at.volume == 30)
    player.toggle_fullscreen()
    await mpv.sees("fullscreen", lambda value: value is True)

    windows = mpv_windows()
    await watched.plays(clips[1])
    resumed = await watched.hears(Playback, lambda at: not at.paused)
    assert resumed.muted
    player.stop()
    await mpv.sees("idle-active", lambda value: value is True)
    await watched.plays(clips[2])
    assert len(windows) == 1
    assert mpv_windows() == windows


@pytest.mark.parametrize("way", ALL)
async def test_a_key_pressed_in_the_window_is_told_and_does_not_reach_mpv(watch, spy, clips, way, display):
    watched = await watch(way)
    await watched.plays(clips[0])
    mpv = await spy()
    await mpv.sees("vo-configured", lambda value: value is True)
    press_key_in_window(display, "q")
    assert await watched.hears(KeyPressed) == KeyPressed("q")
    for key in KEYS:
        mpv.send("keypress", key)
        assert await watched.hears(KeyPressed) == KeyPressed(key)
    # Neither mpv's nor the user's meaning of a key that is not ours is touched.
    mpv.send("keypress", "m")
    await mpv.sees("mute", lambda value: value is True)
    assert watched.told_so_far(KeyPressed) == []


async def test_the_window_tells_other_keys_from_the_moment_they_are_asked_for(watch, spy, clips):
    watched = await watch("libmpv")
    await watched.plays(clips[0])
    mpv = await spy()
    watched.player.listen_to(["x", "ESC"])
    # What follows on another connection may overtake the keys.
    await mpv.sees("mute", lambda value: value is False)
    watched.player.toggle_mute()
    await mpv.sees("mute", lambda value: value is True)
    mpv.send("keypress", "x")
    assert await watched.hears(KeyPressed) == KeyPressed("x")
    # A key that is told to nobody is over when mpv's own one after it has been heard.
    mpv.send("keypress", KEYS[0])
    mpv.send("keypress", "m")
    await mpv.sees("mute", lambda value: value is False)
    watched.player.listen_to(KEYS)
    watched.player.toggle_mute()
    await mpv.sees("mute", lambda value: value is True)
    mpv.send("keypress", "x")
    mpv.send("keypress", KEYS[0])
    assert await watched.hears(KeyPressed) == KeyPressed(KEYS[0])
    assert watched.told_so_far(KeyPressed) == []


async def test_every_key_that_is_typed_is_told_by_its_name(watch, spy, clips):
    watched = await watch("libmpv")
    keymap = Keymap(KeysConfig())
    await watched.plays(clips[0])
    mpv = await spy()
    # What follows on another connection may overtake the keys.
    await mpv.sees("mute", lambda value: value is False)
    watched.player.listen_to(keymap.mpv_typed_keys)
    watched.player.toggle_mute()
    await mpv.sees("mute", lambda value: value is True)
    for key in keymap.mpv_typed_keys:
        mpv.send("keypress", key)
        assert await watched.hears(KeyPressed) == KeyPressed(key)
        assert keymap.key_from_mpv(key)


async def test_text_is_shown_over_the_clip_as_it_is(watch, spy, clips, display):
    watched = await watch("libmpv")
    await watched.plays(clips[0])
    mpv = await spy()
    watched.player.toggle_pause()
    await mpv.sees("pause", lambda value: value is True)
    pictures = [picture_of(display)]
    watched.player.show("$> {\\b1} ${pause}\n50 %", 600.0)
    pictures.append(picture_of(display, unlike=pictures[0]))
    watched.player.show("", 0.0)
    picture_of(display, unlike=pictures[1])
    await mpv.command("expand-properties", "show-text", "$$> {\\b1} $${pause}\n50 %", 600_000, timeout=DEADLINE)
    pictures.append(picture_of(display, unlike=pictures[0]))
    assert pictures[1] == pictures[2]


def picture_of(display, unlike=b""):
    """What stands on the X server's screen when it has become another and does not change any more."""
    grab = [need_tool("ffmpeg"), "-loglevel", "error", "-f", "x11grab", "-video_size", "800x600", "-i", display]
    before, deadline = b"", time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        now = subprocess.run([*grab, "-frames:v", "1", "-f", "rawvideo", "-"], check=True, capture_output=True).stdout
        if now == before != unlike:
            return now
        before = now
    raise AssertionError("the picture did not change, or did not stop changing")


def mpv_windows():
    """The X windows of all mpv that there are, as numbers."""
    tree = subprocess.run([need_tool("xwininfo"), "-root", "-tree"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0], 16) for line in tree.splitlines() if '"mpv")' in line]


class XKeyEvent(ctypes.Structure):
    """Xlib's, with the room of an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        *((name, ctypes.c_ulong) for name in ("window", "root", "subwindow", "time")),
        *((name, ctypes.c_int) for name in ("x", "y", "x_root", "y_root")),
        *((name, ctypes.c_uint) for name in ("state", "keycode")),
        ("same_screen", ctypes.c_int),
        ("room", ctypes.c_long * 24),
    )


def press_key_in_window(display, character):
    """Send the press and the release of a key to mpv's window by way of the X server."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XStringToKeysym.restype = ctypes.c_ulong
    server = ctypes.c_void_p(x.XOpenDisplay(display.encode()))
    (window,) = mpv_windows()
    keycode = x.XKeysymToKeycode(server, ctypes.c_ulong(x.XStringToKeysym(character.encode()))) & 0xFF
    for kind, mask in ((2, 1), (3, 2)):
        event = XKeyEvent(type=kind, display=server.value, window=window, root=window, keycode=keycode, same_screen=1)
        x.XSendEvent(server, ctypes.c_ulong(window), 1, ctypes.c_long(mask), ctypes.byref(event))
    x.XCloseDisplay(server)


@pytest.mark.parametrize("way", ALL)
async def test_a_held_down_key_loads_few_clips_and_the_last_one_plays(watch, spy, clips, way):
    watched = await watch(way)
    await watched.plays(clips[0])
    mpv = await spy()
    for i in range(50):
        watched.player.play(clips[i % 2])
    await watched.plays(clips[2])
    assert await mpv.get("path") == str(clips[2])
    assert len([event for event in mpv.events if event["event"] == "start-file"]) <= 3


@pytest.mark.parametrize("way", ALL)
async def test_any_file_name_plays(watch, spy, clips, way, tmp_path):
    watched = await watch(way)
    for name in (b"-a.mp4", b"%41 [x] ${pid}.mp4", b"file: ://.mp4".replace(b"/", b"\xff"), b'q"\n\\\xe2\x82.mp4'):
        clip = tmp_path / os.fsdecode(name)
        shutil.copy(clips[0], clip)
        await watched.plays(clip)
        assert await (await spy()).get("path") == str(clip)


@pytest.mark.parametrize("way", ALL)
async def test_a_file_that_does_not_play_is_one_event_and_the_next_one_plays(watch, clips, way, tmp_path):
    watched = await watch(way)
    (tmp_path / "text.mp4").write_text("no video")
    for broken in (tmp_path / "text.mp4", tmp_path / "not there.mp4"):
        watched.player.play(broken)
        failed = await watched.hears(PlayFailed)
        assert failed.path == broken
        assert failed.reason.startswith("mpv: ")
        await watched.plays(clips[0])
    assert watched.told_so_far(PlayerGone) == []


@pytest.mark.parametrize(("way", "blow"), [(way, blow) for way in ALL for blow in ("SIGKILL", "SIGSTOP", "close")])
async def test_a_lost_mpv_is_said_once_and_comes_back(watch, spy, users_mpv, clips, way, blow, monkeypatch):
    monkeypatch.setattr(player_module, "ANSWER_SECONDS", 1.0)
    watched = await watch(way)
    await watched.plays(clips[0])
    mpv = await spy()
    pid = await mpv.get("pid")
    if blow == "close":
        mpv.send("keypress", "CLOSE_WIN")
    else:
        os.kill(pid, getattr(signal, blow))
    reason = (await watched.hears(PlayerGone)).reason
    given = {"SIGKILL": "mpv has ended the connection", "close": "mpv has ended the connection"}
    own = {"SIGKILL": "mpv has crashed or was killed", "close": "the mpv window was closed"}
    assert reason == ((own if way in OWN else given) | {"SIGSTOP": "mpv does not answer"})[blow]
    watched.player.toggle_pause()
    if way in OWN:
        await gone(pid)
    elif blow == "SIGSTOP":
        os.kill(pid, signal.SIGCONT)
    else:
        await users_mpv()
    assert watched.told_so_far(PlayerGone) == []

    watched.player.bring_back()
    await watched.hears(Playing, lambda event: event.path == clips[0])
    await watched.plays(clips[1])


@pytest.mark.parametrize("way", OWN)
async def test_closing_ends_an_mpv_of_ones_own_even_one_that_hangs(watch, spy, clips, way):
    for hang in (False, True):
        watched = await watch(way)
        await watched.plays(clips[0])
        pid = await (await spy()).get("pid")
        if hang:
            os.kill(pid, signal.SIGSTOP)
        await watched.player.close()
        await gone(pid)


@pytest.mark.parametrize("way", OWN)
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1])
async def test_closing_at_any_moment_of_the_start_leaves_none(watch, home, clips, way, moment):
    watched = await watch(way)
    watched.player.play(clips[0])
    await asyncio.sleep(moment)
    await watched.player.close()


async def test_closing_leaves_a_given_mpv_blank_and_with_its_own_keys(watch, spy, clips):
    watched = await watch("socket")
    await watched.plays(clips[0])
    mpv = await spy()
    assert "tiksort" in json.dumps(await mpv.get("input-bindings"))
    await watched.player.close()
    await mpv.sees("idle-active", lambda value: value is True)
    await mpv.sees("input-bindings", lambda bindings: "tiksort" not in json.dumps(bindings))


# A stopped libmpv is a stopped child, which cannot see its parent die.
@pytest.mark.parametrize(("way", "hang"), [("libmpv", False), ("mpv", False), ("mpv", True)])
async def test_no_mpv_is_left_when_the_program_is_killed(home, spy, clips, way, hang):
    program = (
        "import asyncio, sys, pathlib\n"
        "from tiksort_tui.config import PlayerConfig\n"
        "from tiksort_tui.player.player import Player\n"
        "async def main():\n"
        f"    player = Player(PlayerConfig(kind={way!r}), pathlib.Path({str(home / 'log')!r}), (),\n"
        "                    lambda event: print(type(event).__name__, flush=True))\n"
        "    player.play(pathlib.Path(sys.argv[1]))\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(clips[0]), stdout=-1)
    async with asyncio.timeout(DEADLINE):
        while await killed.stdout.readline() != b"Playing\n":
            pass
    pid = await (await spy()).get("pid")
    if hang:
        os.kill(pid, signal.SIGSTOP)
    killed.kill()
    await killed.wait()
    await gone(pid)


async def test_without_an_mpv_it_is_said_once_and_again_when_asked_for(home, monkeypatch):
    watched = Watched(home, kind="mpv")
    monkeypatch.setenv("PATH", str(home))
    watched.player.play(home / "a.mp4")
    assert await watched.hears(PlayerGone) == PlayerGone("no mpv: the mpv program is not on the PATH; install mpv")
    watched.player.play(home / "b.mp4")
    watched.player.bring_back()
    await watched.hears(PlayerGone)
    assert watched.player.describe() == "no mpv"
    await watched.player.close()
    assert watched.told_so_far(PlayerGone) == []


async def test_where_no_file_can_be_opened_any_more_it_is_said_and_tried_again(watch, clips, monkeypatch):
    watched = await watch("mpv")
    with monkeypatch.context() as full:
        full.setattr(socket, "socketpair", Mock(side_effect=OSError(24, "Too many open files")))
        watched.player.play(clips[0])
        assert "Too many open files" in (await watched.hears(PlayerGone)).reason
    await watched.plays(clips[0])


async def test_what_mpv_does_not_know_just_now_is_as_it_was_configured(watch, clips):
    watched = await watch("mpv")
    await watched.plays(clips[0])
    watched.player._heard({"event": "property-change", "name": "volume", "data": None})
    await watched.hears(Playback, lambda playback: playback.volume == PlayerConfig().volume)


async def test_without_libmpv_the_program_plays(watch, clips, home, monkeypatch):
    (home / "broken").mkdir()
    (home / "broken" / "mpv.py").write_text("raise OSError('Cannot find libmpv')")
    monkeypatch.setenv("PYTHONPATH", str(home / "broken"))
    watched = await watch("auto")
    await watched.plays(clips[0])
    assert watched.player.describe().startswith("mpv 0.")
    only = await watch("libmpv")
    only.player.play(clips[0])
    assert await only.hears(PlayerGone) == PlayerGone("no mpv: libmpv is not installed")


@pytest.mark.parametrize("way", OWN)
async def test_without_a_display_nothing_plays_unseen(watch, clips, home, monkeypatch, way):
    (home / "config" / "mpv" / "mpv.conf").write_text("ao=null\n")
    watched = await watch(way)
    monkeypatch.setenv("DISPLAY", ":4242")
    watched.player.play(clips[0])
    assert (await watched.hears(PlayerGone)).reason == "mpv cannot open a window here"
    monkeypatch.delenv("DISPLAY")
    watched.player.play(clips[0])
    assert "this machine has no display; --mpv-socket" in (await watched.hears(PlayerGone)).reason


async def test_a_geometry_that_mpv_does_not_take_is_named(watch, clips):
    watched = await watch("mpv", geometry="wide")
    watched.player.play(clips[0])
    assert (await watched.hears(PlayerGone)).reason == "mpv does not understand player.geometry 'wide'"


async def test_a_socket_with_nobody_behind_it_is_said(home, clips):
    watched = Watched(home, socket=str(home / "socket"))
    watched.player.play(clips[0])
    assert str(home / "socket") in (await watched.hears(PlayerGone)).reason
    with socket.socket(socket.AF_UNIX) as forwarded:
        forwarded.bind(str(home / "socket"))
        forwarded.listen()
        watched.player.play(clips[0])
        assert (await watched.hears(PlayerGone)).reason == f"no mpv at {home / 'socket'}: mpv does not answer"
    await watched.player.close()


async def test_a_media_map_names_the_file_on_the_other_machine(watch, spy, clips, tmp_path):
    there = tmp_path / "there"
    (there / "inner").mkdir(parents=True)
    shutil.copy(clips[0], there / "outer.mp4")
    shutil.copy(clips[0], there / "inner" / "clip.mp4")
    watched = await watch("socket", media_map=(f"/far={there}", f"/far/deep={there}/inner/"))
    await watched.plays(Path("/far/outer.mp4"))
    await watched.plays(Path("/far/deep/clip.mp4"))
    assert await (await spy()).get("path") == str(there / "inner" / "clip.mp4")
    watched.player.play(Path("/farther/clip.mp4"))
    assert await watched.hears(PlayFailed) == PlayFailed(
        Path("/farther/clip.mp4"), "it is in no folder of --media-map"
    )


@pytest.mark.parametrize("text", ["/videos", "/videos=", "=/videos", "videos=/videos"])
def test_a_media_map_that_cannot_be_meant_is_named(tmp_path, text):
    with pytest.raises(ConfigError, match=f"--media-map '{text}'"):
        Player(PlayerConfig(socket="/s", media_map=(text,)), tmp_path / "log", (), print)


async def test_no_player_is_silent(home, clips):
    watched = Watched(home, kind="none")
    watched.player.play(clips[0])
    watched.player.bring_back()
    await watched.player.close()
    assert watched.told.empty()
    assert watched.player.describe() == "no player"
