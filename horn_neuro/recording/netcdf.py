"""Recordings as NetCDF files."""

from pathlib import Path

import xarray as xr

from horn_neuro._files import atomic_path
from horn_neuro.recording.dataset import Recording

__all__ = ["load_recording", "save_recording"]

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
        for name, variable in recording.data.data_vars.items()
        if variable.size
    }
    with atomic_path(path) as temporary:
        recording.data.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


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
    try:
        data = xr.load_dataset(path, engine="netcdf4")
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{path} is truncated, damaged or no NetCDF-4 file ({error}); save it again"
        ) from None
    missing = [name for name in _REQUIRED if name not in data.variables]
    missing += [name for name in ("sfreq", "provenance") if name not in data.attrs]
    if missing:
        raise ValueError(
            f"{path} is a NetCDF file, but not a recording of horn_neuro: it has no "
            f"{', '.join(missing)}; write it with Recording.save"
        )
    return Recording(data)
