"""mpv's protocol at its corners, with a server that says what a test wants; real mpv is in integration/test_player."""

import asyncio
import json
import os
import socket

import pytest

from tiksort_tui.errors import PlayerError
from tiksort_tui.player.ipc import Disconnected, Ipc, Refused

SECONDS = 10.0


class Server:
    """The other end of a connection."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.events = []
        self.lost = asyncio.Event()
        self.ipc = Ipc(self.events.append, self.lost.set)
        self.theirs = theirs

    async def open(self):
        await self.ipc.open(self.theirs, SECONDS)
        self.reader, self.writer = await asyncio.open_connection(sock=self.socket)
        return self

    async def reads(self):
        return json.loads((await self.reader.readline()).decode("utf-8", "surrogateescape"))

    async def says(self, *chunks):
        for chunk in chunks:
            self.writer.write(chunk)
            await self.writer.drain()
            await asyncio.sleep(0)


@pytest.fixture
async def server():
    server = await Server().open()
    yield server
    server.ipc.close()
    server.writer.close()
    await server.lost.wait()


def asked(server, *words, timeout=SECONDS):
    return asyncio.create_task(server.ipc.command(*words, timeout=timeout))


async def test_answers_find_their_questions_between_events_and_noise(server):
    first, second = asked(server, "a"), asked(server, "b")
    one, two = (await server.reads())["request_id"], (await server.reads())["request_id"]
    await server.says(
        b'{"request_id":%d,"error":"success","data":"fo' % two,
        b'r b"}\n{"event":"idle"}\nnot JSON\n[1]\n{"request_id":77,"error":"success"}\n{"error":"succ',
        b'ess"}\n{"request_id":%d,"error":"property unavailable"}\n' % one,
    )
    assert await second == "for b"
    with pytest.raises(Refused, match="property unavailable"):
        await first
    assert server.events == [{"event": "idle"}]


async def test_the_bytes_of_a_file_name_come_and_go_as_they_are(server):
    name = os.fsdecode(b"/\xff\n\"\xc3\xa9'.mp4")
    answer = asked(server, "loadfile", name)
    line = await server.reader.readline()
    assert b"\xff" in line
    assert json.loads(line.decode("utf-8", "surrogateescape"))["command"] == ["loadfile", name]
    await server.says(b'{"request_id":1,"error":"success","data":"/\xff"}\n')
    assert await answer == os.fsdecode(b"/\xff")


async def test_silence_is_an_error_and_a_late_answer_harms_nothing(server):
    with pytest.raises(PlayerError, match="does not answer"):
        await server.ipc.command("a", timeout=0.05)
    second = asked(server, "b")
    await server.says(b'{"request_id":1,"error":"success","data":"late"}\n')
    await server.says(b'{"request_id":2,"error":"success","data":"in time"}\n')
    assert await second == "in time"


async def test_an_end_in_the_middle_of_an_answer_ends_every_wait(server):
    waiting = [asked(server, "a"), asked(server, "b")]
    await server.reads()
    await server.says(b'{"request_id":1,"err')
    server.writer.close()
    for answer in waiting:
        with pytest.raises(Disconnected):
            await answer
    await server.lost.wait()
    with pytest.raises(Disconnected):
        await server.ipc.command("c", timeout=SECONDS)
    server.ipc.send("d")


async def test_an_endless_line_ends_the_connection(server, monkeypatch):
    monkeypatch.setattr("tiksort_tui.player.ipc.LONGEST_LINE", 1000)
    await server.says(b"x" * 2000)
    await server.lost.wait()


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("a file")])
async def test_what_is_no_socket_is_an_error(tmp_path, make):
    make(tmp_path / "socket")
    with pytest.raises(PlayerError):
        await Ipc(print, print).open(tmp_path / "socket", SECONDS)
    with pytest.raises(PlayerError):
        await Ipc(print, print).open(tmp_path / ("long" * 40), SECONDS)
