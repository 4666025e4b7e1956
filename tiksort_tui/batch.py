"""`--batch`: one run with no screen. Results on stdout, narration on stderr; without `--move` no file is touched."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from tiksort_tui.config import Config
from tiksort_tui.domain import Failure, Filing, Prediction, visible
from tiksort_tui.encoders import choose_encoders
from tiksort_tui.engine.client import Engine
from tiksort_tui.engine.record import recorded_run
from tiksort_tui.errors import EngineError, ExitCode, LibraryError
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.lock import WriterLock
from tiksort_tui.library.moves import Mover
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import JOURNAL, LOG, open_library, state_dir
from tiksort_tui.pipeline.events import (
    EngineRestarted,
    Event,
    Noticed,
    RunRequest,
    Scanned,
    Trained,
    TrainingStarted,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.pipeline.summary import RunSummary, fingerprint, load_summary, model_document, prediction_document


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What the command line asks of a batch run."""

    library: Path
    config: Config
    threshold: float | None = None
    move: bool = False
    as_json: bool = False
    retry: bool = False
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the run found and what was filed."""

    summary: RunSummary
    to_file: tuple[Prediction, ...] = ()
    moved: tuple[Prediction, ...] = ()
    refused: tuple[Failure, ...] = ()


def run_batch(options: BatchOptions) -> ExitCode:
    """Predict, file if asked to, print. Raises TiksortError where the whole run cannot be done."""
    root = open_library(options.library)
    state = state_dir(root, options.config.library.state_dir)
    # Taken before the run: who waits an hour for it must not hear then that nothing can be filed.
    with WriterLock(state) if options.move else nullcontext():
        outcome = _run_and_file(root, state, options)
    if options.as_json:
        print(json.dumps(_document(root, outcome), indent=1))
    else:
        _print_table(root, outcome, options)
    return ExitCode.CLIPS_FAILED if outcome.summary.failed or outcome.refused else ExitCode.FINE


def _run_and_file(root: Path, state: Path, options: BatchOptions) -> _Outcome:
    summary = None if options.retry else _unchanged(root, state, options.config)
    if summary is None:
        asyncio.run(_run(root, state, options))
        summary = load_summary(state, root)
        if summary is None:
            raise EngineError(f"the run left no summary in {state}")
    to_file = tuple(one for one in summary.predictions if _is_sure(one, options.threshold))
    if options.move:
        return _file(root, state, summary, to_file, options.config)
    return _Outcome(summary, to_file)


def _is_sure(prediction: Prediction, threshold: float | None) -> bool:
    """Whether the clip is filed without a person: what the model promises, or what the user's `threshold` says."""
    if threshold is None:
        return prediction.sure and not prediction.audited
    return prediction.confidence >= threshold


def _unchanged(root: Path, state: Path, config: Config) -> RunSummary | None:
    """The last run's summary, if a run now could only say the same."""
    began = time.monotonic()
    last = load_summary(state, root)
    if last is None:
        return None
    snapshot = scan(root, config.library, state)
    if last.fingerprint != fingerprint(snapshot, config, choose_encoders(config)):
        return None
    timing = dict.fromkeys(last.timing, 0.0) | {"scan_s": round(time.monotonic() - began, 3)}
    return replace(last, extracted=0, cached=last.extracted + last.cached, timing=timing)


async def _run(root: Path, state: Path, options: BatchOptions) -> None:
    # An encoder that cannot be had is known before a process is started for it.
    choose_encoders(options.config)
    engine = Engine(state / LOG)
    try:
        with recorded_run(state) as finished, _narration(options.verbose) as narrate:
            async for event in engine.run(RunRequest(root, state, options.config, retry=options.retry)):
                narrate(event)
            finished()
    finally:
        await engine.close()


def _file(
    root: Path, state: Path, summary: RunSummary, to_file: tuple[Prediction, ...], config: Config
) -> _Outcome:
    moved: list[Prediction] = []
    refused: list[Failure] = []
    with closing(Journal(state / JOURNAL)) as journal:
        mover = Mover(root, journal, config.library)
        for settled in mover.reconcile():
            _say(settled.message)
        outcomes = mover.file_all([(prediction.path, prediction.folder) for prediction in to_file])
    for prediction, outcome in zip(to_file, outcomes, strict=True):
        if isinstance(outcome, Filing):
            moved.append(prediction)
        elif isinstance(outcome, LibraryError) and not moved:
            raise outcome
        else:
            refused.append(Failure(prediction.path, str(outcome)))
    return _Outcome(summary, to_file, tuple(moved), tuple(refused))


def _document(root: Path, outcome: _Outcome) -> dict[str, Any]:
    summary, model = outcome.summary, outcome.summary.model
    failed = (*summary.failed, *outcome.refused)
    return {
        "library": str(root),
        "encoder": {"kind": summary.encoder_kind, "id": summary.encoder_id},
        "model": model and model_document(model),
        "reason": summary.reason,
        "predictions": [prediction_document(prediction, root) for prediction in summary.predictions],
        "failed": [{"video": _name(failure.path, root), "error": failure.reason} for failure in failed],
        "notes": [{"video": _name(note.path, root), "note": note.reason} for note in summary.notes],
        "moved": [{"video": _name(prediction.path, root), "folder": prediction.folder} for prediction in outcome.moved],
        "extracted": summary.extracted,
        "cached": summary.cached,
        "timing": summary.timing,
    }


