"""The process is the user's: what simulations use of it, they leave as they found it."""

import gc
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from process_state import left_as_found

import horn_neuro as hn

RUNTIME = ["numpy", pytest.param("cython", marks=pytest.mark.compiler)]
DEVICES = [*RUNTIME, pytest.param("cpp", marks=pytest.mark.compiler)]
# A schedule of the user's.
MINE = ("start", "synapses", "groups", "thresholds", "resets", "end")


@pytest.fixture
def users():
    """A user with a process that is set up: a figure, preferences, seeds, a drawn number."""
    import brian2
    import matplotlib
    from matplotlib import pyplot as plt

    matplotlib.use("agg")
    preferences, random_state = dict(brian2.prefs), np.random.get_state()
    step = brian2.defaultclock.dt
    brian2.prefs["core.network.default_schedule"] = list(MINE)
    brian2.prefs["core.default_float_dtype"] = np.float32
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-O0"]
    brian2.prefs["codegen.runtime.cython.multiprocess_safe"] = False
    brian2.defaultclock.dt = 0.3 * brian2.ms
    np.random.seed(12)
    np.random.standard_normal()  # a second one is drawn with it, and kept
    figure = plt.figure("the user's")
    yield
    plt.close(figure)
    np.random.set_state(random_state)
    brian2.defaultclock.dt = step
    for name, value in preferences.items():
        brian2.prefs[name] = value


def _simulate(device, **options):
    params = hn.effenberger_2025(4, heterogeneous=True, seed=1)
    return hn.simulate(
        params, 60, n_trials=3, kicks=hn.PoissonKicks(50.0, 0.1), seed=1, device=device, **options
    )


def _refused(folder):
    with pytest.raises(ValueError, match="every"):
        _simulate("numpy", every=0)


def _styled(folder):
    from matplotlib import pyplot as plt

    from horn_neuro.report import styled

    with styled():
        figure, ax = plt.subplots()
        ax.plot([1, 2])
        figure.savefig(folder / "figure.png")


def _train(folder, backend):
    from lightning_fabric import Fabric

    from horn_neuro.twin import HornClassifier, Task, TrainingConfig, train

    rng = np.random.default_rng(1)
    inputs = torch.from_numpy(rng.random((20, 12, 1), np.float32))
    task = Task(inputs, torch.arange(20) % 3, 5)
    model = HornClassifier(hn.effenberger_2025(4, n_outputs=3, seed=1), backend)
    config = TrainingConfig(epochs=1, batch_size=5)
    train(model, task, config, folder, fabric=Fabric(accelerator="cpu"))


def _analyse(folder):
    from horn_neuro import analysis

    rng = np.random.default_rng(1)
    data = rng.standard_normal((20, 3, 400))
    analysis.wpli_over_trials(data, band=(10.0, 20.0), sfreq=200.0)
    analysis.ppc_over_trials(data, band=(10.0, 20.0), sfreq=200.0)
    analysis.fit_power_law(rng.zipf(2.5, 500))
    analysis.lyapunov_spectrum(hn.effenberger_2025(4, seed=1), n_exponents=2, n_steps=50)


def _record(folder):
    recording = _simulate("numpy")
    recording.save(folder / "recording.nc")
    hn.load_recording(folder / "recording.nc").to_epochs()
    recording.to_raw()


def _files_of_networks(folder):
    params = hn.effenberger_2025(4, heterogeneous=True, seed=1)
    params.save(folder / "network.safetensors")
    assert hn.load_parameters(folder / "network.safetensors") == params
    twin = hn.HornNetwork(params, "reference", dtype=torch.float64)
    assert twin(torch.ones(1, 5, 1, dtype=torch.float64), record=True).recording
    twin.to_parameters()


def _decode(folder):
    from horn_neuro import analysis

    rng = np.random.default_rng(1)
    snapshots, labels = rng.random((20, 3, 2)), np.arange(20) % 2
    analysis.separability_over_time(snapshots, labels, np.arange(20), n_permutations=2)


