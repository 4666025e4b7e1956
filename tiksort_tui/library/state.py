"""Where the program keeps its own files for a library: cache, journal, models, log."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

import platformdirs

from tiksort_tui.errors import ConfigError, LibraryError

STATE_FOLDER = ".tiksort"
# Clips that nobody wants lie here, in the library, until the user deletes them: the program never does.
TRASH_FOLDER = ".trash"
JOURNAL = "journal.sqlite3"
LOG = "tiksort.log"
# SQLite's write-ahead log needs shared memory, which these do not give.
_NETWORK_FILE_SYSTEMS = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|fuse\.(sshfs|rclone|s3fs|davfs2?)"
)
_MOUNTS = Path("/proc/self/mountinfo")


def open_library(path: Path) -> Path:
    """The library's root as an absolute path without links; raises LibraryError where it is no folder."""
    try:
        root = Path(os.path.expanduser(path)).resolve(strict=True)
    except PermissionError as error:
        raise LibraryError(f"{path}: cannot be reached: {error.strerror}") from None
    except (OSError, RuntimeError):
        raise LibraryError(f"{path}: there is no such folder") from None
    if not root.is_dir():
        raise LibraryError(f"{path}: is a file; the library must be a folder")
    return root


def state_dir(root: Path, configured: str = "") -> Path:
    """The state folder of the library `root`, made with mode 0700 if it is not there yet.

    It lies in the library, or below `configured` where that is given, or below the user's own state folder where the
    library is read-only or on a network file system. Raises LibraryError where none can be made.
    """
    if configured:
        folder = Path(os.path.expanduser(configured))
        if not folder.is_absolute():
            raise ConfigError(f"library.state_dir must be a whole path, from / or ~, not {configured!r}")
        return _made(folder / _unique_name(root))
    inside = root / STATE_FOLDER
    if os.access(inside if inside.is_dir() else root, os.W_OK) and not on_network(root):
        return _made(inside)
    return _made(platformdirs.user_state_path("tiksort-tui") / _unique_name(root))


def _unique_name(root: Path) -> str:
    return f"{root.name}-{hashlib.blake2b(os.fsencode(root), digest_size=6).hexdigest()}"


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            # One that was copied here, or made by hand; some file systems know no modes.
            with suppress(OSError):
                folder.chmod(0o700)
    except OSError as error:
        raise LibraryError(
            f"{folder}: the state folder cannot be made: {error.strerror}; name another in the config: "
            "library.state_dir"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LibraryError(f"{folder}: the state folder is not writable; name another in the config: library.state_dir")
    return folder


def on_network(root: Path) -> bool:
    """Whether `root` lies on a network file system, as far as the system tells (Linux)."""
    try:
        lines = os.fsdecode(_MOUNTS.read_bytes()).splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in lines:
        mount, _, rest = line.partition(" - ")
        point = os.fsdecode(re.sub(rb"\\(\d{3})", _byte, os.fsencode(mount.split(" ")[4])))
        if root.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, rest.split(" ")[0]
    return bool(_NETWORK_FILE_SYSTEMS.fullmatch(kind))


def _byte(octal: re.Match[bytes]) -> bytes:
    """The byte that the system writes as a backslash and three octal digits."""
    return bytes([int(octal[1], 8)])
