"""The doctor where things are missing, broken or silent: findings and exit codes, never a traceback."""

import json
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import termios
import threading
import tty
from importlib import metadata

import pytest

from tiksort_tui.config import Config, PlayerConfig
from tiksort_tui.doctor import engine
from tiksort_tui.doctor.child import Broken, ask
from tiksort_tui.doctor.engine import check_codecs, device_finding
from tiksort_tui.doctor.player import check_player
from tiksort_tui.doctor.state import check_library
from tiksort_tui.errors import ExitCode


def test_only_what_is_installed_with_the_program_is_asked_for():
    needed = {re.split(r"[^\w.-]", line)[0] for line in metadata.requires(engine.PROGRAM) if "extra ==" not in line}
    assert needed >= set(engine.PACKAGES)


@pytest.fixture
def environment(tmp_path):
    """No weights, no mpv: neither the program nor, behind a module that cannot find it, the library."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "mpv.py").write_text("raise OSError('Cannot find libmpv in the usual places.')")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(modules), os.environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": "error",
        "HF_HOME": str(tmp_path / "no hub"),
        "PATH": "",
        "DISPLAY": ":0",
    }


def doctor(environment, *arguments):
    """The exit code, and each topic's state and text, the advice included."""
    command = [sys.executable, "-m", "tiksort_tui", "doctor", *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    # Advice stands on the next line.
    lines = done.stdout.replace("\n ", " ").splitlines()
    findings = {topic: (state, text) for state, topic, text in (line.split(maxsplit=2) for line in lines)}
    return done.returncode, findings


def test_a_bare_machine_can_sort_and_is_told_what_more_there_is(environment):
    code, findings = doctor(environment)
    assert code == ExitCode.FINE, findings
    states = {topic: state for topic, (state, _) in findings.items()}
    assert {states[topic] for topic in ("program", "terminal", "state", "codecs", "engine")} == {"ok"}
    assert {states[topic] for topic in ("mpv", "libmpv", "CLIP", "Whisper")} == {"notice"}
    assert "install" in findings["mpv"][1]
    assert "605 MB" in findings["CLIP"][1]
    assert "-> tiksort-tui models --download" in findings["CLIP"][1]


def test_what_is_configured_and_not_there_is_missing(environment, tmp_path):
    (tmp_path / "in the way").touch()
    device = "cuda" if sys.platform == "darwin" else "mps"
    config = tmp_path / "config.toml"
    config.write_text(
        f'library.state_dir = "{tmp_path}/in the way"\nplayer.kind = "mpv"\n'
        f'[encoder]\nkind = "clip"\ndevice = "{device}"\nwhisper_weights = "{tmp_path}/none"\n'
    )
    library = tmp_path / "evil\x1b[2J"
    library.mkdir()
    code, findings = doctor(environment, "--config", config, library)
    assert code == ExitCode.SOMETHING_MISSING
    for topic, words in (
        ("state", "library.state_dir"),
        ("mpv", "install mpv"),
        ("gpu", 'encoder.device = "auto"'),
        ("CLIP", "models --download"),
        ("Whisper", "correct encoder.whisper_weights"),
    ):
        state, text = findings[topic]
        assert (state, words in text) == ("missing", True), text
    assert "libmpv" not in findings, "nobody asked for it"


def test_a_broken_torch_is_a_finding_with_its_last_line_and_hides_no_other(environment, tmp_path):
    (tmp_path / "modules" / "torch.py").write_text("raise RuntimeError('first\\noperator nms does not exist')")
    code, findings = doctor(environment)
    assert code == ExitCode.SOMETHING_MISSING
    state, text = findings["engine"]
    assert state == "missing"
    assert "operator nms does not exist" in text
    assert "pip install --force-reinstall" in text
    assert "'torch<" in text, "within the versions that the program takes"
    assert findings["codecs"][0] == "ok"


def test_a_library_that_crashes_or_chatters_is_survived(environment, tmp_path, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "modules" / "torch.py").write_text("import os; os.abort()")
    with pytest.raises(Broken, match="SIGABRT"):
        ask("engine")
    (tmp_path / "modules" / "av.py").write_text(
        "print('loading decoders')\n"
        "FFmpegError = OSError\n"
        "class CodecContext:\n"
        "    def create(name, mode):\n"
        "        if name in ('hevc', 'libdav1d', 'libaom-av1'): raise ValueError(name)\n"
        "        return CodecContext\n"
        "    def open(): pass\n"
    )
    finding = check_codecs()
    assert finding.state == "notice"
    assert "no decoder for hevc, av1:" in finding.text


@pytest.mark.parametrize(
    ("wanted", "working", "failing", "warning", "state", "words"),
    [
        ("auto", {"cuda": "H200, 139 GiB"}, {}, None, "ok", "cuda: H200, 139 GiB"),
        ("cpu", {"cuda": "H200, 139 GiB"}, {}, None, "ok", "not used"),
        ("auto", {}, {"cuda": "no kernel image"}, None, "missing", "no kernel image"),
        ("mps", {"cuda": "H200, 139 GiB"}, {}, None, "missing", "finds none"),
        ("auto", {}, {}, "driver too old", "notice", "driver too old"),
    ],
)
def test_the_device_that_would_be_used_is_the_one_judged(wanted, working, failing, warning, state, words):
    answer = {"torch": "2.13", "working": working, "failing": failing, "warning": warning}
    finding = device_finding(wanted, answer)
    assert (finding.state, words in finding.text) == (state, True), finding


# A process gets its terminal by asking for it as the first of a session.
IN_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from tiksort_tui.doctor.terminal import check_terminal
for finding in check_terminal():
    print(finding)
"""


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((b"\x1b[?", b"1u", b"\x1b[?62;", b"22c"), "has the kitty keyboard protocol"),
        ((b"\x1b[?62;22c",), "no kitty keyboard protocol"),
        ((), "did not answer"),
    ],
    ids=["kitty", "plain", "silent"],
)
def test_the_terminal_is_asked_and_left_as_it_was(answers, words):
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (20, 70))
    before = termios.tcgetattr(slave)
    said = b""

    def respond():
        nonlocal said
        asked = False
        while True:
            try:
                said += os.read(master, 1024)
            except OSError:  # the last one that held the other end is gone
                return
            if not asked and b"\x1b[c" in said:
                asked = True
                for answer in answers:
                    os.write(master, answer)

    terminal = threading.Thread(target=respond)
    terminal.start()
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "", "TMUX": "/tmp/tmux,1,0"}
    try:
        command = [sys.executable, "-c", IN_TERMINAL]
        done = subprocess.run(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True, timeout=60
        )
        after = termios.tcgetattr(slave)
        tty.setraw(slave, termios.TCSANOW)
        left_over = select.select([slave], [], [], 0)[0]
    finally:
        os.close(slave)
        terminal.join()
        os.close(master)
    text = said.decode()
    assert done.returncode == 0, text
    assert words in text
    assert "70x20, in tmux" in text
    assert "export COLORTERM=truecolor" in text
    assert after == before
    assert not left_over, "an answer would be typed into the shell"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"event": "idle"}\n{"request_id": 1, "error": "success", "data": "mpv 0.40"}\n', "ok"),
        (b"", "missing"),
        (b"SSH-2.0-OpenSSH\n", "missing"),
    ],
    ids=["mpv", "forwarded to nobody", "something else"],
)
def test_only_an_mpv_that_answers_counts_at_a_socket(tmp_path, answer, state):
    path = tmp_path / "mpv"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve():
            connection = listener.accept()[0]
            with connection:
                assert json.loads(connection.makefile().readline())["command"] == ["get_property", "mpv-version"]
                connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        (finding,) = check_player(PlayerConfig(socket=str(path)))
        server.join()
    assert finding.state == state
    assert ("mpv 0.40" in finding.text) == (state == "ok")


def test_the_librarys_state_folder_and_log_are_named(tmp_path, monkeypatch):
    state, log = check_library(tmp_path, Config())
    assert (state.state, log.state) == ("ok", "ok")
    assert str(tmp_path / ".tiksort" / "tiksort.log") in log.text
    assert os.listdir(tmp_path / ".tiksort") == []
    full = shutil.disk_usage(tmp_path)._replace(free=3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    state, _ = check_library(tmp_path, Config())
    assert (state.state, "3 MB free" in state.text) == ("notice", True)
    (library,) = check_library(tmp_path / "none", Config())
    assert library.state == "missing"
