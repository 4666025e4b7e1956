"""The architecture as tests: what must never meet in one process, and what every module must keep to."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tiksort_tui"
HEAVY = (
    "torch", "sklearn", "open_clip", "faster_whisper", "av", "torchvision", "ctranslate2", "scipy", "textual_image",
)  # fmt: skip

# Which files may import what: one door for each dependency.
DOORS = {
    "av": {"media.py", "demo.py"},
    "open_clip": {"encoders/clip.py"},
    "torchvision": {"encoders/clip.py"},
    "faster_whisper": {"encoders/whisper.py"},
    "ctranslate2": {"encoders/whisper.py"},
    "sklearn": {"learning/"},
    "torch": {"encoders/", "learning/"},
    "sqlite3": {"cache.py", "database.py", "library/journal.py"},
    "click": {"cli.py"},
    "textual": {"tui/"},
    "textual_image": {"tui/graphics.py"},
    "mpv": {"player/"},
    "aiohttp": {"player/media_server.py"},
    "watchfiles": {"tui/watching.py"},
}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_dependency_has_one_door(path):
    name = path.relative_to(PACKAGE).as_posix()
    for dependency in set(imports(path)) & DOORS.keys():
        assert any(name.startswith(door) for door in DOORS[dependency]), f"{name} imports {dependency}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_and_is_short(path):
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= 300


def test_only_the_mover_moves_files():
    """Users' files are renamed, linked and unlinked in one place; others write only their own, in one step."""
    own_files = {
        "database.py",
        "pipeline/summary.py",
        "pipeline/artifacts.py",
        "learning/storage.py",
        "engine/client.py",
    }
    movers = {"library/carry.py", "library/relocate.py", "library/settle.py"}
    for path in modules():
        name = path.relative_to(PACKAGE).as_posix()
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        called = {func.attr for func in calls if isinstance(func, ast.Attribute)}
        # Path.replace takes one argument, str.replace two.
        replaces = any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and node.func.attr == "replace" and len(node.args) == 1 and not node.keywords
            for node in ast.walk(ast.parse(path.read_text()))
        )
        moves = {"rename", "renames", "unlink", "link", "rmdir", "rmtree", "removedirs", "move"}
        if (called & moves or replaces) and not name.startswith("player/"):
            assert name in own_files | movers, f"{name} calls {called}"


@pytest.mark.parametrize("module", ["cli", "batch", "commands", "doctor", "engine.client", "tui.app"])
def test_the_foreground_process_imports_nothing_heavy(module):
    code = f"import sys, tiksort_tui.{module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_engine_reads_clips_before_anything_is_imported_that_only_learning_needs():
    late = ("torch", "scipy.optimize")
    code = f"import sys, tiksort_tui.pipeline.runner; print([name for name in {late!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_layers_hold():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("command", [("ruff", "check"), ("mypy",)], ids=lambda command: command[0])
def test_the_code_is_clean(command):
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stdout
