"""Choosing devices, reusing binaries, and leaving Brian2 as it was."""

import subprocess
import sys

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.parameters import sparse_random
from horn_neuro.simulator import devices, standalone
from horn_neuro.simulator.terms import Sizes, coupling_terms, kicked


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")


def test_without_a_compiler_auto_falls_back_and_says_so(no_compiler, params, monkeypatch):
    monkeypatch.setattr(devices, "LONG_JOB", 0.0)
    with pytest.warns(UserWarning, match=r"falls back to numpy: g\+\+ and make not found"):
        recording = hn.simulate(params, 10)
    assert recording.provenance["device"] == "numpy"


@pytest.mark.parametrize("device", ["cpp", "cython"])
def test_without_a_compiler_a_named_device_is_refused(no_compiler, params, device):
    with pytest.raises(RuntimeError, match=f"'{device}' needs a compiler.*apt install"):
        hn.simulate(params, 10, device=device)


def test_short_jobs_run_on_numpy(params, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    assert hn.simulate(params, 10).provenance["device"] == "numpy"


@pytest.mark.compiler
def test_auto_takes_cpp_for_long_jobs_and_compiled_networks(params, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(devices, "LONG_JOB", 0.0)
        assert hn.simulate(params, 11).provenance["device"] == "cpp"
    assert hn.simulate(params, 11).provenance["device"] == "cpp"
    assert hn.simulate(params, 12).provenance["device"] == "numpy"


@pytest.mark.compiler
def test_a_binary_is_used_again_for_other_values(params, monkeypatch):
    """Everything that is a value changes, and nothing is compiled."""
    rng = np.random.default_rng(1)
    delays = rng.integers(1, 4, (6, 6))
    delays[0, 0] = 3
    first = params.replace(delays=delays)
    options = {"device": "cpp", "every": 2}
    hn.simulate(first, 40, kicks=hn.PoissonKicks(10.0, 0.1), seed=1, **options)

    def compiled(*args):
        raise AssertionError("compiled again")

    monkeypatch.setattr(standalone, "_compile", compiled)
    second = hn.effenberger_2025(6, n_outputs=5, heterogeneous=True, seed=9)
    second = second.replace(delays=delays.T, h=0.8, w_rec=rng.normal(0, 1, (6, 6)))
    call = {
        "stimulus": rng.random((40, 1)),
        "initial": hn.State.random(1, 6, 0.3, rng),
        "kicks": hn.PoissonKicks(1000.0, 0.2, "signed"),
        "seed": 2,
    }
    assert hn.simulate(second, **call, **options).provenance["device"] == "cpp"
    with pytest.raises(AssertionError, match="compiled again"):
        hn.simulate(second.replace(delays=None), **call, **options)


@pytest.mark.compiler
def test_a_later_process_does_not_compile(params):
    kicks = hn.PoissonKicks(10.0, 0.1)
    here = hn.simulate(params, 33, kicks=kicks, seed=5, device="cpp")
    code = (
        "import sys, horn_neuro as hn\n"
        "from horn_neuro.simulator import standalone\n"
        "standalone._compile = None\n"
        "params = hn.effenberger_2025(6, n_outputs=3, heterogeneous=True, seed=1)\n"
        "rec = hn.simulate(params, 33, kicks=hn.PoissonKicks(10.0, 0.1), seed=5, device='cpp')\n"
        "assert 'brian2' not in sys.modules\n"
        "print(repr(rec.data['x'].values.sum().item()))\n"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(there.stdout) == here.data["x"].values.sum()


@pytest.mark.compiler
def test_a_failed_compilation_is_reported_and_leaves_nothing(params, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    monkeypatch.setattr(standalone, "_TAKE_SEED", "this is not C++;")
    with pytest.raises(RuntimeError, match="compiling the network failed"):
        hn.simulate(params, 10, device="cpp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.compiler
def test_values_that_do_not_fit_the_program_stop_it(params, monkeypatch):
    from horn_neuro.simulator.program import Program

    hn.simulate(params, 10, device="cpp")
    make_values = Program.values

    def wrong(self):
        values = make_values(self)
        return {**values, "horn.omega": values["horn.omega"][:-1]}

    monkeypatch.setattr(Program, "values", wrong)
    with pytest.raises(RuntimeError, match="horn.omega has 5 values instead of 6"):
        hn.simulate(params, 10, device="cpp")


def test_brian2_is_left_as_it_was(device, params):
    import brian2
    from brian2.devices.device import get_device

    brian2.defaultclock.dt = 0.3 * brian2.ms
    np.random.seed(12)
    expected = np.random.RandomState(12).random(3)
    before = (get_device(), dict(brian2.prefs))
    try:
        hn.simulate(params, 10, kicks=hn.PoissonKicks(10.0, 0.1), device=device)
        assert (get_device(), dict(brian2.prefs)) == before
        assert brian2.defaultclock.dt == 0.3 * brian2.ms
        assert np.array_equal(np.random.random(3), expected)
    finally:
        brian2.defaultclock.dt = 0.1 * brian2.ms


def test_brian2_is_left_as_it_was_after_an_error(params, monkeypatch):
    import brian2
    from brian2.devices.device import get_device

    before = (get_device(), dict(brian2.prefs))
    monkeypatch.setitem(kicked._NEW_KICK, "fixed", "no such thing")
    with pytest.raises(Exception, match="Error encountered with object"):
        hn.simulate(params, 10, kicks=hn.PoissonKicks(10.0, 0.1, "fixed"), device="numpy")
    assert (get_device(), dict(brian2.prefs)) == before


@pytest.mark.compiler
def test_a_standalone_simulation_under_construction_is_not_touched(device, params):
    import brian2
    from brian2.devices.device import get_device, reset_device, set_device

    set_device("cpp_standalone", build_on_run=False)
    try:
        group = brian2.NeuronGroup(2, "v : 1", name="mine")
        arrays = set(get_device().arrays)
        hn.simulate(params, 10, device=device)
        assert get_device() is brian2.all_devices["cpp_standalone"]
        assert set(get_device().arrays) == arrays
        assert group.name == "mine"
    finally:
        get_device().reinit()
        reset_device()


def test_coupling_is_chosen_by_density():
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(60, seed=1)

    def chosen(w_rec):
        sizes = Sizes(60, 1, 1, 10, 1e-3)
        return coupling_terms(sizes, params.replace(w_rec=w_rec), "auto")[0].name

    assert chosen(params.w_rec) == "dense"
    assert chosen(sparse_random(60, 0.01, 1.0, rng)) == "sparse"
    # No connection at all: a value like any other of the dense network.
    assert chosen(np.zeros((60, 60))) == "dense"
