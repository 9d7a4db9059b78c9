"""The folder that a protocol leaves behind."""

import json
import os
import tempfile
import time
from pathlib import Path

from horn_neuro._files import atomic_path

__all__ = ["RunFolder"]


class RunFolder:
    """A new folder for the results of one run, in which every file is complete.

    Parameters
    ----------
    path : str | Path | None
        The folder; None makes ``runs/<protocol>-<date>-<time>``.
    protocol : str
        Name of the protocol.
    again : bool
        Whether the folder may hold an earlier part of the same run.

    Raises
    ------
    FileExistsError
        If the folder is not empty: earlier results are never overwritten.
    PermissionError, NotADirectoryError
        If the folder cannot be made or written.
    """

    def __init__(self, path, protocol, again=False):
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.path = Path(path) if path else Path("runs") / f"{protocol}-{stamp}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise type(error)(
                f"the output folder {self.path} cannot be written ({error.strerror}); "
                "choose another with --out"
            ) from None
        if not again and any(self.path.iterdir()):
            raise FileExistsError(
                f"the output folder {self.path} is not empty; choose a new one with --out"
            )

    def file(self, name):
        """Return a context that yields a temporary path and renames it to `name` on success."""
        return atomic_path(self.path / name)

    def save_json(self, name, content):
        """Write a dictionary as indented JSON."""
        with self.file(name) as path:
            path.write_text(json.dumps(content, indent=2) + os.linesep)

    def save_figure(self, name, figure):
        """Write a figure as ``figures/<name>.png`` and ``.svg``."""
        (self.path / "figures").mkdir(exist_ok=True)
        for suffix in ("png", "svg"):
            with self.file(f"figures/{name}.{suffix}") as path:
                figure.savefig(path, dpi=150)
