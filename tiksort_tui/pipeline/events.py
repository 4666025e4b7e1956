"""What a run is asked, and what it tells: frozen values that cross the engine's pipe. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tiksort_tui.config import Config
from tiksort_tui.domain import Failure, Prediction


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run over a library. Predictions by the model that it trains carry `generation`.

    `retry` tries failed clips again. `alone` are clips to be read one at a time (they were in flight when the engine
    died), `quarantined` those that are known to kill it.
    """

    library: Path
    state: Path
    config: Config
    generation: int = 1
    retry: bool = False
    alone: tuple[Path, ...] = ()
    quarantined: tuple[Failure, ...] = ()


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
class FolderRecall:
    """A folder's labelled clips, and the share of them that the model places there out of fold; None: unmeasured."""

    folder: str
    clips: int
    recall: float | None


@dataclass(frozen=True, slots=True)
class Trained:
    """There is a new model; its accuracy is cross-validated, None where there are too few clips for that."""

    kind: str
    cv_accuracy: float | None
    folders: tuple[str, ...]
    labelled: int
    recall: tuple[FolderRecall, ...]
    notes: tuple[str, ...]


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
    """The run is over and its artifacts are written."""

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
