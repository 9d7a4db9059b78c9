"""Fixtures that all rooms share."""

import pytest

import horn_neuro as hn
from horn_neuro.simulator import compiler_problem, cuda_problem
from horn_neuro.simulator.cuda import brian2cuda_problem, compile_problem


def pytest_collection_modifyitems(items):
    """Skip what needs a compiler, brian2cuda, nvcc or a GPU where there is none, and say why."""
    problems = {
        "compiler": compiler_problem,
        "brian2cuda": brian2cuda_problem,
        "nvcc": compile_problem,
        "gpu": cuda_problem,
    }
    for marker, find in problems.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        problem = find() if marked else None
        for item in marked if problem else ():
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
    pytest.param("cuda", marks=pytest.mark.gpu),
]


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device in turn: one test body runs on all of them."""
    return request.param


@pytest.fixture
def params():
    """A small heterogeneous network."""
    return hn.effenberger_2025(n_units=6, n_outputs=3, heterogeneous=True, seed=1)
