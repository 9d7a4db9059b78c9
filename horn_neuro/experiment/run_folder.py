"""The folder that a run leaves behind."""

import json
import os
import shutil
import tempfile
import weakref
from pathlib import Path

from horn_neuro._files import SCRATCH, atomic_path, lock, read_sealed, sealed, to_json
from horn_neuro.experiment.pieces import read_piece, write_piece

__all__ = ["RunFolder", "load_results"]

RESULTS = "results.json"

_PARTS = "parts"
# Of one run in several processes, the first has the folder (torchrun, Lightning Fabric, SLURM).
_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")


def load_results(path):
    """Read the results of a run.

    Parameters
    ----------
    path : str | Path
        The run's folder, or its ``results.json`` or ``config.json``.

    Returns
    -------
    results : dict
        Equal to what was saved; ``"findings"`` has the estimates by name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged: its checksum is another one.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = hn.experiment.RunFolder(folder)
    ...     run.save_json("results.json", {"answer": ["Yes."]})
    ...     run.close(complete=True)
    ...     hn.experiment.load_results(folder)["answer"]
    ['Yes.']
    """
    path = Path(path)
    path = path / RESULTS if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"no results at {path}")
    return read_sealed(path)


def _files_in(folder):
    """Yield what is in a folder and its folders, but for what a killed process was writing."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder).parts
        if not path.is_dir() and not any(part.startswith(SCRATCH) for part in inside):
            yield path


class RunFolder:
    """A folder for the results of one run, in which every file is complete.

    Parameters
    ----------
    path : str | Path
        The folder.
    options : dict | None
        Of the run, if the folder holds an earlier part of it; None for a new
        folder.

    Raises
    ------
    FileExistsError
        If a new folder is not empty, or another run has it: results are never overwritten.
    FileNotFoundError
        If there is no earlier part.
    PermissionError, NotADirectoryError
        If the folder cannot be made or written.
    ValueError
        If the earlier part was run with other options, or is damaged.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = hn.experiment.RunFolder(folder)
    ...     run.save_json("results.json", {"answer": ["Yes."]})
    ...     run.close(complete=True)
    ...     hn.experiment.load_results(folder)
    {'answer': ['Yes.']}
    """

    def __init__(self, path, options=None):
        self.path, self.again = Path(path).expanduser(), options is not None
        if self.again:
            self._check(options)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise type(error)(
                f"the output folder {self.path} cannot be written ({error.strerror}); "
                "choose another with --out"
            ) from None
        self._take()
        if not self.again and any(_files_in(self.path)):
            raise FileExistsError(
                f"the output folder {self.path} is not empty; choose a new one with --out"
            )

    def _take(self):
        """Have the folder for this run, until it is closed or ends, however it ends."""
        if os.name == "nt" or any(os.environ.get(name, "0") != "0" for name in _RANKS):
            return
        handle = os.open(self.path, os.O_RDONLY)
        self._leave = weakref.finalize(self, os.close, handle)
        if lock(handle) is False:
            self._leave()
            raise FileExistsError(
                f"another run is writing to the output folder {self.path}; choose a new one with "
                "--out"
            )

    def __getstate__(self):
        """Leave the lock to the process that has it."""
        return {"path": self.path, "again": self.again}

    def _check(self, options):
        if not (self.path / _PARTS / "options.json").is_file():
            raise FileNotFoundError(f"nothing to resume in {self.path}; start without --resume")
        earlier = read_sealed(self.path / _PARTS / "options.json")
        for name, value in json.loads(to_json(options)).items():
            if earlier.get(name) != value:
                raise ValueError(
                    f"{self.path} was begun with {name} = {earlier.get(name)}, not {value}; "
                    "give the same options, or another --out"
                )

    def keep(self, name, make, options, writes=True):
        """Return `make()` and keep it, or return what an earlier part of the run has kept.

        Parameters
        ----------
        name : str
            Of the piece of work, different for each.
        make : callable
            Does it; returns arrays, numbers, or dicts, lists and data classes of them.
        options : dict
            Of the run, which all pieces share.
        writes : bool
            Whether this process keeps it; of several that do the same, one does.

        Returns
        -------
        piece : object

        Raises
        ------
        ValueError
            If a piece that was kept is damaged.
        """
        path = self.path / _PARTS / f"{name}.pickle"
        if self.again and path.is_file():
            return read_piece(path)
        if writes and not (path.parent / "options.json").is_file():
            path.parent.mkdir(exist_ok=True)
            self.save_json(f"{_PARTS}/options.json", options)
        piece = make()
        if writes:
            write_piece(piece, path)
        return piece

    def file(self, name):
        """Return a context that yields a temporary path and renames it to `name` on success."""
        return atomic_path(self.path / name)

    def save_json(self, name, content):
        """Write a dictionary, which may hold arrays and data classes, as JSON with a checksum."""
        with self.file(name) as path:
            path.write_text(sealed(content))

    def save_figure(self, title, figure):
        """Write ``figures/<title>.svg`` and ``.png``; returns the path (Path) of the latter."""
        name = title.lower().replace(" ", "_")
        (self.path / "figures").mkdir(exist_ok=True)
        for suffix in ("svg", "png"):
            with self.file(f"figures/{name}.{suffix}") as path:
                figure.savefig(path, dpi=150)
        return self.path / "figures" / f"{name}.png"

    def save_animation(self, title, x):
        """Write ``figures/<title>.gif`` of a sheet, and MP4 where ffmpeg is; returns the former."""
        from horn_neuro.report.animation import save_animation, video_formats

        name = title.lower().replace(" ", "_")
        (self.path / "figures").mkdir(exist_ok=True)
        for suffix in video_formats():
            with self.file(f"figures/{name}.{suffix}") as path:
                save_animation(path, x)
        return self.path / "figures" / f"{name}.gif"

    def close(self, complete):
        """Remove the pieces of a complete run; and all of one that came to nothing."""
        parts = self.path / _PARTS
        others = [path for path in self.path.iterdir() if path != parts]
        if complete or not (others or list(parts.glob("*.pickle"))):
            shutil.rmtree(parts, ignore_errors=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()
        if hasattr(self, "_leave"):
            self._leave()
