"""What a run is asked, and what it tells: frozen values that cross the engine's pipe. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tiksort_tui.config import Config
from tiksort_tui.domain import Failure, Prediction
from tiksort_tui.report import Audit, Report


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run over a library. Predictions by the model that it trains carry `generation`.

    `retry` tries failed clips again. `alone` are clips to be read one at a time (they were in flight when the engine
    died), `quarantined` those that are known to kill it. `only_learn` reads no clip and writes no result: the last
    model is fitted to the folders as they are now.
    """

    library: Path
    state: Path
    config: Config
    generation: int = 1
    retry: bool = False
    alone: tuple[Path, ...] = ()
    quarantined: tuple[Failure, ...] = ()
    only_learn: bool = False


@dataclass(frozen=True, slots=True)
class EncodersReady:
    """The encoders are loaded: what they are called, and on which device they run."""

    encoder: str
    device: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """The library was listed. `cached` and `to_extract` count clips, a content that is there twice once."""

    folders: tuple[str, ...]
    labelled: int
    unsorted: int
    cached: int
    to_extract: int


@dataclass(frozen=True, slots=True)
class ExtractionStarted:
    """This clip is in flight from now on."""

    path: Path


@dataclass(frozen=True, slots=True)
class VideoExtracted:
    """This clip is in the cache. `note` is what the user should know of it."""

    path: Path
    done: int
    total: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class VideoFailed:
    """Nothing could be extracted of this clip, now or in an earlier run."""

    path: Path
    reason: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    """All labelled clips are in the cache; a model is chosen and fitted now."""

    labelled: int


@dataclass(frozen=True, slots=True)
class Misfiled:
    """A sorted clip that the model, without having seen it, would put into the folder `better`."""

    path: Path
    folder: str
    better: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Past:
    """How good an earlier model was: its cross-validated accuracy, from so many labelled clips."""

    labelled: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Trained:
    """There is a new model: what it says of itself, and what people made of what it was sure of.

    `refitted` says that only the clips it learned from are new; `past` are the models of earlier runs, oldest first.
    """

    report: Report
    misfiled: tuple[Misfiled, ...] = ()
    audit: Audit | None = None
    past: tuple[Past, ...] = ()
    refitted: bool = False

    @property
    def promise(self) -> str:
        """What the model may file by itself, in words."""
        promise = self.report.promise
        target = _percent(promise.target)
        if promise.threshold is not None:
            return f"files {promise.coverage * 100:.0f} of 100 by itself, at least {target} right"
        if promise.needed is not None:
            more = f"about {promise.needed} more sorted clips are needed, going by these"
        else:
            more = "more clips of the same kind would not do"
        offer = f"; {_percent(promise.offer)} could be (--precision {promise.offer:g})" if promise.offer else ""
        return f"files none by itself: {target} right cannot be promised, {more}{offer}"


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"


@dataclass(frozen=True, slots=True)
class NoModel:
    """No model can be trained; `reason` is one sentence for the user."""

    reason: str


@dataclass(frozen=True, slots=True)
class Predicted:
    """New predictions of some unsorted clips; a higher generation replaces a lower one."""

    generation: int
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over and, unless it was only to learn, its artifacts are written."""

    extracted: int
    cached: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """A file of the program's own was damaged, and the run goes on without it; `message` is for the user."""

    message: str


@dataclass(frozen=True, slots=True)
class EngineRestarted:
    """The engine process ended, `reason` says how, and is started again; the run goes on from the cache."""

    reason: str


Event = (
    EncodersReady
    | Scanned
    | ExtractionStarted
    | VideoExtracted
    | VideoFailed
    | TrainingStarted
    | Trained
    | NoModel
    | Predicted
    | Finished
    | Noticed
    | EngineRestarted
)
