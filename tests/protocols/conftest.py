"""Every protocol runs once, small and fast; its tests look at what that run has left."""

import functools
import importlib.util
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from horn_neuro.experiment import Experiment

FOLDER = Path(__file__).parents[2] / "protocols"
# What makes the fast run of a protocol faster still, and the same on every machine.
OPTIONS = {
    "plv": {"device": "numpy"},
    "resonance": {"device": "numpy", "units": 12},
    "rest_vs_evoked": {"device": "numpy", "coupling": 0.5, "seed": 3},
}


@pytest.fixture(scope="session")
def experiment():
    """The class of a protocol by its name."""

    def find(name):
        module = import_module(f"horn_neuro.protocols.{name}")
        (cls,) = (
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, Experiment)
            and value.__module__ == module.__name__
        )
        return cls

    return find


@pytest.fixture(scope="session")
def fast(experiment, tmp_path_factory):
    """The fast run of a protocol by its name: itself, result, findings and folder."""

    @functools.cache
    def run(name):
        out = tmp_path_factory.mktemp(name) / "run"
        one = experiment(name)("fast", **OPTIONS[name])
        result, findings = one.start(out)
        return SimpleNamespace(run=one, result=result, findings=findings, folder=out)

    return run


@pytest.fixture(scope="session")
def load_protocol():
    """A protocol by its name."""

    @functools.cache
    def load(name):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="module")
def protocol(load_protocol, request):
    """The protocol that a test module is named after."""
    return load_protocol(request.path.stem.removeprefix("test_"))
