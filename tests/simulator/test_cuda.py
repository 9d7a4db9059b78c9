"""The cuda device as far as it can be tested: what is missing, generated code, compilation."""

import re
import subprocess

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays
from horn_neuro.simulator import SpikeCoupling, cuda, cuda_problem, standalone
from horn_neuro.simulator.structure import make_structure

ROW = "0, GPU-aaaa-1, NVIDIA H100, 9.0, 70000\n1, GPU-bbbb-2, NVIDIA A2, 8.6, 15000\n"
LISTED = """GPU 0: NVIDIA H100 (UUID: GPU-aaaa-1)
GPU 1: NVIDIA A2 (UUID: GPU-bbbb-2)
  MIG 1g.10gb     Device  0: (UUID: MIG-cccc-3)
"""


def generates(test):
    """Mark what generates code: brian2cuda leaves its files to the garbage collector."""
    for ignored in (
        "ignore:.*unclosed file:ResourceWarning",
        "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning",
    ):
        test = pytest.mark.filterwarnings(ignored)(test)
    return test


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A pretended machine, on which everything is as it should be, until a test changes it."""
    answers = {"nvidia-smi": ROW, "-L": LISTED, "--version": "release 12.4, V12", "--list-gpu-arch":
               "compute_80\ncompute_86\ncompute_90\n"}  # fmt: skip

    def ask(*command):
        return answers[next(word for word in reversed(command) if word in answers)]

    ask.cache_clear = lambda: None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvcc").touch()
    monkeypatch.setattr(cuda, "_ask", ask)
    monkeypatch.setattr(cuda, "brian2cuda_problem", lambda: None)
    monkeypatch.setattr(cuda, "compiler_problem", lambda: None)
    monkeypatch.setattr(cuda, "_curand", lambda toolkit: (None, None))
    monkeypatch.setenv("CUDA_PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return answers


def test_nothing_is_missing(machine):
    assert cuda_problem() is None
    assert cuda.find_gpu() == cuda.Gpu("NVIDIA H100", 9.0, 70000 * 2**20)


@pytest.mark.parametrize(
    ("visible", "name"),
    [
        ("1", "NVIDIA A2"),
        ("1,0", "NVIDIA A2"),
        ("GPU-bbbb-2", "NVIDIA A2"),
        ("GPU-bb", "NVIDIA A2"),
        ("MIG-cccc-3", "NVIDIA A2"),
        ("GPU-aaaa-1", "NVIDIA H100"),
    ],
)
def test_visible_devices_by_index_and_uuid(machine, monkeypatch, visible, name):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert cuda.find_gpu().name == name


@pytest.mark.parametrize(
    ("visible", "message"),
    [
        ("", "CUDA_VISIBLE_DEVICES = '' hides all GPUs; unset it"),
        ("-1", "hides all GPUs"),
        ("7", "names no GPU of this machine; it has 0 .GPU-aaaa-1., 1 .GPU-bbbb-2."),
        ("GPU-dddd", "names no GPU"),
        ("MIG-dddd", "names no GPU"),
    ],
)
def test_hidden_gpus(machine, monkeypatch, visible, message):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert re.search(message, cuda_problem())


@pytest.mark.parametrize("answer", [None, "", "No devices were found\n"])
def test_no_gpu(machine, answer):
    machine["nvidia-smi"] = answer
    assert "nvidia-smi lists none" in cuda_problem()
    with pytest.raises(RuntimeError, match="device 'cuda': no NVIDIA GPU.*use device='cpp'"):
        hn.simulate(hn.effenberger_2025(3, seed=1), 10, device="cuda")


def test_no_toolkit(machine, monkeypatch):
    monkeypatch.setattr(cuda, "_toolkit", lambda: None)
    assert "no CUDA toolkit: nvcc is neither on the PATH" in cuda_problem()


def test_a_toolkit_too_old_for_brian2cuda(machine):
    machine["--version"] = "release 10.2, V10.2"
    assert re.search(r"toolkit in .* is 10\.2; this device needs 11\.0 or newer", cuda_problem())


def test_a_toolkit_that_does_not_know_the_gpu(machine):
    machine["--list-gpu-arch"] = "compute_52\ncompute_80\n"
    assert re.search(
        r"cannot compile for NVIDIA H100 .*9\.0; it knows 5\.2 to 8\.0", cuda_problem()
    )


def test_no_curand(machine, monkeypatch):
    monkeypatch.setattr(cuda, "_curand", lambda toolkit: None)
    assert "pip install nvidia-curand" in cuda_problem()


def test_no_brian2cuda(monkeypatch):
    monkeypatch.setattr(cuda.importlib.util, "find_spec", lambda name: None)
    assert "the package brian2cuda is missing; install it by pip install" in cuda_problem()


def test_another_brian2_than_brian2cuda_asks_for(monkeypatch):
    monkeypatch.setattr(cuda.importlib.util, "find_spec", lambda name: "there")
    monkeypatch.setattr(cuda.metadata, "requires", lambda name: ["numpy", "brian2==2.8.0"])
    monkeypatch.setattr(cuda.metadata, "version", lambda name: "9.9")
    assert "brian2cuda 9.9 works with brian2 2.8.0, but brian2 9.9 is installed" in cuda_problem()


def test_more_memory_than_the_card_has(machine):
    machine["nvidia-smi"] = "0, GPU-aaaa-1, NVIDIA H100, 9.0, 1\n"
    with pytest.raises(MemoryError, match=r"needs about .* NVIDIA H100 has 0\.0 GiB free; record"):
        hn.simulate(hn.effenberger_2025(30, seed=1), 1000, n_trials=10, device="cuda")


def full_structure(kicks="signed", coupling="auto", dtype="float64", plasticity=None):
    """Delays, kicks, blocks of trials and all monitors."""
    params = hn.effenberger_2025(6, n_inputs=2, heterogeneous=True, seed=1)
    rng = np.random.default_rng(1)
    params = params.replace(
        w_rec=sparse_random(6, 0.5, 1.0, rng), delays=uniform_delays(6, 1, 4, rng)
    )
    given = hn.PoissonKicks(10.0, 0.1, kicks)
    return make_structure(
        params,
        *(3, 50),
        every=2,
        record=("x", "y", "kicks", "spikes", *(["w_rec"] if plasticity else [])),
        kicks=given.draw(3, 50, params, 1) if kicks == "fixed" else given,
        coupling=coupling,
        dtype=dtype,
        plasticity=plasticity,
    )


@generates
@pytest.mark.brian2cuda
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("coupling", ["dense", "sparse", SpikeCoupling(0.1, 0.1)])
def test_code_generation(tmp_path, coupling, dtype):
    """The whole network becomes CUDA, with what re-runs need; no value is baked in."""
    structure = full_structure(coupling=coupling, dtype=dtype)
    files = standalone.generate(structure, cuda.cuda_target(capability=8.6), tmp_path)
    assert {"horn.x", "recorder.kick", "spikes.t"} <= set(files)
    kernels = {path.stem: path.read_text() for path in (tmp_path / "code_objects").glob("*.cu")}
    code = "\n".join(kernels.values())
    real = {"float64": "double", "float32": "float"}[dtype]
    wanted = {"projected"}
    if coupling == "dense":
        wanted |= {"remember", "coupled"}
    elif coupling == "sparse":
        wanted |= {"remember", "past_velocity"}
    assert set(re.findall(rf"__device__ {real} (\w+)\(const int", code)) == wanted
    assert any("thresholder" in name for name in kernels)
    main = (tmp_path / "main.cu").read_text()
    assert main.index("args.pop_back()") < main.index("random_number_buffer.set_seed(horn_seed)")
    assert main.index("set_seed(horn_seed)") < main.index("set_from_command_line(args)")
    objects = (tmp_path / "objects.cu").read_text()
    for value in ("horn.omega", "horn.kick_rate", "stimulus.values", "horn.spike_threshold"):
        assert f'if (name == "{value}")' in objects
    makefile = (tmp_path / "makefile").read_text()
    assert "-arch=sm_86" in makefile
    assert "fast_math" not in makefile
    assert "fast-math" not in makefile
    # Objects are found by lower-case names; others would be ignored silently.
    names = re.findall(r'if \(name == "([^"]+)"\)', objects)
    assert not [name for name in names if not name.split(".")[0].islower()]


@generates
@pytest.mark.brian2cuda
@pytest.mark.parametrize("rule", [hn.CovarianceRule(1.0), hn.PhaseRule(1.0)])
def test_code_generation_of_plastic_connections(tmp_path, rule):
    structure = full_structure(plasticity=rule)
    files = standalone.generate(structure, cuda.cuda_target(capability=8.6), tmp_path)
    assert {"recurrent.w", "weight_recorder.w"} <= set(files)
    assert list((tmp_path / "code_objects").glob("recurrent_stateupdater_codeobject*.cu"))
    objects = (tmp_path / "objects.cu").read_text()
    for value in ("recurrent.rate", "recurrent.bound", "learns.values", "horn.sine_of_shift"):
        assert f'if (name == "{value}")' in objects


@generates
@pytest.mark.brian2cuda
def test_brian2_is_left_as_it_was_after_generating(tmp_path):
    import brian2
    import brian2cuda  # noqa: F401
    from brian2.devices.device import get_device

    before = (get_device(), dict(brian2.prefs))
    standalone.generate(full_structure(), cuda.cuda_target(), tmp_path)
    assert (get_device(), dict(brian2.prefs)) == before


@generates
@pytest.mark.nvcc
@pytest.mark.timeout(900)
@pytest.mark.parametrize("plasticity", [None, hn.CovarianceRule(1.0)], ids=["fixed", "plastic"])
def test_compilation(tmp_path, plasticity):
    """Delays, kicks that are drawn on the GPU, blocks, all monitors: one program that links."""
    target = cuda.cuda_target()
    standalone.generate(full_structure(plasticity=plasticity), target, tmp_path)
    done = subprocess.run(
        ["make", "-j2"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # It starts; without a GPU it gets no further than asking for one.
    if cuda_problem():
        run = subprocess.run(["./main", "7"], cwd=tmp_path, capture_output=True, text=True)
        assert "CUDA" in run.stderr + run.stdout
        assert run.returncode != 0
