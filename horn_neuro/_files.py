"""Writing files so that nothing half-written ever carries its final name."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_path"]


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
