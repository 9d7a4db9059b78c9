"""The cuda device: what is missing, generated code, compilation, and runs in the emulation.

All other tests of the simulator run on it as well, see the fixture `device`.
"""

import json
import re
import subprocess

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays
from horn_neuro.simulator import SpikeCoupling, cuda, cuda_problem, standalone
from horn_neuro.simulator.program import Program
from horn_neuro.simulator.terms import (
    Crossings,
    Inputs,
    Oscillators,
    Sizes,
    coupling_terms,
    kicks_term,
)

ROW = "0, GPU-aaaa-1, NVIDIA H100, 9.0, 70000\n1, GPU-bbbb-2, NVIDIA A2, 8.6, 15000\n"
LISTED = """GPU 0: NVIDIA H100 (UUID: GPU-aaaa-1)
GPU 1: NVIDIA A2 (UUID: GPU-bbbb-2)
  MIG 1g.10gb     Device  0: (UUID: MIG-cccc-3)
  MIG 1g.10gb     Device  1: (UUID: MIG-GPU-bbbb-2/1/0)
"""


pytestmark = [
    # brian2cuda leaves the files that it writes to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A pretended machine, on which everything is as it should be, until a test changes it."""
    answers = {"nvidia-smi": ROW, "-L": LISTED, "--version": "release 12.4, V12"}
    answers["--list-gpu-arch"] = "compute_80\ncompute_86\ncompute_90\n"

    def ask(*command):
        return answers[next(word for word in reversed(command) if word in answers)]

    ask.cache_clear = lambda: None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvcc").touch()
    monkeypatch.setattr(cuda, "_ask", ask)
    monkeypatch.setattr(cuda, "brian2cuda_problem", lambda: None)
    monkeypatch.setattr(cuda, "compiler_problem", lambda: None)
    monkeypatch.setattr(cuda, "_library", lambda toolkit, name: (None, None))
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
        ("MIG-GPU-bbbb-2/1/0", "NVIDIA A2"),
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


@pytest.mark.parametrize("name", ["curand", "cublas"])
def test_a_library_is_missing(machine, monkeypatch, name):
    monkeypatch.setattr(cuda, "_library", lambda toolkit, wanted: None if wanted == name else ())
    assert f"install the toolkit's lib{name}-dev, or pip install nvidia-{name}" in cuda_problem()


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


def test_the_memory_of_a_slice_is_its_own(machine, monkeypatch):
    """Of a GPU in slices the driver tells no memory, or that of the whole."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-cccc-3")
    assert cuda.find_gpu().free_memory == 10_000 * 2**20
    machine["nvidia-smi"] = ROW.replace("15000", "[N/A]")
    assert cuda.find_gpu().free_memory == 10_000 * 2**20
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert cuda.find_gpu().free_memory is None


RULES = [hn.CovarianceRule(1.0), hn.PhaseRule(1.0)]


def full_program(kicks="signed", coupling="auto", dtype="float64", plasticity=None):
    """Delays, kicks, blocks of trials, and all records."""
    params = hn.effenberger_2025(6, n_inputs=2, heterogeneous=True, seed=1)
    rng = np.random.default_rng(1)
    params = params.replace(
        w_rec=sparse_random(6, 0.5, 1.0, rng), delays=uniform_delays(6, 1, 4, rng)
    )
    given = hn.PoissonKicks(10.0, 0.1, kicks)
    sizes = Sizes(6, 2, n_trials=3, n_steps=50, step=1e-3, every=2, dtype=dtype)
    learning = np.ones(50, bool)
    terms = [
        Oscillators(sizes, params),
        Inputs(sizes, params.w_in, np.ones((3, 50, 2))),
        *coupling_terms(sizes, params, coupling, plasticity, learning),
        Crossings(sizes, 0.0),
        kicks_term(sizes, given.draw(3, 50, params, 1) if kicks == "fixed" else given),
    ]
    record = ("x", "y", "kicks", "spikes", *(["w_rec"] if plasticity else []))
    return Program(sizes, terms, record, hn.State.zero(6))


COUPLINGS = [
    {"coupling": "dense"},
    {"coupling": "sparse"},
    {"coupling": SpikeCoupling(0.1, 0.1)},
    {"plasticity": RULES[0]},
    {"plasticity": RULES[1]},
]
every_coupling = pytest.mark.parametrize(
    "options", COUPLINGS, ids=["dense", "sparse", "spikes", "covariance", "phase"]
)


@pytest.mark.brian2cuda
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@every_coupling
def test_code_generation(tmp_path, options, dtype):
    """The whole network becomes CUDA, with what re-runs need; no value is baked in."""
    program = full_program(dtype=dtype, **options)
    manifest = standalone.generate(program, cuda.cuda_target(capability=8.6), tmp_path)
    assert {"horn.x", "horn.y"} <= set(manifest["files"])
    main = (tmp_path / "main.cu").read_text()
    assert main.index("args.pop_back()") < main.index("random_number_buffer.set_seed(horn_seed)")
    assert main.index("set_seed(horn_seed)") < main.index("set_from_command_line(args)")
    # One clock: brian2cuda draws its random numbers once for each.
    assert main.count("_run_random_number_buffer)") == 1
    for name in ("x", "y", "kicks"):
        assert f'static horn::Tape tape_{name}("{name}"' in main
    assert re.search(r"gather_horn_\w+\.(sum<(true|false)>|each)\(", main)
    objects = (tmp_path / "objects.cu").read_text()
    for value in program.values():
        assert f'if (name == "{value}")' in objects
    makefile = (tmp_path / "makefile").read_text()
    assert "-arch=sm_86" in makefile
    assert "fast_math" not in makefile
    assert "fast-math" not in makefile
    # Objects are found by lower-case names; others would be ignored silently.
    names = re.findall(r'if \(name == "([^"]+)"\)', objects)
    assert not [name for name in names if not name.split(".")[0].islower()]


@pytest.mark.brian2cuda
def test_brian2_is_left_as_it_was_after_generating(tmp_path):
    import brian2
    import brian2cuda  # noqa: F401
    from brian2.devices.device import get_device

    before = (get_device(), dict(brian2.prefs))
    standalone.generate(full_program(), cuda.cuda_target(), tmp_path)
    assert (get_device(), dict(brian2.prefs)) == before


@pytest.mark.nvcc
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "options", [{**COUPLINGS[2], "dtype": "float32"}, COUPLINGS[3]], ids=["spikes", "plastic"]
)
def test_compilation(tmp_path, options):
    """Delays, kicks that are drawn on the GPU, blocks, all records: one program that links."""
    standalone.generate(full_program(**options), cuda.cuda_target(), tmp_path)
    done = subprocess.run(
        ["make", "-j2"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # It starts; without a GPU it gets no further than asking for one.
    if cuda_problem():
        run = subprocess.run(["./main", "7"], cwd=tmp_path, capture_output=True, text=True)
        assert "CUDA" in run.stderr + run.stdout
        assert run.returncode != 0


def make_network(n_units=10, n_trials=7, n_steps=60, longest=5):
    """A network with delays, its input and its kicks."""
    rng = np.random.default_rng(5)
    params = hn.effenberger_2025(n_units, n_inputs=2, heterogeneous=True, seed=1)
    params = params.replace(
        w_rec=sparse_random(n_units, 0.6, 1.2, rng), delays=uniform_delays(n_units, 1, longest, rng)
    )
    shape = n_trials, n_steps, n_units
    kicks = hn.DrawnKicks(rng.normal(0, 0.1, shape) * (rng.random(shape) < 0.1))
    return params, {"stimulus": rng.random((n_trials, n_steps, 2)), "kicks": kicks}


@pytest.mark.cuda_on_cpu
@pytest.mark.parametrize("longest", [1, 5, 16, 17])
@pytest.mark.parametrize(("n_units", "n_trials"), [(5, 1), (37, 3), (9, 200)])
def test_every_way_of_summing_equals_numpy(cuda_on_cpu, n_units, n_trials, longest):
    """Products over ages up to a ring of 16, a gather beyond; threads side by side in all ways."""
    cuda_on_cpu(order="backward", block=7)
    params, inputs = make_network(n_units, n_trials, 40, longest)
    dense = params.replace(w_rec=np.random.default_rng(1).normal(0, 1, (n_units, n_units)))
    for network in (params, dense):
        runs = [
            hn.simulate(network, **inputs, device=device, coupling="sparse")
            for device in ("numpy", "cuda")
        ]
        numpy, found = (run.data["y"].values for run in runs)
        assert np.abs(numpy - found).max() < 1e-12 * np.abs(numpy).max()


@pytest.mark.cuda_on_cpu
@every_coupling
def test_all_orders_of_threads_give_equal_bits(cuda_on_cpu, options):
    """No operation is atomic, so that no order can show."""
    params, inputs = make_network()
    record = ("x", "y", "kicks", "spikes", *(["w_rec"] if "plasticity" in options else []))
    runs = []
    for order, block in (("forward", 32), ("backward", 1024), (11, 7), (12, 3)):
        cuda_on_cpu(order=order, block=block)
        runs.append(hn.simulate(params, **inputs, **options, record=record, device="cuda", seed=1))
    first = runs[0]
    assert len(first.spikes) > 50
    order = np.lexsort((first.spikes.trial, first.spikes.unit, first.spikes.sample))
    assert np.array_equal(order, np.arange(len(order)))
    for other in runs[1:]:
        for name, values in first.data.data_vars.items():
            assert np.array_equal(values, other.data[name]), name


@pytest.mark.cuda_on_cpu
def test_recording_takes_one_array_and_one_copy(cuda_on_cpu, tmp_path):
    """Not one of each for every unit and trial, as with brian2cuda's monitors."""
    cuda_on_cpu(log=tmp_path / "calls.json")
    params = hn.effenberger_2025(256, heterogeneous=True, seed=1)
    hn.simulate(params, 40, n_trials=64, device="cuda", record=("x", "y"))
    calls = json.loads((tmp_path / "calls.json").read_text())
    assert calls["cudaMalloc"] <= 60
    assert calls["cudaMemcpy DtoH"] <= 40
    assert calls["cudaMemcpyAsync DtoD"] == 2 * 40
    # Two products and the update of the state, and nothing else.
    assert calls["cublasDgemm"] == 2 * 40
    launches = {name: n for name, n in calls.items() if name.startswith("launch")}
    assert list(launches.values()) == [40], launches


@pytest.mark.cuda_on_cpu
@pytest.mark.parametrize(
    "options", [COUPLINGS[0], COUPLINGS[2], COUPLINGS[3]], ids=["dense", "spikes", "covariance"]
)
def test_sanitizers_find_nothing(cuda_on_cpu, tmp_path, monkeypatch, options):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    cuda_on_cpu(order="backward", block=7, sanitize=True)
    params, inputs = make_network(longest=17)
    found = hn.simulate(params, **inputs, **options, record=("x", "spikes"), device="cuda")
    assert np.isfinite(found.data["x"]).all()


@pytest.mark.cuda_on_cpu
@pytest.mark.parametrize(
    ("machine", "error", "message"),
    [
        ({"gpu": "none"}, RuntimeError, "no NVIDIA GPU: nvidia-smi lists none.*device='cpp'"),
        ({"capability": 3.5}, RuntimeError, "cannot compile for Emulated GPU .*3.5; it knows"),
        ({"free": 2**20}, MemoryError, r"has 0.0 GiB free; record fewer variables"),
        ({"memory": 2**20, "free": 2**34}, RuntimeError, "less memory left .* another process"),
        ({"busy": True}, RuntimeError, "another process has the GPU to itself.*wait for it"),
    ],
    ids=["none", "old", "small", "taken", "busy"],
)
def test_gpus_that_cannot_run_it(cuda_on_cpu, machine, error, message):
    cuda_on_cpu(**machine)
    with pytest.raises(error, match=message):
        hn.simulate(hn.effenberger_2025(40, seed=1), 2000, n_trials=3, device="cuda")


@pytest.mark.cuda_on_cpu
def test_a_slice_of_a_gpu(cuda_on_cpu, monkeypatch):
    cuda_on_cpu(mig=2, free="[N/A]")
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True)
    names = re.findall(r"UUID: (MIG-[^)]+)", listed.stdout)
    assert len(names) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", names[1])
    assert cuda_problem() is None
    found = hn.simulate(hn.effenberger_2025(4, seed=1), 10, device="cuda")
    assert found.provenance["device"] == "cuda"
