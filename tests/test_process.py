"""The process is the user's: what simulations use of it, they leave as they found it."""

import gc
import signal
import subprocess
import sys
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

    from horn_neuro.twin import HornNetwork, Task, TrainingConfig, train

    rng = np.random.default_rng(1)
    inputs = torch.from_numpy(rng.random((20, 12, 1), np.float32))
    task = Task(inputs, torch.arange(20) % 3, 5)
    model = HornNetwork(hn.effenberger_2025(4, n_outputs=3, seed=1), backend)
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
def test_what_the_user_has_set_decides_nothing(device):
    """Brian2's preferences, random numbers, clocks, and limits of time."""
    import brian2
    from brian2.devices.device import runtime_device

    expected = _simulate(device).data["x"].values
    before, generator = dict(brian2.prefs), np.random.get_bit_generator()
    state = np.random.get_state()
    try:
        brian2.prefs["core.network.default_schedule"] = list(MINE)
        brian2.prefs["core.default_float_dtype"] = np.float32
        brian2.prefs["codegen.loop_invariant_optimisations"] = False
        brian2.prefs["codegen.cpp.define_macros"] = [("tanh", "sin")]
        np.random.set_bit_generator(np.random.PCG64(3))
        runtime_device._set_maximum_run_time(1e-9 * brian2.second)
        found = _simulate(device).data["x"].values
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
