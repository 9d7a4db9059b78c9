"""The version, kept alone so that setup.cfg can read it, and those of what it works with."""

import functools
import platform
import sys
from importlib import metadata

__all__ = ["software_versions"]

__version__ = "0.2.0"

_MODULES = {
    "brian2": "brian2",
    "brian2cuda": "brian2cuda",
    "lightning-fabric": "lightning_fabric",
    "mne": "mne",
    "mne-connectivity": "mne_connectivity",
    "numpy": "numpy",
    "powerlaw": "powerlaw",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "torch": "torch",
    "xarray": "xarray",
}


version = functools.cache(metadata.version)  # reads a file of each package


def software_versions():
    """Return the versions (dict of str) of Python, horn_neuro and all that takes part by now."""
    present = {name: version(name) for name, module in _MODULES.items() if module in sys.modules}
    return {"horn_neuro": __version__, "python": platform.python_version(), **present}
