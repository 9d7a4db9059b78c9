"""Fixtures that all rooms share."""

import gc
import os
import signal
import sys
from pathlib import Path

# One thread in each process of the tests: several would spend most of their time waiting for each
# other. Before torch and NumPy are imported, which read it then.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest
from cuda_on_cpu.toolkit import environment
from process_state import GARBAGE, differences, state_of_the_process

import horn_neuro as hn
from horn_neuro.simulator import compiler_problem, cuda_problem
from horn_neuro.simulator.cuda import brian2cuda_problem, compile_problem

# The same few examples in every run, whatever the speed of the machine. To look for more:
# HYPOTHESIS_EXAMPLES=5000 python -m pytest -k properties, a random few in every run.
hypothesis.settings.register_profile(
    "few",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", 40)),
    derandomize="HYPOTHESIS_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    report_multiple_bugs=True,
)
hypothesis.settings.load_profile("few")


def pytest_collection_modifyitems(items):
    """Skip what needs a compiler, brian2cuda, nvcc or a GPU where there is none, and say why."""
    problems = {
        "compiler": compiler_problem,
        "brian2cuda": brian2cuda_problem,
        "cuda_on_cpu": lambda: brian2cuda_problem() or compiler_problem(),
        "nvcc": compile_problem,
        "gpu": cuda_problem,
    }
    for marker, find in problems.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        problem = find() if marked else None
        for item in marked if problem else ():
            item.add_marker(pytest.mark.skip(reason=problem))


def pytest_collection_finish():
    freeze()


def freeze():
    """Take what is imported out of the garbage, which Brian2 collects in every run: 0.2 s each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Compile into a folder of this session, so that stale binaries cannot pass a test."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # one for all workers
    patch = pytest.MonkeyPatch()
    patch.setenv("HORN_NEURO_CACHE", str(folder / "compiled"))
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _process(request):
    """Every test leaves the process as it has found it, of all that was there before."""
    if request.node.get_closest_marker("changes_process"):
        yield
        return
    known, before = set(sys.modules), state_of_the_process()
    yield
    # pytest shows warnings in its own way in every phase of a test; and tests of networks draw
    # from torch's random numbers themselves (tests/test_process.py knows who does not).
    without = {*GARBAGE, "words of warnings", "torch's random state"}
    if known != set(sys.modules):
        # Libraries set these, or draw from them, when they are first imported.
        without |= {"warnings", "signals", "hooks", "Python's random state"}
        freeze()
    changed = differences(before, state_of_the_process(), without)
    assert not changed, changed


# brian2cuda leaves the files that it writes to the garbage collector.
GENERATES = (
    pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
    ),
)
EMULATED = (pytest.mark.cuda_on_cpu, *GENERATES)
DEVICES = [
    "numpy",
    pytest.param("cython", marks=pytest.mark.compiler),
    pytest.param("cpp", marks=pytest.mark.compiler),
    pytest.param("cuda", marks=(pytest.mark.gpu, *GENERATES)),
    # The emulation, with threads and blocks in two orders, and blocks that do not divide the work.
    pytest.param("cuda_on_cpu forward 32", marks=EMULATED),
    pytest.param("cuda_on_cpu backward 7", marks=EMULATED),
]


@pytest.fixture
def cuda_on_cpu(monkeypatch):
    """Put an emulated toolkit and GPU in the place of real ones; call it to change options."""
    pytest.importorskip("brian2cuda")  # it registers its preferences

    def emulate(**options):
        cache = Path(os.environ["HORN_NEURO_CACHE"]) / "headers"
        for name, value in environment(cache=cache, **options).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    emulate()
    return emulate


def _prepared(request):
    name, *options = request.param.split()
    if name == "cuda":
        pytest.importorskip("brian2cuda")  # it registers its preferences
    if name != "cuda_on_cpu":
        return name
    request.getfixturevalue(name)(order=options[0], block=options[1])
    return "cuda"


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device in turn: one test body runs on all of them."""
    return _prepared(request)


@pytest.fixture(params=DEVICES[2:])
def compiled_device(request):
    """Every device that compiles programs of their own."""
    return _prepared(request)


@pytest.fixture
def pressed():
    """SIGINT raises KeyboardInterrupt, even where the tests run in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def params():
    """A small heterogeneous network."""
    return hn.effenberger_2025(n_units=6, n_outputs=3, heterogeneous=True, seed=1)
