"""The Player: keeps an mpv at hand, has it play the clip that is wanted now, and tells what happens there.

Nothing here makes its caller wait or fail: what is asked is taken at once, and every trouble is one PlayerEvent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tiksort_tui.config import PlayerConfig
from tiksort_tui.errors import PlayerError
from tiksort_tui.player.events import KeyPressed, Playback, PlayerEvent, PlayerGone, PlayFailed, Playing
from tiksort_tui.player.ipc import Disconnected, Event, Ipc, Refused
from tiksort_tui.player.launch import Mpv, get_mpv
from tiksort_tui.player.media_map import MediaMap
from tiksort_tui.player.settings import NAME, apply_settings, bindings

ANSWER_SECONDS = 3.0
POLL_SECONDS = 0.2
# Who leaves waits so long for a given mpv that hangs.
STOP_SECONDS = 1.0


class Player:
    """One mpv, had from the first clip on. All methods but `close` return at once.

    `on_event` is called in the event loop. `keys` are mpv's names of the keys that its window shall tell as KeyPressed;
    `log` takes what an mpv of our own prints. While there is no mpv, commands are dropped; `play` and `bring_back` get
    one. Raises ConfigError where the media map cannot be used.
    """

    def __init__(
        self, config: PlayerConfig, log: Path, keys: Sequence[str], on_event: Callable[[PlayerEvent], None]
    ) -> None:
        self._config = config
        self._log = log
        self._keys = tuple(keys)
        self._on_event = on_event
        self._map = MediaMap(config.media_map if config.socket else ())
        self._mpv: Mpv | None = None
        self._wanted: Path | None = None
        self._due = False
        self._said: str | None = None
        self._had = False
        # The clip that mpv was given last, its number there, and the number of the one that mpv began to open last.
        self._given: Path | None = None
        self._given_number: int | None = None
        self._opening: int | None = None
        self._state: dict[str, Any] = {}
        # All that waits for mpv is done in one task, so that an event of a clip never overtakes the clip's number.
        # An item: the connection that it belongs to, and an event, its end, or None for "a clip is wanted".
        self._inbox: asyncio.Queue[tuple[int, Event | PlayerError | None]] = asyncio.Queue()
        self._connection = 0
        self._worker: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    def describe(self) -> str:
        """Who plays: "libmpv 0.35.1", "mpv 0.35.1", "mpv at SOCKET", "mpv" where none was needed yet; "mpv closed"
        where it is gone, "no mpv" where it cannot be had, and "no player" where none is wanted."""
        if self._config.kind == "none":
            return "no player"
        if self._mpv or not self._said:
            return self._mpv.name if self._mpv else "mpv"
        return "mpv closed" if self._had else "no mpv"

    def play(self, path: Path) -> None:
        """Play this clip from its start, over and over; of calls in a quick row only the last one counts."""
        if self._config.kind == "none":
            return
        self._wanted = path
        self._due = True
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        self._inbox.put_nowait((self._connection, None))

    def stop(self) -> None:
        """Play nothing; the window stays."""
        self._wanted = None
        self._due = False
        self._send("stop")

    def bring_back(self) -> None:
        """Put the window before the others; where there is none, get an mpv and play the clip that was wanted last."""
        self._said = None
        if self._mpv is None:
            if self._wanted is not None:
                self.play(self._wanted)
            return
        self._send("set_property", "window-minimized", False)
        if not self._state.get("ontop"):
            self._send("set_property", "ontop", True)
            self._send("set_property", "ontop", False)

    def toggle_pause(self) -> None:
        self._send("osd-auto", "cycle", "pause")

    def toggle_mute(self) -> None:
        self._send("osd-auto", "cycle", "mute")

    def toggle_fullscreen(self) -> None:
        self._send("cycle", "fullscreen")

    def add_volume(self, percent: float) -> None:
        self._send("osd-auto", "add", "volume", percent)

    def set_speed(self, speed: float) -> None:
        self._send("osd-auto", "set", "speed", f"{speed}")

    def multiply_speed(self, factor: float) -> None:
        self._send("osd-auto", "multiply", "speed", factor)

    def show(self, text: str, seconds: float) -> None:
        """Show text over the clip for so long, in place of what is shown there."""
        # "raw": a name must not read mpv's properties.
        self._send("raw", "show-text", text, round(seconds * 1000))

    def listen_to(self, keys: Sequence[str]) -> None:
        """From now on its window tells these keys, by mpv's names, and keeps all others."""
        self._keys = tuple(keys)
        self._send(*bindings(self._keys))

    def seek(self, seconds: float) -> None:
        """Go this far on, or back."""
        self._send("osd-auto", "seek", seconds, "relative+exact")

    async def close(self) -> None:
        """End an mpv of our own; leave a given one, playing nothing and with its own keys."""
        tasks = [task for task in (self._worker, self._watcher) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._mpv is not None:
            if self._mpv.process is None:
                # Our key section goes with the connection. An mpv that has an event to tell when it ends drops what it
                # was asked, so its answer is waited for.
                with suppress(PlayerError, Refused):
                    await self._mpv.ipc.command("stop", timeout=STOP_SECONDS)
            await self._mpv.end()
            self._mpv = None

    def _send(self, *words: Any) -> None:
        if self._mpv is not None:
            self._mpv.ipc.send(*words)

    async def _work(self) -> None:
        while True:
            connection, item = await self._inbox.get()
            try:
                if item is None:
                    await self._load()
                elif connection != self._connection:
                    continue
                elif isinstance(item, PlayerError):
                    raise item
                else:
                    self._heard(item)
            except PlayerError as error:
                await self._lose(error)

    async def _load(self) -> None:
        if not self._due:
            return
        self._due = False
        if self._mpv is None:
            await self._attach()
        assert self._mpv is not None
        path, self._due = self._wanted, False
        if path is None:
            return
        name = self._map.translate(path.absolute())
        if name is None:
            self._fail(path, "it is in no folder of --media-map")
            return
        try:
            answer = await self._mpv.ipc.command("loadfile", name, "replace", timeout=ANSWER_SECONDS)
        except Refused as error:
            self._fail(path, f"mpv: {error}")
            return
        if not isinstance(answer, dict):
            raise PlayerError("this mpv is too old; 0.33 or newer is needed")
        # Not before: at the end of a clip that is not begun again mpv pauses by itself.
        self._send("set_property", "pause", False)
        self._given, self._given_number = path, answer.get("playlist_entry_id")

    async def _attach(self) -> None:
        self._state = {}
        self._mpv = await get_mpv(self._config, self._log, self._new_ipc)
        keys = self._keys
        await apply_settings(self._mpv.ipc, self._config, keys, ANSWER_SECONDS)
        if keys != self._keys:
            self.listen_to(self._keys)
        self._said = None
        self._watcher = asyncio.create_task(self._watch(self._mpv.ipc, self._connection))

    def _new_ipc(self) -> Ipc:
        self._connection = connection = self._connection + 1
        return Ipc(
            on_event=lambda event: self._inbox.put_nowait((connection, event)),
            on_lost=lambda: self._inbox.put_nowait((connection, Disconnected())),
        )

    async def _watch(self, ipc: Ipc, connection: int) -> None:
        told = None
        while True:
            try:
                position = await ipc.command("get_property", "time-pos", timeout=ANSWER_SECONDS)
            except Refused:
                position = None
            except PlayerError as error:
                self._inbox.put_nowait((connection, error))
                return
            playback = Playback(
                self._given,
                position,
                self._state.get("duration"),
                paused=bool(self._state.get("pause", False)),
                muted=bool(self._state.get("mute", False)),
                volume=self._state.get("volume", self._config.volume),
                speed=self._state.get("speed", self._config.speed),
            )
            if playback != told:
                told = playback
                self._on_event(playback)
            await asyncio.sleep(POLL_SECONDS)

    def _heard(self, event: Event) -> None:
        match event:
            case {"event": "client-message", "args": [str(name), str(key)]} if name == NAME:
                self._on_event(KeyPressed(key))
            case {"event": "start-file", "playlist_entry_id": number}:
                self._opening = number
            case {"event": "file-loaded"} if self._opening == self._given_number and self._given == self._wanted:
                if self._given is not None:
                    self._on_event(Playing(self._given))
            case {"event": "end-file", "reason": "error", "playlist_entry_id": number}:
                if number == self._given_number and self._given is not None:
                    self._fail(self._given, f"mpv: {event.get('file_error', 'cannot play it')}")
            case {"event": "property-change", "name": "force-window", "data": False | "no"}:
                # Set to true by us: mpv takes it back where it cannot have a window.
                raise PlayerError("mpv cannot open a window here")
            case {"event": "property-change", "name": str(name)}:
                # Without data it is not known just now.
                self._state.pop(name, None)
                if (data := event.get("data")) is not None:
                    self._state[name] = data

    def _fail(self, path: Path, reason: str) -> None:
        # Else an mpv whose scripts fill the playlist would go on to another clip.
        self._send("stop")
        self._on_event(PlayFailed(path, reason))

    async def _lose(self, error: PlayerError) -> None:
        self._connection += 1
        self._given = self._given_number = self._opening = None
        reason = str(error)
        self._had = self._watcher is not None
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None
        mpv, self._mpv = self._mpv, None
        if mpv is not None:
            code = await mpv.end()
            if isinstance(error, Disconnected) and code is not None:
                reason = "the mpv window was closed" if code == 0 else "mpv has crashed or was killed"
        if reason != self._said:
            self._said = reason
            self._on_event(PlayerGone(reason, self._had))
