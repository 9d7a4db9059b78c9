"""The folder of a sweep: one file for each row that has ended."""

import contextlib
import os
import warnings
from pathlib import Path

from horn_neuro._files import SCRATCH, read_sealed, scratch_folder, sealed, space_for
from horn_neuro.experiment.run_folder import RunFolder
from horn_neuro.sweep.rows import digest
from horn_neuro.sweep.table import Sweep

__all__ = ["SweepFolder", "load_sweep"]

SWEEP, ROWS, LOGS = "sweep.json", "rows", "slurm"


class SweepFolder(RunFolder):
    """A folder for the records of a sweep, which one process has at a time.

    Parameters
    ----------
    path : str | Path
        The folder.
    about : dict
        The sweep's task and what is the same in each row.
    resume : bool
        Whether it holds an earlier part of the sweep, which may have had other rows.

    Raises
    ------
    FileExistsError, FileNotFoundError, OSError, ValueError
        As of `RunFolder`.
    """

    def __init__(self, path, about, resume=False):
        super().__init__(path, about if resume else None)
        (self.path / ROWS).mkdir(exist_ok=True)
        self._stack = contextlib.ExitStack()
        # One for all rows: to make one for each would look through the files of all the others.
        self._scratch = self._stack.enter_context(scratch_folder(self.path, SCRATCH))
        if not resume:
            with self.file(SWEEP) as temporary:
                temporary.write_text(sealed(about))

    def _check(self, about):
        if not (self.path / SWEEP).is_file():
            raise FileNotFoundError(f"no sweep to resume in {self.path}; start without resume")
        earlier = read_sealed(self.path / SWEEP)
        for name in ("task", "fixed"):
            if earlier[name] != about[name]:
                raise ValueError(
                    f"{self.path} was begun with {name} = {earlier[name]}, not {about[name]}; "
                    "give the same, or another folder"
                )

    def save(self, record):
        """Write the record of a row."""
        path = self.path / ROWS / f"{digest(record['row'])}.json"
        with space_for(path):
            temporary = self._scratch / path.name
            temporary.write_text(sealed(record))
            os.replace(temporary, path)

    def read(self, row):
        """Return the record (dict) of a row that has succeeded, or None."""
        path = self.path / ROWS / f"{digest(row)}.json"
        if not path.is_file():
            return None
        try:
            record = read_sealed(path)
        except ValueError as error:
            warnings.warn(f"{error}; the row is run again", stacklevel=4)
            return None
        return record if record["error"] is None else None

    def close(self):
        """Leave the folder to others, and nothing in it where no row has ended."""
        self._stack.close()
        for name in (ROWS, LOGS):
            with contextlib.suppress(OSError):
                (self.path / name).rmdir()
        if [path.name for path in self.path.iterdir()] == [SWEEP]:
            (self.path / SWEEP).unlink()
        super().close(complete=True)


def load_sweep(path):
    """Read a sweep, which may be still running.

    Parameters
    ----------
    path : str | Path
        Its folder.

    Returns
    -------
    sweep : Sweep
        Of the rows that have ended.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If a file is damaged.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> def square(number):
    ...     return number**2
    >>> where = tempfile.mkdtemp() + "/squares"
    >>> _ = hn.sweep.sweep(square, {"number": [2, 3]}, out=where, jobs=1, progress=False)
    >>> hn.sweep.load_sweep(where).table["value"].tolist()
    [4.0, 9.0]
    """
    path = Path(path)
    if not (path / SWEEP).is_file():
        raise FileNotFoundError(f"no sweep in {path}")
    records = [read_sealed(file) for file in sorted((path / ROWS).glob("*.json"))]
    return Sweep(records, read_sealed(path / SWEEP)["task"])
