"""Saving and loading `HornParameters` as safetensors."""

import json
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
_FORMAT = 1
_UNITS = {
    "omega": "rad per unit of model time",
    "gamma": "1 per unit of model time",
    "alpha": "position per squared unit of model time",
    "delays": "steps",
    "h": "model time per step",
    "step": "s",
}


def save_parameters(params, path):
    """Write `params` to a safetensors file.

    The arrays are tensors under their field names. The scalars, units, version
    and provenance are one JSON string in the metadata, under "horn_neuro".

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
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={_KEY: json.dumps(configuration)}))


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
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no parameter file at {path}")
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path} is truncated, damaged or no safetensors file ({error}); save it again"
        ) from None
    if _KEY not in metadata:
        raise ValueError(
            f"{path} is a safetensors file, but not one of horn_neuro: its metadata has no "
            f'"{_KEY}" entry; write it with HornParameters.save'
        )
    configuration = json.loads(metadata[_KEY])
    if configuration["format"] > _FORMAT:
        raise ValueError(
            f"{path} was written by horn_neuro {configuration['version']} in format "
            f"{configuration['format']}; this version reads up to {_FORMAT}: upgrade horn_neuro"
        )
    try:
        return HornParameters(
            **join_parts(values),
            h=configuration["h"],
            step=configuration["step"],
            provenance=configuration["provenance"],
        )
    except TypeError as error:
        raise ValueError(f"{path} holds other fields than HornParameters: {error}") from None