CALLS = {
    "numpy": lambda folder: _simulate("numpy"),
    "numpy, float32": lambda folder: _simulate("numpy", dtype="float32"),
    "numpy, plastic": lambda folder: _simulate("numpy", plasticity=hn.CovarianceRule(1e-3, 20)),
    "cython": lambda folder: _simulate("cython"),
    "cpp": lambda folder: _simulate("cpp"),
    "an error": _refused,
    "training": lambda folder: _train(folder, "analytic"),
    "training, compiled": lambda folder: _train(folder, "native"),
    "files of networks": _files_of_networks,
    "analyses": _analyse,
    "decoding": _decode,
    "recordings": _record,
    "figures": _styled,
}


@pytest.mark.compiler
@pytest.mark.parametrize("call", CALLS)
def test_the_process_is_left_as_it_was(call, users, tmp_path):
    CALLS[call](tmp_path)  # imports what it needs
    with left_as_found():
        CALLS[call](tmp_path)


def test_the_first_call_leaves_handlers_and_hooks_alone():
    """Importing Brian2 sets those of Ctrl-C, errors and warnings; in a thread, it cannot."""
    code = """
import logging, signal, sys, threading, warnings
import horn_neuro as hn
def found():
    return signal.getsignal(signal.SIGINT), sys.excepthook, warnings.showwarning
before, done = found(), []
params = hn.effenberger_2025(2, seed=1)
thread = threading.Thread(target=lambda: done.append(hn.simulate(params, 5, device="numpy")))
thread.start(), thread.join()
assert len(done) == 1
assert found() == before
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("device", DEVICES)
def test_what_the_user_has_set_decides_nothing(device, params):
    """Brian2's preferences, random numbers, clocks, and limits of time."""
    import brian2
    from brian2.devices.device import runtime_device

    def run():
        kicks = hn.PoissonKicks(200.0, 0.1)
        return hn.simulate(params, 101, kicks=kicks, seed=1, device=device).data["x"].values

    expected = run()
    before, generator = dict(brian2.prefs), np.random.get_bit_generator()
    state = np.random.get_state()
    try:
        brian2.prefs["core.network.default_schedule"] = list(MINE)
        brian2.prefs["core.default_float_dtype"] = np.float32
        brian2.prefs["codegen.loop_invariant_optimisations"] = False
        brian2.prefs["codegen.cpp.define_macros"] = [("tanh", "sin")]
        np.random.set_bit_generator(np.random.PCG64(3))
        runtime_device._set_maximum_run_time(1e-9 * brian2.second)
        found = run()
        assert isinstance(np.random.get_bit_generator(), np.random.PCG64)
    finally:
        runtime_device._set_maximum_run_time(None)
        np.random.set_bit_generator(generator)
        np.random.set_state(state)
        for name, value in before.items():
            brian2.prefs[name] = value
    np.testing.assert_array_equal(found, expected)


@pytest.mark.compiler
@pytest.mark.parametrize("device", DEVICES)
def test_a_standalone_simulation_under_construction_gets_no_line(device, params):
    """Not the seed of ours, nor a step of a clock."""
    import brian2
    from brian2.core.names import find_name
    from brian2.devices.device import get_device, reset_device, set_device

    before = brian2.defaultclock.dt
    set_device("cpp_standalone", build_on_run=False)
    try:
        brian2.seed(5)
        group = brian2.NeuronGroup(2, "dv/dt = -v/second : 1", method="euler")
        group.v = 1
        gc.collect()  # names of what is forgotten in between would be free again
        following = find_name("neurongroup*")
        lines = [repr(line) for line in get_device().main_queue]
        hn.simulate(params, 10, kicks=hn.PoissonKicks(10.0, 0.1), device=device)
        assert [repr(line) for line in get_device().main_queue] == lines
        assert brian2.NeuronGroup(1, "w : 1").name == following
    finally:
        get_device().defaultclock.dt = before
        get_device().reinit()
        reset_device()


@pytest.mark.compiler
@pytest.mark.changes_process
def test_numbers_that_are_drawn_ahead_are_the_users(params):
    """Cython code draws 20,000 at a time: a simulation of the user's goes on where it was."""
    import brian2

    def drawn(between):
        brian2.prefs["codegen.target"] = "cython"
        try:
            brian2.seed(3)
            group = brian2.NeuronGroup(3, "v : 1")
            group.run_regularly("v = rand()")
            network, values = brian2.Network(group), []
            for _ in range(3):
                network.run(1 * brian2.ms)
                values.append(np.array(group.v))
                between()
        finally:
            brian2.prefs["codegen.target"] = "auto"
        return values

    kicks = hn.PoissonKicks(100.0, 0.1)
    expected = drawn(lambda: None)
    found = drawn(lambda: hn.simulate(params, 20, kicks=kicks, device="cython"))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.compiler
