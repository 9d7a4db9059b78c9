"""Protocols are scripts, not modules: load them from their files."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "protocols"


@pytest.fixture(scope="module")
def protocol(request):
    """The protocol that a test module is named after."""
    name = request.path.stem.removeprefix("test_")
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
