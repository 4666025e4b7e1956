"""The asyncio handle on the engine process: starts it, speaks to it, and starts it again when it dies.

A file that kills the engine costs that file only: what was in flight is tried again one clip at a time, and the one
that kills it alone is set aside. Imports nothing heavy.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from tiksort_tui.domain import Failure
from tiksort_tui.engine.protocol import (
    Alive,
    Answer,
    Cancel,
    Cancelled,
    Learn,
    Request,
    RunFailed,
    Want,
    decode,
    encode,
)
from tiksort_tui.errors import EngineError, ExitCode, TiksortError
from tiksort_tui.pipeline.events import (
    EngineRestarted,
    Event,
    ExtractionStarted,
    Finished,
    RunRequest,
    VideoExtracted,
    VideoFailed,
)

# -P: a module in the user's current folder must not stand in for one of ours.
WORKER = (sys.executable, "-P", "-m", "tiksort_tui.engine.worker")
# PASSIVE: beside other busy programs, OpenMP threads that spin make a fit 30 times slower. OFFLINE: no download.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
SILENCE_SECONDS = 60.0
# With no file to blame, the engine itself does not work here; else many bad files may come in a row.
DEATHS_AT_REST = 3
DEATHS_WITHOUT_PROGRESS = 10
BACK_OFF_SECONDS = 0.2
LONGEST_LINE = 64 * 1024 * 1024
LARGEST_LOG = 4 * 1024 * 1024


class _Died(Exception):
    """The process is gone; the text says how."""


class Engine:
    """One engine process, started when it is needed. `log` takes what it writes to stderr."""

    def __init__(self, log: Path, command: Sequence[str] = WORKER) -> None:
        self._log = log
        self._command = command
        self._process: Process | None = None
        self._wanted: tuple[Path, ...] = ()
        self._cancelled = False

    @property
    def pid(self) -> int | None:
        """The running process, if any."""
        return self._process.pid if self._process else None

    async def run(self, request: RunRequest) -> AsyncIterator[Event]:
        """Run once and yield the events; a run that is cancelled ends without Finished.

        Raises TiksortError where the run cannot be done, EngineError where the process keeps dying.
        """
        deaths = 0
        self._cancelled = False
        while not self._cancelled:
            in_flight: set[Path] = set()
            try:
                async for event in self._attempt(request):
                    match event:
                        case ExtractionStarted(path):
                            in_flight.add(path)
                        case VideoExtracted(path=path):
                            in_flight.discard(path)
                            deaths = 0
                        case VideoFailed(path=path, done=done):
                            in_flight.discard(path)
                            # A file that hung is dealt with; one of an earlier run (done = 0) is no progress.
                            deaths = 0 if done else deaths
                    yield event
                return
            except _Died as death:
                reason = str(death)
            deaths += 1
            if deaths >= (DEATHS_WITHOUT_PROGRESS if in_flight else DEATHS_AT_REST):
                raise EngineError(f"the engine ended {deaths} times ({reason}); its log is {self._log}")
            culprits = in_flight & set(request.alone)
            proven = tuple(Failure(path, f"reading it ends the engine ({reason})") for path in culprits)
            request = replace(
                request,
                retry=False,
                alone=tuple((in_flight | set(request.alone)) - culprits),
                quarantined=request.quarantined + proven,
            )
            yield EngineRestarted(reason)
            await asyncio.sleep(BACK_OFF_SECONDS * deaths)

    async def want(self, paths: Sequence[Path]) -> None:
        """Have these clips read next."""
        self._wanted = tuple(paths)
        await self._send(Want(self._wanted))

    async def learn(self) -> None:
        """Have the run that is going on learn from what was filed meanwhile."""
        await self._send(Learn())

    async def cancel(self) -> None:
        """End the run between two clips."""
        self._cancelled = True
        await self._send(Cancel())

    async def close(self) -> None:
        """End the process. Nothing is lost: the cache is committed clip by clip."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.wait()

    async def _attempt(self, request: RunRequest) -> AsyncIterator[Event]:
        process = self._process if self._process and self._process.returncode is None else await self._start()
        # What was said while there was no process is said again.
        await self._send(Want(self._wanted))
        await self._send(request)
        if self._cancelled:
            await self._send(Cancel())
        while True:
            answer = await self._answer(process)
            match answer:
                case Alive():
                    continue
                case Cancelled():
                    return
                case RunFailed(reason, exit_code):
                    raise _failure(reason, exit_code)
                case _:
                    yield answer
            if isinstance(answer, Finished):
                return

    async def _start(self) -> Process:
        try:
            if self._log.exists() and self._log.stat().st_size > LARGEST_LOG:
                self._log.replace(self._log.with_suffix(".old.log"))
            with self._log.open("ab") as log:
                # A session of its own: Ctrl-C in the terminal is the parent's to handle.
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=log,
                    env={**os.environ, **ENVIRONMENT},
                    limit=LONGEST_LINE,
                    start_new_session=True,
                )
        except OSError as error:
            raise EngineError(f"the engine cannot be started: {error}") from error
        return self._process

    async def _send(self, request: Request) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(encode(request))
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # It died; the reading side says so.

    async def _answer(self, process: Process) -> Answer:
        assert process.stdout is not None
        try:
            # Not wait_for, which may swallow a cancellation, and with it Ctrl-C, when a line comes at that moment.
            async with asyncio.timeout(SILENCE_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            await self.close()
            raise _Died(f"no sign of life for {SILENCE_SECONDS:g} s") from None
        if line.endswith(b"\n"):
            return cast(Answer, decode(line))
        code = await process.wait()
        raise _Died(_how_it_ended(code))


def _how_it_ended(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        # Signals for real-time use have no names.
        return f"signal {-code}"


def _failure(reason: str, exit_code: int) -> TiksortError:
    error = TiksortError(reason)
    error.exit_code = ExitCode(exit_code)
    return error