def test_processes_run_side_by_side(tmp_path):
    """Four at once, which need one network that nobody has compiled: one compiles, all agree."""
    code = (
        "import horn_neuro as hn\n"
        "from horn_neuro.simulator import standalone\n"
        "make = standalone.generate\n"
        "def generate(*args):\n    print('compiles'); return make(*args)\n"
        "standalone.generate = generate\n"
        "params = hn.effenberger_2025(4, seed=1)\n"
        "print(hn.simulate(params, 23, kicks=hn.PoissonKicks(99.0, 0.1), seed=2, device='cpp')"
        ".data['x'].values.tobytes().hex())"
    )
    env = os.environ | {"HORN_NEURO_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [process.communicate()[0].split() for process in running]
    assert sum("compiles" in words for words in said) == 1
    assert len({words[-1] for words in said}) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("device", DEVICES)
def test_a_standalone_simulation_of_the_user_keeps_its_step(device, params):
    import brian2
    from brian2.devices.device import get_device, reset_device, set_device

    before = brian2.defaultclock.dt
    set_device("cpp_standalone", build_on_run=False)
    try:
        brian2.defaultclock.dt = 0.5 * brian2.ms
        hn.simulate(params, 10, device=device)
        assert brian2.defaultclock.dt == 0.5 * brian2.ms
    finally:
        get_device().defaultclock.dt = before
        get_device().reinit()
        reset_device()
    assert brian2.defaultclock.dt == before
    hn.simulate(params, 10, device=device)
    assert brian2.defaultclock.dt == before


@pytest.mark.parametrize("device", DEVICES)
def test_a_schedule_of_the_user_changes_nothing(device, params):
    import brian2

    stimulus = np.random.default_rng(1).random((30, 1))
    kicks = hn.PoissonKicks(100.0, 0.1).draw(1, 30, params, 1)
    expected = hn.simulate(params, stimulus, kicks=kicks, device=device).data["x"]
    before = brian2.prefs["core.network.default_schedule"]
    try:
        brian2.prefs["core.network.default_schedule"] = [
            "start",
            "synapses",
            "thresholds",
            "groups",
            "resets",
            "end",
        ]
        found = hn.simulate(params, stimulus, kicks=kicks, device=device).data["x"]
    finally:
        brian2.prefs["core.network.default_schedule"] = before
    np.testing.assert_array_equal(found, expected)


# One for each thread: devices, precisions, kicks and networks.
TOGETHER = {
    "numpy": {"device": "numpy", "dtype": "float64", "kicks": hn.PoissonKicks(200.0, 0.1)},
    "numpy, single": {"device": "numpy", "dtype": "float32", "kicks": hn.PoissonKicks(90.0, 1.0)},
    "cython": {"device": "cython", "dtype": "float64", "kicks": hn.PoissonKicks(150.0, 0.2)},
    "cpp": {"device": "cpp", "dtype": "float64", "kicks": hn.PoissonKicks(200.0, 0.1)},
}


@pytest.mark.parametrize(
    "threads",
    [
        ("numpy", "numpy, single", "numpy", "numpy, single"),
        pytest.param(("numpy, single", "cython", "cpp", "cpp"), marks=pytest.mark.compiler),
    ],
)
def test_threads_wait_for_each_other(threads, params):
    """Different devices, precisions, kicks and networks at once: each gets what it gets alone."""
    networks = [params.replace(alpha=0.05 * (1 + k)) for k in range(len(threads))]

    def run(k):
        return hn.simulate(networks[k], 200, seed=k, **TOGETHER[threads[k]]).data["x"].values

    alone = [run(k) for k in range(len(threads))]
    with ThreadPoolExecutor(len(threads)) as pool:
        together = list(pool.map(run, range(len(threads))))
    for found, expected in zip(together, alone, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.compiler
def test_devices_run_side_by_side_in_processes(tmp_path):
    """Nothing is compiled yet, and two of them compile the same."""
    code = (
        "import sys, horn_neuro as hn\n"
        "params = hn.effenberger_2025(4, seed=1)\n"
        "rec = hn.simulate(params, 60, initial=hn.State.random(1, 4, 1.0, "
        "hn.parameters.generator(1, 'x')), device=sys.argv[1])\n"
        "print(rec.data['x'].values.tobytes().hex())"
    )
    env = os.environ | {"HORN_NEURO_CACHE": str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, device], env=env, stdout=subprocess.PIPE, text=True
        )
        for device in ("cython", "cpp", "cython")
    ]
    said = [process.communicate()[0].strip() for process in running]
    first, other, second = (np.frombuffer(bytes.fromhex(text)) for text in said)
    assert first.size == 240
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() < 1e-12 * np.abs(first).max()


