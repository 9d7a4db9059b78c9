"""Saving and loading `HornParameters` as safetensors, with a checksum."""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from horn_neuro._files import atomic_path
from horn_neuro._version import __version__
from horn_neuro.parameters.connections import join_parts
from horn_neuro.parameters.horn import HornParameters

__all__ = ["load_parameters", "save_parameters"]

_KEY = "horn_neuro"
_CHECKSUM = "sha256"
# Files of format 1 have no checksum.
_FORMAT = 2
_DTYPES = ("F64", "I64")
_UNITS = {
    "omega": "rad per unit of model time",
    "gamma": "1 per unit of model time",
    "alpha": "position per squared unit of model time",
    "delays": "steps",
    "positions": "m",
    "h": "model time per step",
    "step": "s",
}


def save_parameters(params, path):
    """Write `params` to a safetensors file.

    The arrays are tensors under their field names. The scalars, units, version
    and provenance are one JSON string in the metadata, under "horn_neuro"; under
    "sha256" is the checksum of all that.

    Parameters
    ----------
    params : HornParameters
        What to save.
    path : str | Path
        The file to write, complete or not at all.
    """
    values = params._values()
    tensors = {name: np.ascontiguousarray(a) for name, a in values.items() if np.ndim(a)}
    configuration = {
        "format": _FORMAT,
        "version": __version__,
        "h": params.h,
        "step": params.step,
        "units": _UNITS,
        "provenance": params.provenance,
    }
    text = json.dumps(configuration)
    metadata = {_KEY: text, _CHECKSUM: _checksum(text, tensors)}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(tensors, metadata=metadata))


def _checksum(configuration, tensors):
    digest = hashlib.sha256(configuration.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()


def load_parameters(path):
    """Read a network that `HornParameters.save` wrote.

    Parameters
    ----------
    path : str | Path
        A safetensors file.

    Returns
    -------
    params : HornParameters
        Equal to what was saved, to the last bit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is no parameter file of horn_neuro, or holds
        values that break a rule.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     params.save(f"{folder}/net.safetensors")
    ...     again = hn.load_parameters(f"{folder}/net.safetensors")
    >>> again == params
    True
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no parameter file at {path}")
    damaged = f"{path} is truncated, damaged or no safetensors file"
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            if _KEY in metadata:
                _check_header(path, file)
                values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{damaged} ({error}); save it again") from None
    if _KEY not in metadata:
        raise ValueError(
            f"{path} is a safetensors file, but not one of horn_neuro: its metadata has no "
            f'"{_KEY}" entry; write it with HornParameters.save'
        )
    try:
        configuration = json.loads(metadata[_KEY])
        format_, version = int(configuration["format"]), configuration["version"]
        scalars = {name: configuration[name] for name in ("h", "step", "provenance")}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{damaged} ({type(error).__name__}: {error}); save it again") from None
    if format_ > _FORMAT:
        raise ValueError(
            f"{path} was written by horn_neuro {version} in format {format_}; this version reads "
            f"up to {_FORMAT}: upgrade horn_neuro"
        )
    if format_ >= 2 or _CHECKSUM in metadata:
        if metadata.get(_CHECKSUM) != _checksum(metadata[_KEY], values):
            raise ValueError(f"{damaged} (its checksum is another one); save it again")
    else:
        warnings.warn(
            f"{path} was written by horn_neuro {version}, before there were checksums, so that "
            "damage would not show; save it again",
            stacklevel=2,
        )
    try:
        return HornParameters(**join_parts(values), **scalars)
    except (TypeError, KeyError) as error:
        raise ValueError(f"{path} holds other fields than HornParameters: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _check_header(path, file):
    """Refuse what no network has, before memory is taken for it."""
    for name in file.keys():  # noqa: SIM118
        part = file.get_slice(name)
        dtype, shape = part.get_dtype(), part.get_shape()
        # Only a sparse matrix may be empty, whose arrays are lists.
        if dtype not in _DTYPES or (len(shape) > 1 and 0 in shape):
            raise ValueError(
                f"{path} holds {name} of shape {shape} and type {dtype}; parameters are not empty, "
                "and F64 or I64: write it with HornParameters.save"
            )
