"""What the engine is doing, gathered from its events: plain values that the panels show."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tiksort_tui.pipeline.events import (
    EncodersReady,
    Event,
    Finished,
    NoModel,
    Scanned,
    Trained,
    TrainingStarted,
    VideoExtracted,
    VideoFailed,
)

READING = "reading"
"""The stage of a run of which is counted what is done."""
CANCELLING = "cancelling"
"""The stage of a run that is asked to end."""


@dataclass(slots=True)
class Progress:
    """The engine's run. `stage` is empty while none is going on; times are of one monotonic clock, in seconds.

    `failed` is why the last run could not be done, empty where it was.
    """

    stage: str = ""
    done: int = 0
    total: int = 0
    began: float = 0.0
    encoder: str = ""
    device: str = ""
    model: Trained | None = None
    no_model: str | None = None
    looked_for_misfilings: bool = True
    failed: str = ""

    def start(self) -> None:
        self.stage, self.done, self.total, self.failed = "starting", 0, 0, ""

    def stop(self) -> None:
        self.stage = ""

    def take(self, event: Event, now: float) -> None:
        """Take over what `event` tells."""
        match event:
            case EncodersReady(encoder, device):
                self.encoder, self.device = encoder, device
            case Scanned(to_extract=total):
                self.stage, self.total, self.began = READING, total, now
            case VideoExtracted(done=done) | VideoFailed(done=done):
                self.done = done
            case TrainingStarted():
                self.stage = "learning"
            case Trained(refitted=True) if self.model:
                # Only a whole run looks for misfilings.
                self.model, self.stage = replace(event, misfiled=self.model.misfiled), READING
            case Trained(refitted=refitted):
                self.model, self.no_model, self.stage = event, None, READING
                self.looked_for_misfilings = not refitted
            case NoModel(reason):
                self.model, self.no_model, self.stage = None, reason, READING
            case Finished():
                self.stage = ""

    def rate(self, now: float) -> float:
        """Clips a second."""
        return self.done / (now - self.began) if self.done and now > self.began else 0.0

    def seconds_left(self, now: float) -> float | None:
        rate = self.rate(now)
        return (self.total - self.done) / rate if rate else None
