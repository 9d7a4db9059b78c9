"""Fixtures that all rooms share."""

import pytest

import horn_neuro as hn
from horn_neuro.simulator import compiler_problem


def pytest_collection_modifyitems(items):
    """Skip what needs a compiler where there is none, and say why."""
    problem = compiler_problem()
    if problem:
        for item in items:
            if item.get_closest_marker("compiler"):
                item.add_marker(pytest.mark.skip(reason=problem))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Compile into a folder of this session, so that stale binaries cannot pass a test."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HORN_NEURO_CACHE", str(tmp_path_factory.mktemp("compiled")))
    yield
    patch.undo()


DEVICES = [
    "numpy",
    pytest.param("cython", marks=pytest.mark.compiler),
    pytest.param("cpp", marks=pytest.mark.compiler),
]


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device in turn: one test body runs on all of them."""
    return request.param


@pytest.fixture
def params():
    """A small heterogeneous network."""
    return hn.effenberger_2025(n_units=6, n_outputs=3, heterogeneous=True, seed=1)
