"""Every protocol runs once, small and fast; its tests look at what that run has left."""

import functools
import pkgutil
import sys
from pathlib import Path
from types import SimpleNamespace

import horn_neuro.protocols
import pytest

from horn_neuro.experiment.command import find_experiment

from .calls import Calls

NAMES = sorted(module.name for module in pkgutil.iter_modules(horn_neuro.protocols.__path__))
# What makes the fast run of a protocol faster still, and the same on every machine.
OPTIONS = {
    "damping": {"baselines": ["rnn"], "units": 6},
    "hebbian_alignment": {"models": ["horn_heterogeneous", "rnn"], "train": 160},
    "hebbian_learning": {
        **{"device": "numpy", "models": ["homogeneous"], "rules": ["covariance"], "units": 5},
    },
    "heterogeneity": {"device": "numpy", "couplings": [0.1, 4]},
    "memory": {"device": "numpy", "trials": 100},
    "omega_sweep": {"units": 4},
    "plv": {"device": "numpy"},
    "resonance": {"device": "numpy", "units": 12},
    "rest_vs_evoked": {"device": "numpy", "seed": 3},
    "train_smnist": {
        **{"models": ["horn_heterogeneous", "rnn"], "seeds": [1, 2], "batch": 20},
        "omega": [0.1, 0.5],
    },
    "transfer": {"device": "numpy"},
    "spontaneous_waves": {"device": "numpy", "side": 8, "steps": 224, "settle": 56},
    "wave_digits": {"device": "numpy", "wait": 60, "hold": 1},
    "waves": {"device": "numpy", "side": 12},
}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items):
    """Let one of pytest-xdist's processes have all tests of a protocol: it runs once."""
    for item in items:
        here = item.path.parent == Path(__file__).parent
        if here and not item.get_closest_marker("xdist_group"):
            given = item.callspec.params if hasattr(item, "callspec") else {}
            name = given.get("name", item.path.stem.removeprefix("test_"))
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope="session")
def experiment():
    """The class of a protocol by its name."""

    return find_experiment


@pytest.fixture(scope="session")
def fast(experiment, tmp_path_factory):
    """The fast run of a protocol by its name: itself, result, findings, folder and calls."""

    @functools.cache
    def run(name):
        out = tmp_path_factory.mktemp(name) / "run"
        one = experiment(name)("fast", **OPTIONS.get(name, {}))
        calls = Calls(sys.modules[type(one).__module__])
        with calls.record():
            result, findings = one.start(out)
        return SimpleNamespace(run=one, result=result, findings=findings, folder=out, calls=calls)

    return run