def _print_table(root: Path, outcome: _Outcome, options: BatchOptions) -> None:
    summary = outcome.summary
    print(f"{visible(root)}: {summary.extracted} clips read, {summary.cached} known, encoder {summary.encoder_kind}")
    if summary.notice:
        print(summary.notice)
    if summary.model is None:
        print(f"No predictions: {summary.reason}")
    else:
        _print_model(summary.model)
    names = [visible(_name(prediction.path, root)) for prediction in summary.predictions]
    width = min(60, max(map(len, names), default=0))
    if names:
        print()
    for name, prediction in zip(names, summary.predictions, strict=True):
        filed = prediction in outcome.to_file
        # What is under a threshold must not be rounded up to it.
        digits = _rounded if filed or options.threshold is None else _rounded_down
        top = ", ".join(f"{visible(one.folder)} {digits(one.confidence)}" for one in prediction.suggestions)
        sure = " " if filed else "?"
        print(f"{name:<{width}} → {visible(prediction.folder)} ({digits(prediction.confidence)}){sure} [{top}]")
    _print_problems("Not read", summary.failed, root)
    _print_problems("Look at", summary.notes, root)
    _print_problems("Not filed", outcome.refused, root)
    _print_summary(outcome, options)


def _rounded(confidence: float) -> str:
    return f"{confidence:.0%}"


def _rounded_down(confidence: float) -> str:
    # Confidences have four decimals; a product in floating point may be a hair under a whole number.
    return f"{math.floor(round(confidence * 100, 2))}%"


def _print_model(model: Trained) -> None:
    report = model.report
    accuracy = "too few clips to measure it" if report.accuracy is None else f"{report.accuracy:.0%} right"
    print(f"Model: {report.kind}, {accuracy} (cross-validated), from {report.labelled} clips; {model.promise}")
    for score in report.folders:
        found = "not measured" if score.recall is None else f"{score.recall:.0%} found again"
        print(f"  {visible(score.folder)}: {score.clips} clips, {found}")
    for lift in report.modalities:
        what = "held-out clips are less of a surprise" if lift.used else "not used, it does not help enough"
        print(f"  {lift.name}: {what} ({lift.lift:+.3f} nats)")
    for note in report.remarks:
        print(f"  {visible(note)}")
    if model.audit and model.audit.precision is not None:
        right = f"{model.audit.precision:.0%} were right"
        print(f"  Of {model.audit.clips} clips that it was sure of and people filed themselves, {right}")
    if model.misfiled:
        print(f"  {len(model.misfiled)} sorted clips may be in the wrong folder: t on the screen shows them")


def _print_problems(title: str, problems: Sequence[Failure], root: Path) -> None:
    if problems:
        print(f"\n{title}:")
    for problem in problems:
        print(f"  {visible(_name(problem.path, root))}: {visible(problem.reason)}")


def _print_summary(outcome: _Outcome, options: BatchOptions) -> None:
    predictions = outcome.summary.predictions
    if not predictions:
        return
    filed = outcome.moved if options.move else outcome.to_file
    head = "Filed:" if options.move else "Would file (nothing is touched without --move):"
    print(f"\n{head}" if filed else f"\n{head} none")
    for folder, count in sorted(Counter(prediction.folder for prediction in filed).items()):
        print(f"  {visible(folder)}: {count}")
    why = "not sure enough" if options.threshold is None else f"under {options.threshold * 100:g}%"
    checked = sum(one.audited for one in predictions) if options.threshold is None else 0
    print(f"  skipped, {why}: {len(predictions) - len(outcome.to_file) - checked}")
    if checked:
        print(f"  sure, but left for you to check the model by: {checked}")


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root))


def _say(text: str) -> None:
    print(visible(text), file=sys.stderr)


class _RateColumn(ProgressColumn):
    """Clips a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


@contextmanager
def _narration(verbose: bool) -> Iterator[Callable[[Event], None]]:
    """Tell on stderr what happens: a bar on a terminal, lines where asked for."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("starting", total=None)

        def narrate(event: Event) -> None:
            match event:
                case Scanned(to_extract=total):
                    progress.update(bar, description="reading", total=total)
                case VideoExtracted(done=done) | VideoFailed(done=done):
                    progress.update(bar, completed=done)
                case TrainingStarted():
                    progress.update(bar, description="learning")
                case Noticed(message):
                    progress.console.print(visible(message), markup=False, highlight=False, soft_wrap=True)
                case EngineRestarted(reason):
                    progress.console.print(f"the engine ended ({reason}) and was started again", markup=False)
            if verbose:
                progress.console.print(visible(event), markup=False, highlight=False, soft_wrap=True)

        yield narrate
