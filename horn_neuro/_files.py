"""Files of which none is half-written under its final name, and JSON with a checksum."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import warnings
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path

import numpy as np

try:
    import fcntl
except ImportError:  # Windows, where nothing is compiled
    fcntl = None

__all__ = [
    "atomic_path",
    "lock",
    "one_at_a_time",
    "read_sealed",
    "scratch_folder",
    "sealed",
    "space_for",
    "to_json",
]

# After so many seconds, who waits says what for.
PATIENCE = 30.0
# Of folders beside a file that is being written.
SCRATCH = ".horn_neuro-"
_CHECKSUM = "sha256"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def to_json(content):
    """Return indented JSON (str) of dicts and lists that may hold arrays and data classes."""
    return json.dumps(content, indent=2, default=_plain) + os.linesep


def _plain(value):
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_dataclass(value):
        return asdict(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value)


def sealed(content):
    """Return a dict as indented JSON (str), in which it has its checksum under "sha256"."""
    content = json.loads(to_json(content))
    return to_json({_CHECKSUM: _digest(content)} | content)


def _digest(content):
    """Return the checksum of what JSON holds, however it is written."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_sealed(path):
    """Read a dict that was written as `sealed`.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    content : dict
        Equal to what was saved, without the checksum.

    Raises
    ------
    ValueError
        If the file is damaged, or no JSON.
    """
    try:
        content = json.loads(path.read_bytes())
        checksum = content.pop(_CHECKSUM, None)
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
    else:
        # One of another name is a checksum, too, whose name is damaged.
        has_one = checksum is not None or any(
            isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
            for value in content.values()
        )
        wrong = has_one and checksum != _digest(content)
        reason = "its checksum is another one" if wrong else None
    if reason:
        raise ValueError(f"{path} is truncated, damaged or changed ({reason})")
    if not has_one:
        warnings.warn(
            f"{path} was written before there were checksums, so that damage would not show",
            stacklevel=3,
        )
    return content


@contextmanager
def atomic_path(path):
    """Yield a temporary path that becomes `path` only if the block succeeds.

    Parameters
    ----------
    path : str | Path
        The final name. Its folder must exist and be writable. Of a symbolic link, the
        target is written; a file that is there keeps its permissions.

    Yields
    ------
    temporary : Path
        A file of the same name in a scratch folder beside it. It is removed if the
        block raises, `KeyboardInterrupt` included; what killed processes have left is
        removed by the next that writes there.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written, or there is no space left.
    """
    path = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {path}: the folder {path.parent} does not exist; create it first"
        )
    with space_for(path), scratch_folder(path.parent, SCRATCH) as scratch:
        temporary = scratch / path.name
        # Not mkstemp, whose files are private: this one gets the permissions of any new file.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)


@contextmanager
def space_for(path):
    """Raise what a full disk raises in this block as an OSError that names a file (Path)."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        reason = f"{error.strerror}; what was there before stays: free space, or write elsewhere"
        raise OSError(error.errno, reason, str(path)) from None


def lock(handle):
    """Lock an open file or folder for this process, until it closes it or ends.

    Parameters
    ----------
    handle : int
        Its descriptor.

    Returns
    -------
    got : bool | None
        False if another has it; None where the file system knows no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def one_at_a_time(path, task):
    """Let one process or thread at a time into the block; the others wait.

    Where the file system knows no locks, nobody waits. A process that is killed
    holds nobody up; the next says that it takes over.

    Parameters
    ----------
    path : Path
        The file to lock, which is made and removed.
    task : str
        What the others wait for, told if it takes long.
    """
    told = time.monotonic() + PATIENCE
    while (handle := _locked(path)) is None:
        if time.monotonic() > told:
            told = float("inf")
            warnings.warn(
                f"another process is {task}, and this one waits for it; if it hangs, stop it "
                f"(it holds {path}), and this one will go on",
                stacklevel=4,
            )
        time.sleep(0.1)
    try:
        # Who ends the block removes the file, and who was killed in it has left its mark.
        if os.fstat(handle).st_size:
            warnings.warn(f"a process was killed while {task}; this one begins anew", stacklevel=4)
        else:
            os.write(handle, b"begun")
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path):
    """Return the descriptor of a file that is locked now, or None if another has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    with contextlib.suppress(FileNotFoundError):
        # The one before removes the file that it has locked.
        if lock(handle) is not False and os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    os.close(handle)
    return None


@contextmanager
def scratch_folder(parent, prefix):
    """Yield a new folder that is gone afterwards.

    What processes that were killed have left under the same prefix goes, too.

    Parameters
    ----------
    parent : str | Path
        Where.
    prefix : str
        Of its name.

    Yields
    ------
    folder : Path
    """
    for left in Path(parent).glob(f"{glob.escape(prefix)}*") if fcntl else ():
        with contextlib.suppress(OSError):
            _remove_if_left(left)
    while (found := _locked_folder(parent, prefix)) is None:
        pass
    folder, handle = found
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _locked_folder(parent, prefix):
    """Make a folder and lock it; returns None if another has removed it between the two."""
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    if fcntl is None:
        return folder, None
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(FileNotFoundError):
            if lock(handle) is not False and os.path.samestat(os.fstat(handle), os.stat(folder)):
                return folder, handle
        os.close(handle)
    return None


def _remove_if_left(folder):
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if lock(handle):
            shutil.rmtree(folder)
    finally:
        os.close(handle)
