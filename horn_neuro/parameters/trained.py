"""Networks that come with the package, trained on the full sequential MNIST."""

from pathlib import Path

from horn_neuro.parameters.storage import load_parameters

__all__ = ["PRETRAINED", "pretrained"]

_FOLDER = Path(__file__).with_name("pretrained")

#: Names of the networks that come with the package.
PRETRAINED = tuple(sorted(path.stem for path in _FOLDER.glob("*.safetensors")))


def pretrained(name):
    """Load a network that comes with the package.

    Its provenance holds the command that trained it and its test accuracy.

    Parameters
    ----------
    name : str
        One of `PRETRAINED`.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If there is no network of that name.
    """
    if name not in PRETRAINED:
        raise ValueError(f"no pretrained network {name!r}; there are {', '.join(PRETRAINED)}")
    return load_parameters(_FOLDER / f"{name}.safetensors")
