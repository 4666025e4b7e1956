"""The command line: `tiksort-tui LIBRARY`, and verbs. Parses, calls, prints; every expected error ends here."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from tiksort_tui import __version__, commands
from tiksort_tui.config import default_config_path, load_config, with_overrides
from tiksort_tui.domain import visible
from tiksort_tui.encoders import weights
from tiksort_tui.errors import ExitCode, LibraryError, TiksortError
from tiksort_tui.library.moves import Retraced

BATCH_ONLY = ("threshold", "move", "as_json", "retry", "verbose")
SCREEN_ONLY = ("player", "mpv_socket", "media_map")
# By name: what makes and decodes videos has no place in this process.
DEMO = "tiksort_tui.demo"
EPILOG = """\b
Exit codes:
  0  fine                      4    some clips could not be read or filed
  2  bad usage or config       5    the engine or an encoder failed
  3  library unusable          6    a file was not moved
  7  something that is needed  130  interrupted
     or configured does not
     work (doctor)
A folder that is named like a verb: tiksort-tui ./undo
"""


class _LibraryFirst(click.Group):
    """A group whose default command takes a library: a first word that is no verb is one."""

    default = "sort"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "--version"}:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] LIBRARY")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.commands[self.default].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def _path(context: click.Context, parameter: click.Parameter, value: str) -> Path:
    # Path("") is the current folder, which an unset variable in a script must not mean.
    if not value:
        raise click.BadParameter("is empty", context, parameter)
    return Path(value)


def _library_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("library", callback=_path)(function)


def _config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        help=f"Configuration file.  [default: {default_config_path()}]",
    )(function)


def _run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--batch", is_flag=True, help="No screen: predict, print, and leave."),
            click.option("--top-k", type=click.IntRange(1, 100), help="Folders to name for each clip.  [default: 3]"),
            click.option(
                "--precision",
                type=click.FloatRange(0.5, 0.999),
                help="Share of the filed clips that must be right.  [default: 0.98]",
            ),
            click.option(
                "--threshold", type=click.FloatRange(0, 1), help="File from this confidence on, promised or not."
            ),
            click.option("--move", is_flag=True, help="File the clips; without it nothing is touched."),
            click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
            click.option("--retry", is_flag=True, help="Try clips again that failed before."),
            click.option("--encoder", type=click.Choice(["auto", "clip", "builtin"]), help="What looks and listens."),
            click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where it runs."),
            click.option(
                "--player", type=click.Choice(["auto", "libmpv", "mpv", "none"]), help="What plays beside the screen."
            ),
            click.option("--mpv-socket", help="IPC socket of a running mpv that plays instead."),
            click.option("--media-map", multiple=True, metavar="HERE=THERE", help="Where that mpv finds the library."),
            _config_option,
            click.option("-v", "--verbose", is_flag=True, help="Tell every event on stderr."),
        )
    ):
        function = option(function)
    return function


@click.group(cls=_LibraryFirst, epilog=EPILOG)
@click.version_option(__version__, prog_name="tiksort-tui")
def cli() -> None:
    """File saved short videos into the folders of LIBRARY: clips in it are unsorted, each sub-folder is a label."""


@cli.command(hidden=True)
@_library_argument
@_run_options
def sort(library: Path, **options: Any) -> ExitCode:
    """Sort LIBRARY."""
    return _sort(library, **options)


@cli.command("demo")
@_run_options
def demo_command(**options: Any) -> ExitCode:
    """Make a small library of clips in a temporary folder and work on it, with the builtin encoder."""
    folder = Path(tempfile.mkdtemp(prefix="tiksort-demo-"))
    click.echo(f"Making the demo library in {folder}", err=True)
    made = subprocess.run([sys.executable, "-P", "-m", DEMO, str(folder)], stderr=subprocess.PIPE, text=True)
    if made.returncode:
        raise LibraryError(f"{folder}: the demo library cannot be made: {made.stderr.strip().rsplit(chr(10))[-1]}")
    options["encoder"] = options["encoder"] or "builtin"
    return _sort(folder, **options)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@_library_argument
@_config_option
def status(library: Path, as_json: bool, config_path: Path | None) -> None:
    """Tell what LIBRARY holds and what the last run said; puts interrupted moves right."""
    document = commands.status(library, load_config(config_path))
    click.echo(json.dumps(document, indent=1) if as_json else commands.status_text(document))


@cli.command("file")
@click.argument("clip", callback=_path)
@click.argument("folder")
@_library_argument
@_config_option
def file_command(clip: Path, folder: str, library: Path, config_path: Path | None) -> None:
    """File CLIP into FOLDER of LIBRARY."""
    click.echo(commands.file_clip(clip, folder, library, load_config(config_path)))


@cli.command()
@click.option("-n", "count", type=click.IntRange(min=1), help="How many filings.  [default: the last action whole]")
@_library_argument
@_config_option
def undo(library: Path, count: int | None, config_path: Path | None) -> None:
    """Take back what was done last in LIBRARY; all that one --batch --move filed is one action."""
    undone = commands.undo(count, library, load_config(config_path))
    _say_retraced(commands.undone_text(undone), undone)


@cli.command()
@click.option("-n", "count", type=click.IntRange(min=1), default=1, help="How many actions.  [default: 1]")
@_library_argument
@_config_option
def redo(library: Path, count: int, config_path: Path | None) -> None:
    """Do again what the last undos in LIBRARY took back, until something else is filed."""
    redone = commands.redo(count, library, load_config(config_path))
    _say_retraced(commands.redone_text(redone), redone)


@cli.command()
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, help="How many lines.  [default: 20]")
@_library_argument
@_config_option
def history(library: Path, limit: int, config_path: Path | None) -> None:
    """List what was filed in LIBRARY and when, newest first; what has one number is undone together."""
    click.echo(commands.history_text(commands.history(limit, library, load_config(config_path))))


@cli.command()
@click.option("--download", is_flag=True, help="Fetch what is missing.")
@_config_option
def models(download: bool, config_path: Path | None) -> None:
    """Show which models' weights are here, and how large the others are."""
    config = load_config(config_path).encoder
    found = {weights.CLIP: weights.find_clip(config), weights.WHISPER: weights.find_whisper(config)}
    for model, place in found.items():
        size = f"{model.size // 1_000_000} MB"
        if place is None and download:
            place = _download(model)
        click.echo(f"{model.title}: {place or f'not here, {size} to download from {model.repo}'}")
    if not download and None in found.values():
        click.echo("`tiksort-tui models --download` fetches what is missing; without it the builtin encoder is used")