SCRIPT = """
import sys, numpy as np, horn_neuro as hn
params = hn.effenberger_2025(20, seed=1)
hn.simulate(params, 10, n_trials=20, record=(), device={device!r})
print("ready", flush=True)
try:
    hn.simulate(params, {steps}, n_trials=20, record=(), device={device!r})
except KeyboardInterrupt:
    print("interrupted", flush=True)
else:
    print("returned", flush=True)
"""


@pytest.fixture
def pressed():
    """SIGINT raises KeyboardInterrupt, even where the tests run in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("pressed")
def test_an_interrupt_that_brian2_swallows_is_raised_after_all(params, monkeypatch):
    """It comes while an object is forgotten, where Python can raise nothing."""
    from horn_neuro.simulator import operations

    class Forgotten:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    steps = []
    python = operations.Product.python

    def interrupted(self, arrays):
        product = python(self, arrays)

        def run(k):
            steps.append(k)
            if k == 5:
                Forgotten()
            return product(k)

        return run

    monkeypatch.setattr(operations.Product, "python", interrupted)
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: lost.append(what.exc_type))
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        hn.simulate(params, 1000, device="numpy")
    assert set(lost) == {KeyboardInterrupt}
    assert max(steps) <= 6
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(
    ("device", "steps"),
    [("numpy", 10**6), pytest.param("cython", 10**6, marks=pytest.mark.compiler)],
)
def test_ctrl_c_ends_a_simulation_and_returns_nothing(device, steps):
    code = SCRIPT.format(device=device, steps=steps)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        started = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 5  # on a busy machine; a second on a quiet one
        assert process.wait() == 0


INTERRUPTED = """
import os, sys
import horn_neuro as hn
from horn_neuro.simulator import standalone

def says(what, function):
    def call(command, *args, **options):
        if {waits!r} in command:
            print("ready", flush=True)
        return function(command, *args, **options)
    return call

standalone.run_compiler = says("make", standalone.run_compiler)
standalone.subprocess.run = says("./main", standalone.subprocess.run)
params = hn.effenberger_2025(20, seed=1)
try:
    hn.simulate(params, 10**7, n_trials=20, record=(), device="cpp")
except KeyboardInterrupt:
    print("interrupted", flush=True)
else:
    print("returned", flush=True)
"""


@pytest.mark.compiler
@pytest.mark.parametrize("waits", ["make", "./main"])
def test_ctrl_c_ends_compilers_and_compiled_networks(waits, tmp_path):
    """Nothing half-written stays, and nothing runs on."""
    import psutil

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = os.environ | {"HORN_NEURO_CACHE": str(tmp_path / "cache"), "TMPDIR": str(scratch)}
    command = [sys.executable, "-c", INTERRUPTED.format(waits=waits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        started = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 5  # on a busy machine; a second on a quiet one
        assert process.wait() == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert list(scratch.iterdir()) == []
    if waits == "make":
        assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("pressed")
def test_a_second_press_spoils_nothing(users, params, monkeypatch):
    """It comes while the user's state is being put back, and waits until that is done."""
    from horn_neuro.simulator import devices

    monkeypatch.setattr(devices, "_own_random_numbers", pressed_on_leaving)
    with left_as_found(), pytest.raises(KeyboardInterrupt):
        hn.simulate(params, 20, device="numpy")


@contextmanager
def pressed_on_leaving(runtime, seed):
    yield
    signal.raise_signal(signal.SIGINT)
