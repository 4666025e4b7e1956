"""The raw move: brings one file to a free name, in the safest way that the file system offers.

In this order: an exclusive rename (one step); a hard link and an unlink; an empty placeholder and a rename over it;
and between file systems a verified copy. A plain rename is never done over anything but the placeholder, and a file
is unlinked only while it is still the one that was looked at. Nothing here undoes a half-way move: whoever calls asks
the file system afterwards (`carry.Carrier`), after an error just as after a crash.

Every function raises OSError as the system gives it, with ESTALE where another program changed a file meanwhile.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tiksort_tui.domain import FileStamp

Made = Literal["copy", "placeholder"]
Note = Callable[[Made, FileStamp | None], None]
"""Called with the stamp of what a move makes of its own, before that is put to use; None withdraws it."""

# A placeholder is noted before it is made: it is known by its name and by being empty.
_EMPTY = FileStamp(0, 0, 0, 0)

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # Linux, renameat2(2)
_RENAME_EXCL = 4  # macOS, renamex_np(2)
_NO_EXCLUSIVE_RENAME = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_NO_LINK = {errno.ENOSYS, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
# What a file system answers that cannot sync a folder, and one whose folder may be written to but not read.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES}
_CHUNK = 1 << 20

_REASONS = {
    errno.ENOENT: "the file or its new folder is not there; see where it went and try again",
    errno.EEXIST: "a file of that name is there already; rename one of the two and try again",
    errno.EACCES: "no permission; see who owns the file and both folders",
    errno.EPERM: "no permission; see who owns the file and both folders",
    errno.EROFS: "the file system is read-only; make it writable and try again",
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "the disk quota is used up; free some space and try again",
    errno.ENAMETOOLONG: "its name is too long for the file system there; shorten it and try again",
    errno.ESTALE: "another program is changing it; wait for that and try again",
}

_libc = ctypes.CDLL(None, use_errno=True)


def reason(error: OSError) -> str:
    """Why, and what to do, as the end of a sentence for the user."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def stamp_of(path: Path) -> FileStamp:
    """The stamp of `path` itself; a link is not followed."""
    return FileStamp.of(os.lstat(path))


def relocate(source: Path, target: Path, stamp: FileStamp, part: Path, note: Note) -> None:
    """Bring the file `source`, whose stamp is `stamp`, to `target`; both folders are still to be seen to the disk.

    `part` is the free name beside `target` that a copy is made under. An original is removed only when its copy, or
    its other link, is on the disk.
    """
    try:
        rename(source, target, stamp, note)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(source, part)
        finished = stamp_of(part)
        note("copy", finished)
        rename(part, target, finished, note)
        sync_folder(target.parent)
        unlink_unchanged(source, stamp)


def rename(source: Path, target: Path, stamp: FileStamp, note: Note) -> None:
    """Rename within a file system and overwrite nothing; EEXIST if `target` is there, EXDEV between file systems."""
    try:
        rename_exclusive(source, target)
        return
    except OSError as error:
        if error.errno not in _NO_EXCLUSIVE_RENAME:
            raise
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        rename_over_placeholder(source, target, note)
        return
    sync_folder(target.parent)
    unlink_unchanged(source, stamp)


def rename_folder(source: Path, target: Path) -> None:
    """Give the folder `source` the name `target` beside it, also one that differs only in case; EEXIST if taken.

    The folder that both are in is still to be seen to the disk.
    """
    if os.path.lexists(target) and os.path.samefile(source, target):
        os.rename(source, target)  # A file system that does not tell the two names apart.
        return
    try:
        rename_exclusive(source, target)
    except OSError as error:
        if error.errno not in _NO_EXCLUSIVE_RENAME:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        os.rename(source, target)  # Replaces nothing but an empty folder that was made this instant.


def rename_exclusive(source: Path, target: Path) -> None:
    """Rename in one step that fails with EEXIST if `target` is there; ENOSYS or EINVAL where there is no such call."""
    old, new = os.fsencode(source), os.fsencode(target)
    if sys.platform == "darwin":
        call, arguments = getattr(_libc, "renamex_np", None), (old, new, _RENAME_EXCL)
    else:
        call, arguments = getattr(_libc, "renameat2", None), (_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE)
    code = errno.ENOSYS if call is None else 0
    if call is not None and call(*arguments) != 0:
        code = ctypes.get_errno()
    if code:
        raise OSError(code, os.strerror(code), str(source), None, str(target))


def rename_over_placeholder(source: Path, target: Path, note: Note) -> None:
    """Take the name with an empty file of one's own, then rename over that.

    For file systems that know neither exclusive renames nor links. A program that writes into the placeholder in the
    instant between the last look at it and the rename would lose what it wrote.
    """
    note("placeholder", _EMPTY)
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        note("placeholder", None)
        raise
    if os.lstat(target).st_size:
        raise _changed(target)
    os.rename(source, target)
    # File systems so poor do both halves of a rename when they like.
    sync_folder(target.parent)


def copy(source: Path, part: Path) -> None:
    """Copy content, mode, times and extended attributes to the free name `part`, and compare; ESTALE if unlike."""
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as copied, open(source, "rb") as original:
        shutil.copyfileobj(original, copied, _CHUNK)
        copied.flush()
        try:
            shutil.copystat(source, part)
        except OSError:
            # Some file systems refuse modes. The time alone must be kept: a finished copy is known by it.
            status = os.fstat(original.fileno())
            os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(copied.fileno())
    if not same_content(source, part):
        raise _changed(source)


def same_content(one: Path, other: Path) -> bool:
    """Whether both are regular files with the same bytes."""
    first, second = os.lstat(one), os.lstat(other)
    if not (stat.S_ISREG(first.st_mode) and stat.S_ISREG(second.st_mode) and first.st_size == second.st_size):
        return False
    with open(one, "rb") as left, open(other, "rb") as right:
        return hashlib.file_digest(left, "blake2b").digest() == hashlib.file_digest(right, "blake2b").digest()


def unlink_unchanged(path: Path, stamp: FileStamp) -> None:
    """Remove the name `path` if its file still has `stamp`; ESTALE if not."""
    if stamp_of(path) != stamp:
        raise _changed(path)
    os.unlink(path)


def sync_folder(folder: Path) -> None:
    """See the names in `folder` to the disk, where the file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def _changed(path: Path) -> OSError:
    return OSError(errno.ESTALE, "changed by another program", str(path))
