"""mpv's JSON IPC over a connected unix socket: commands, their answers, and events.

Knows the protocol (https://mpv.io/manual/stable/#json-ipc), not what the commands mean. Never waits without a bound.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiksort_tui.errors import PlayerError

# More than any answer is long; who sends this much without a line's end is no mpv.
LONGEST_LINE = 8 * 1024 * 1024

Event = dict[str, Any]


class Refused(Exception):
    """mpv answered that it cannot do this; the connection is fine."""


class Disconnected(PlayerError):
    """The other end has closed the connection."""

    def __init__(self) -> None:
        super().__init__("mpv has ended the connection")


class Ipc(asyncio.Protocol):
    """One connection. `on_event` gets each event, `on_lost` is called once, when the connection has ended."""

    def __init__(self, on_event: Callable[[Event], None], on_lost: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._unfinished = b""
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    async def open(self, place: Path | socket.socket, timeout: float) -> None:
        """Connect to the socket at a path, or over one that is connected. Raises PlayerError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                if isinstance(place, Path):
                    await loop.create_unix_connection(lambda: self, str(place))
                else:
                    await loop.create_unix_connection(lambda: self, sock=place)
        except TimeoutError:
            raise PlayerError("it does not accept connections") from None
        except OSError as error:
            raise PlayerError(error.strerror or str(error)) from error

    async def command(self, *words: Any, timeout: float) -> Any:
        """Give a command and return its data. Raises Refused; PlayerError where there is no answer in `timeout` s."""
        self._number = number = self._number + 1
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        try:
            if not self._write({"command": words, "request_id": number}):
                raise Disconnected()
            # Unlike wait_for: an answer that came while this process was stopped counts.
            await asyncio.wait((answer,), timeout=timeout)
            if not answer.done():
                raise PlayerError("mpv does not answer")
            return answer.result()
        finally:
            del self._answers[number]

    def send(self, *words: Any) -> None:
        """Give a command whose outcome does not matter."""
        self._write({"command": words})

    def close(self) -> None:
        """End the connection after what was sent; `on_lost` is called as for any other end."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > LONGEST_LINE and self._transport is not None:
            self._transport.abort()
        for line in lines:
            try:
                # mpv passes the bytes of a file's name as they are, be they UTF-8 or not.
                message = json.loads(line.decode("utf-8", "surrogateescape"))
            except ValueError:
                continue
            if isinstance(message, dict):
                self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Disconnected())
        self._on_lost()

    def _take(self, message: Event) -> None:
        if "event" in message:
            self._on_event(message)
            return
        answer = self._answers.get(message.get("request_id", 0))
        if answer is None or answer.done():
            return
        if message.get("error") == "success":
            answer.set_result(message.get("data"))
        else:
            answer.set_exception(Refused(str(message.get("error"))))

    def _write(self, message: dict[str, Any]) -> bool:
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
        return True
