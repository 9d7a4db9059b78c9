"""Writing files so that nothing half-written ever carries its final name, and JSON."""

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path

import numpy as np

__all__ = ["atomic_path", "to_json"]


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


@contextmanager
def atomic_path(path):
    """Yield a temporary path that becomes `path` only if the block succeeds.

    Parameters
    ----------
    path : str | Path
        The final name. Its folder must exist and be writable.

    Yields
    ------
    temporary : Path
        A file in the same folder, with the same suffix. It is removed if the
        block raises, `KeyboardInterrupt` included.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {path}: the folder {path.parent} does not exist; create it first"
        )
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    # mkstemp makes the file private; give it the permissions any new file would have.
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