@cli.command()
@click.argument("library", type=click.Path(path_type=Path), required=False)
@_config_option
def doctor(library: Path | None, config_path: Path | None) -> None:
    """Say what works here, and what to do about the rest; of LIBRARY, where its state is."""
    # Not at the top: the screen must not wait for it.
    from tiksort_tui.doctor import run_doctor

    sys.exit(run_doctor(load_config(config_path), library))


def _say_retraced(text: str, retraced: Retraced) -> None:
    if text:
        click.echo(text)
    for refusal in retraced.refusals[1:]:
        click.echo(f"tiksort-tui: {visible(refusal)}", err=True)
    if retraced.refusals:
        raise retraced.refusals[0]


def _download(model: weights.Model) -> Path:
    with click.progressbar(length=model.size, label=model.title, file=sys.stderr) as bar:
        return weights.download(model, lambda done, _: bar.update(done - bar.pos))


def _sort(library: Path, **options: Any) -> ExitCode:
    config = with_overrides(
        load_config(options["config_path"]),
        encoder__kind=options["encoder"],
        encoder__device=options["device"],
        prediction__top_k=options["top_k"],
        prediction__precision=options["precision"],
        player__kind=options["player"],
        player__socket=options["mpv_socket"],
        player__media_map=options["media_map"] or None,
    )
    # Each takes its time to import, and the other is not needed.
    if not options["batch"]:
        _refuse(BATCH_ONLY, options, "needs --batch")
        # Until the screen begins: what is imported is no garbage, and to look for some takes time.
        gc.disable()
        from tiksort_tui.tui.app import run_screen

        return run_screen(library, config)
    _refuse(SCREEN_ONLY, options, "is for the screen, not for --batch")
    from tiksort_tui.batch import BatchOptions, run_batch

    names = ("threshold", "move", "as_json", "retry", "verbose")
    return run_batch(BatchOptions(library, config, **{name: options[name] for name in names}))


def _refuse(names: Sequence[str], options: dict[str, Any], why: str) -> None:
    for name in names:
        if options[name] is not None and options[name] is not False and options[name] != ():
            option = name.removeprefix("as_").replace("_", "-")
            raise click.UsageError(f"--{option} {why}.")


def main() -> None:
    """Run the command line and exit with one of ExitCode."""
    # What a terminal cannot show is no reason to end.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except TiksortError as error:
        click.echo(f"tiksort-tui: {visible(error)}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has enough. Python's last flush must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.INTERRUPTED)
    except OSError as error:
        click.echo(f"tiksort-tui: {visible(error)}", err=True)
        sys.exit(ExitCode.LIBRARY_UNUSABLE)
