"""The engine process: runs the pipeline and tells its events. `python -m tiksort_tui.engine.worker`.

Its stdout is the protocol's alone: whatever prints goes to stderr, which is the log. It ends when its stdin does.
"""

from __future__ import annotations

import functools
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tiksort_tui.config import Config, EncoderConfig, ExtractionConfig
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
from tiksort_tui.errors import TiksortError
from tiksort_tui.pipeline.events import Finished, RunRequest

HEARTBEAT_SECONDS = 2.0
# More than any interactive process is asked for, less than starving.
NICENESS = 10
EXIT_HUNG = 75

logger = logging.getLogger(__name__)


class Worker:
    """One pipe's end: a thread listens, a thread says that the process lives, the main thread runs."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._sink_lock = threading.Lock()
        self._requests: queue.Queue[RunRequest] = queue.Queue()
        self._wanted: Sequence[Path] = ()
        self._cancelled = threading.Event()
        self._learn = threading.Event()

    def serve(self) -> None:
        """Run what is asked, one request after another, for ever."""
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()
        # Only now: it takes a while, in which the process must already show that it lives.
        from tiksort_tui.encoders import EncoderPlan, load_encoders
        from tiksort_tui.encoders.base import Encoders
        from tiksort_tui.pipeline.extract import ReadingHung
        from tiksort_tui.pipeline.runner import run

        @functools.lru_cache(maxsize=1)
        def load(encoder: EncoderConfig, extraction: ExtractionConfig, plan: EncoderPlan) -> Encoders:
            return load_encoders(Config(encoder=encoder, extraction=extraction), plan)

        while True:
            request = self._requests.get()
            config = request.config
            try:
                loading = functools.partial(load, config.encoder, config.extraction)
                for event in run(request, loading, lambda: self._wanted, self._taught):
                    self._say(event)
                    # After Finished nobody listens to this run any more.
                    if self._cancelled.is_set() and not isinstance(event, Finished):
                        self._say(Cancelled())
                        break
            except ReadingHung as error:
                logger.error("%s: ending the process, since only that ends the reading", error)
                os._exit(EXIT_HUNG)
            except TiksortError as error:
                self._say(RunFailed(str(error), error.exit_code))

    def _taught(self) -> bool:
        taught = self._learn.is_set()
        self._learn.clear()
        return taught

    def _listen(self) -> None:
        try:
            for line in self._source:
                self._hear(decode(line))
        except Exception:
            # A deaf engine would be waited for in vain.
            logger.exception("the engine understands no more")
            os._exit(1)
        # Whoever asked is gone. The cache is committed clip by clip, so there is nothing to wait for.
        os._exit(0)

    def _hear(self, request: Request) -> None:
        match request:
            case RunRequest():
                self._cancelled.clear()
                self._learn.clear()
                self._requests.put(request)
            case Want(paths):
                self._wanted = paths
            case Learn():
                self._learn.set()
            case Cancel():
                self._cancelled.set()

    def _beat(self) -> None:
        while True:
            self._say(Alive())
            time.sleep(HEARTBEAT_SECONDS)

    def _say(self, message: Answer) -> None:
        try:
            with self._sink_lock:
                self._sink.write(encode(message))
                self._sink.flush()
        except BrokenPipeError:
            os._exit(0)


def main() -> None:
    """Serve the parent over stdin and stdout."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.nice(NICENESS)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        Worker(sys.stdin.buffer, sink).serve()
    except Exception:
        logger.exception("the engine fails")
        # Reading threads may be stuck, and a normal exit would wait for them.
        os._exit(1)


if __name__ == "__main__":
    main()
