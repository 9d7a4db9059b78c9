"""Recordings as NetCDF files, with a checksum at their end."""

import hashlib
import math
import struct
import warnings
from pathlib import Path

import netCDF4
import xarray as xr

from horn_neuro._files import atomic_path
from horn_neuro.recording.dataset import Recording

__all__ = ["load_recording", "save_recording"]

# An attribute says that there is one, after the end of what NetCDF reads, which the file knows.
_CHECKSUM = "checksum"
_ALGORITHM = "sha256 of the file before its last 64 bytes"
_LENGTH = 64
# Where the address of the end is, by version of the superblock (HDF5 File Format, II.A).
_SIGNATURE, _END = b"\x89HDF\r\n\x1a\n", {0: 40, 1: 44, 2: 28, 3: 28}
# deflate makes nothing smaller than this (RFC 1951).
_RATIO = 1032
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

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> from pathlib import Path
    >>> recording = hn.simulate(hn.effenberger_2025(4, seed=1), [[1.0]] * 50, device="numpy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hn.recording.save_recording(recording, Path(folder, "recording.nc"))
    ...     [path.name for path in Path(folder).iterdir()]
    ['recording.nc']
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
        try:
            data.to_netcdf(temporary, engine="netcdf4", encoding=encoding)
        except RuntimeError as error:  # NetCDF's own
            raise OSError(f"{path} cannot be written ({error}); is there space left?") from None
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


def _checksum_of(path):
    """Say whether a file ends in its checksum (bool), or None if it ends where HDF5 does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(64)
        file.seek(max(size - _LENGTH, 0))
        found = file.read()
    if len(start) < 64 or not start.startswith(_SIGNATURE) or start[8] not in _END:
        raise ValueError(_DAMAGED.format(path=path, reason="it begins otherwise"))
    (end,) = struct.unpack_from("<Q", start, _END[start[8]])
    if size == end:
        return None
    return size == end + _LENGTH and found == _digest(path, end).encode()


def _check_sizes(path):
    """Refuse what claims to be larger than anything that fits into the file."""
    most = _RATIO * path.stat().st_size
    with netCDF4.Dataset(path) as file:
        for variable in file.variables.values():
            chunks = variable.chunking()
            parts = variable.shape if isinstance(chunks, str) or chunks is None else chunks
            length = max(math.prod(variable.shape), math.prod(parts))
            if length * getattr(variable.dtype, "itemsize", 1) > most:
                raise ValueError(f"{variable.name} of shape {variable.shape} cannot be in it")


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

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> recording = hn.simulate(hn.effenberger_2025(4, seed=1), [[1.0]] * 50, device="numpy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recording.save(f"{folder}/recording.nc")
    ...     again = hn.load_recording(f"{folder}/recording.nc")
    >>> again.data.identical(recording.data)
    True
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no recording at {path}")
    whole = _checksum_of(path)
    # HDF5 must not see what is damaged: it may crash.
    if whole is False:
        raise ValueError(_DAMAGED.format(path=path, reason="its checksum is another one"))
    try:
        _check_sizes(path)
        with warnings.catch_warnings():  # xarray adds a filter of its own
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
    try:
        return Recording(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
