"""Protocols are scripts, not modules: load them from their files."""

import functools
import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "protocols"


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
