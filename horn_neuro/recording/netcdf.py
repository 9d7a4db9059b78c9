"""Recordings as NetCDF files, with a checksum at their end."""

import hashlib
import warnings
from pathlib import Path

import xarray as xr

from horn_neuro._files import atomic_path
from horn_neuro.recording.dataset import Recording

__all__ = ["load_recording", "save_recording"]

# An attribute says that there is one, after the end of what NetCDF reads.
_CHECKSUM = "checksum"
_ALGORITHM = "sha256 of the file before its last 64 bytes"
_LENGTH = 64
_DAMAGED = (
    "{path} is truncated, damaged or no NetCDF-4 file ({reason}); save it again, or if another "
    "program has changed it on purpose, use hn.Recording(xarray.load_dataset(path))"
)
_REQUIRED = ("stimulus", "final_x", "final_y", "segment", "frequency")


def save_recording(recording, path):
    """Write a recording to a NetCDF-4 file.

    Parameters
    ----------
    recording : Recording
        What to save.
    path : str | Path
        The file to write, complete or not at all.
    """
    encoding = {
        name: {"zlib": True, "complevel": 1, "shuffle": True}
        for name, variable in recording.data.variables.items()
        if variable.size and (name in recording.data.data_vars or variable.dims == ("time",))
    }
    # Strings of one length, which are compressed: a name for each time takes no place then.
    encoding.get("segment", {})["dtype"] = "S1"
    data = recording.data.assign_attrs({_CHECKSUM: _ALGORITHM})
    with atomic_path(path) as temporary:
        data.to_netcdf(temporary, engine="netcdf4", encoding=encoding)
        digest = _digest(temporary, temporary.stat().st_size)
        with temporary.open("ab") as file:
            file.write(digest.encode())


def _digest(path, size):
    """Return the checksum of the first `size` bytes of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, 2**20))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def _is_whole(path):
    """Say whether a file ends in its checksum."""
    size = path.stat().st_size - _LENGTH
    with path.open("rb") as file:
        file.seek(max(size, 0))
        return file.read() == _digest(path, size).encode()


def load_recording(path):
    """Read a recording that `Recording.save` wrote.

    Parameters
    ----------
    path : str | Path
        A NetCDF file.

    Returns
    -------
    recording : Recording
        Equal to what was saved, to the last bit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or is no recording of horn_neuro.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no recording at {path}")
    whole = _is_whole(path)
    # HDF5 must not see what is damaged: it may crash.
    if not whole and _ALGORITHM.encode() in path.read_bytes():
        raise ValueError(_DAMAGED.format(path=path, reason="its checksum is another one"))
    try:
        data = xr.load_dataset(path, engine="netcdf4")
    except Exception as error:  # of HDF5, NetCDF, xarray and what they call
        raise ValueError(_DAMAGED.format(path=path, reason=error)) from None
    missing = [name for name in _REQUIRED if name not in data.variables]
    missing += [name for name in ("sfreq", "provenance") if name not in data.attrs]
    if missing:
        raise ValueError(
            f"{path} is a NetCDF file, but not a recording of horn_neuro: it has no "
            f"{', '.join(missing)}; write it with Recording.save"
        )
    if data.attrs.pop(_CHECKSUM, None) is not None and not whole:
        raise ValueError(_DAMAGED.format(path=path, reason="its checksum is gone"))
    if not whole:
        warnings.warn(
            f"{path} was written before recordings had checksums, so that damage would not show; "
            "save it again",
            stacklevel=2,
        )
    return Recording(data)
