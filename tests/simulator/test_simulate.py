"""The call itself: shapes, continuation, recording, errors."""

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.parameters import uniform_delays
from horn_neuro.simulator.program import Program
from horn_neuro.simulator.terms import Oscillators, Sizes
from horn_neuro.simulator.terms.velocities import Dense


def test_a_recording_continues_from_its_last_state(device):
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(5, heterogeneous=True, seed=1)
    params = params.replace(w_rec=rng.normal(0, 1, (5, 5)), delays=uniform_delays(5, 1, 4, rng))
    stimulus = rng.random((2, 60, 1))
    whole = hn.simulate(params, stimulus, device=device)
    first = hn.simulate(params, stimulus[:, :30], device=device)
    second = hn.simulate(params, stimulus[:, 30:], initial=first.final_state, device=device)
    joined = np.concatenate([part.data["x"].values for part in (first, second)], axis=2)
    assert np.allclose(joined, whole.data["x"].values, rtol=0, atol=1e-14)
    assert np.array_equal(whole.final_state.x, whole.data["x"].values[:, :, -1])
    assert np.array_equal(whole.final_state.y, whole.data["y"].values[:, :, -1])


def test_continuation_in_pieces_shorter_than_the_delay():
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(4, seed=1)
    params = params.replace(w_rec=rng.normal(0, 2, (4, 4)), delays=uniform_delays(4, 1, 9, rng))
    start = hn.State.random(1, 4, 1.0, rng)
    whole = hn.simulate(params, 8, initial=start, device="numpy")
    state, parts = start, []
    for _ in range(4):
        part = hn.simulate(params, 2, initial=state, device="numpy")
        state, parts = part.final_state, [*parts, part.data["x"].values]
    assert np.allclose(np.concatenate(parts, axis=2), whole.data["x"].values, atol=1e-14)


def test_every_and_record(device, params):
    stimulus = np.random.default_rng(1).random((2, 50, 1))
    kicks = hn.PoissonKicks(200.0, 0.1)
    options = {"kicks": kicks, "seed": 4, "device": device}
    full = hn.simulate(params, stimulus, record=("x", "kicks"), **options)
    thin = hn.simulate(params, stimulus, record=("x", "kicks"), every=4, **options)
    assert "y" not in thin.data
    assert np.array_equal(thin.data["x"].values, full.data["x"].values[:, :, ::4])
    assert np.array_equal(thin.data["time"].values, full.data["time"].values[::4])
    assert thin.sfreq == 250
    # Kicks are summed since the last sample: none is lost.
    each = full.data["kicks"].values
    assert np.allclose(thin.data["kicks"].values[:, :, 0], each[:, :, 0])
    for k in range(1, 13):
        summed = each[:, :, 4 * k - 3 : 4 * k + 1].sum(axis=2)
        assert np.allclose(thin.data["kicks"].values[:, :, k], summed)


def test_nothing_recorded_still_gives_the_final_state(params):
    recording = hn.simulate(params, 20, n_trials=3, record=(), device="numpy")
    assert recording.final_state.x.shape == (3, 6)
    assert list(recording.data.data_vars) == ["stimulus", "final_x", "final_y"]


def test_ways_to_give_the_number_of_trials(params):
    one = np.random.default_rng(1).random((10, 1))
    state = hn.State.random(4, 6, 0.1, np.random.default_rng(1))
    shape = {"device": "numpy", "record": "x"}
    assert hn.simulate(params, one, **shape).data.sizes["trial"] == 1
    assert hn.simulate(params, one, n_trials=2, **shape).data.sizes["trial"] == 2
    assert hn.simulate(params, one, labels=[1, 2, 3], **shape).data.sizes["trial"] == 3
    assert hn.simulate(params, one, initial=state, **shape).data.sizes["trial"] == 4
    assert hn.simulate(params, np.stack([one] * 5), **shape).data.sizes["trial"] == 5


def test_trials_do_not_touch_each_other(params):
    stimulus = np.random.default_rng(1).random((3, 40, 1))
    together = hn.simulate(params, stimulus, device="numpy")
    for k in range(3):
        alone = hn.simulate(params, stimulus[k], device="numpy")
        assert np.allclose(
            alone.data["x"].values[0], together.data["x"].values[k], rtol=0, atol=1e-15
        )


def test_segments(params):
    recording = hn.simulate(params, 30, segments={"rest": 10, "stimulus": 20}, device="numpy")
    assert recording.segments == {"rest": (0, 10), "stimulus": (10, 20)}
    assert hn.simulate(params, 5, device="numpy").segments == {"rest": (0, 5)}
    assert hn.simulate(params, np.ones((5, 1)), device="numpy").segments == {"stimulus": (0, 5)}


BAD = [
    ({"stimulus": 0}, "number of steps.*at least 1"),
    ({"stimulus": 2.5}, "number of steps.*2.5"),
    ({"stimulus": np.zeros((2, 3, 4, 1))}, r"shape \(2, 3, 4, 1\)"),
    ({"stimulus": np.zeros((0, 1))}, r"shape \(0, 1\)"),
    ({"stimulus": np.zeros((10, 2))}, "2 channels .* n_inputs = 1"),
    ({"stimulus": np.full((10, 1), np.nan)}, "not finite"),
    ({"stimulus": np.zeros((2, 10, 1)), "n_trials": 3}, "n_trials = 3.* 2 trials"),
    ({"n_trials": 0}, "n_trials = 0"),
    ({"labels": [0.5]}, "one integer for each"),
    ({"labels": [1, 2], "n_trials": 3}, r"shape \(2,\).* 3 trials"),
    ({"segments": {"rest": 4, "stimulus": 5}}, "declare 9 steps.* 10"),
    ({"segments": {"rest": 4, "stimulus": 6.5}}, r"segments\['stimulus'\] = 6.5"),
    ({"record": ("x", "z")}, "choose from x, y, kicks"),
    ({"record": ("x", "x")}, "each once"),
    ({"record": ("kicks",)}, "there are none"),
    ({"every": 0}, "every = 0"),
    ({"coupling": "loose"}, "auto, dense or sparse"),
    ({"device": "gpu"}, "device = 'gpu': choose one of auto, numpy, cython, cpp"),
    ({"seed": -3}, "seed = -3"),
    ({"initial": hn.State(np.zeros(5), np.zeros(5))}, r"x has shape \(5,\).*\(1, 6\)"),
    ({"initial": hn.State(np.full(6, np.nan), np.zeros(6))}, "not finite"),
    ({"initial": hn.State(np.zeros(6), np.zeros(6), np.zeros((2, 6)))}, "it has past_y, which"),
    ({"params": {"omega": 1}}, "params = .*: give HornParameters"),
    ({"stimulus": None}, "number of steps, = None"),
    ({"stimulus": [["a"]] * 10}, "stimulus = an array of <U1: give real numbers"),
    ({"stimulus": np.ma.masked_less(np.arange(10.0), 3)[:, None]}, "stimulus has masked values"),
    ({"stimulus": 1j * np.ones((10, 1))}, "stimulus = an array of complex128"),
    ({"stimulus": np.zeros((2, 10, 1)), "n_trials": 2.5}, "n_trials = 2.5"),
    ({"kicks": 5.0}, "kicks = 5.0: give PoissonKicks or DrawnKicks or None"),
    ({"initial": (np.zeros(6), np.zeros(6))}, "initial = .*: give State or None"),
    ({"segments": ["rest"]}, "segments = .*: give dict or None"),
    ({"segments": {1: 10}}, "segments: 1 is no name"),
    ({"labels": 3}, r"labels: int64 of shape \(\)"),
    ({"labels": ["a"]}, "labels = an array of <U1: give real"),
    ({"labels": [True]}, "labels: bool of shape"),
    ({"record": None}, "record = None: give a tuple"),
    ({"coupling": None}, "coupling = None: choose auto"),
    ({"coupling": np.eye(6)}, "(?s)coupling = array.*choose auto"),
    ({"dtype": np.int64}, "dtype = <class 'numpy.int64'>: choose"),
    ({"dtype": np.dtype("float16")}, "dtype = 'float16': choose"),
    ({"spike_threshold": None}, "spike_threshold = None: give real numbers"),
    ({"spike_threshold": -1}, "spike_threshold = -1: give a finite number of at least 0"),
    ({"kicks": hn.PoissonKicks(1001.0, 1.0)}, r"1001 Hz is above 1/step = 1000 Hz"),
    ({"kicks": hn.PoissonKicks(np.ones(5), 1.0)}, r"rate has shape \(5,\).*6 units"),
    ({"kicks": hn.DrawnKicks(np.zeros((1, 9, 6)))}, r"\(1, 9, 6\).*\(1, 10, 6\)"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_stop_before_anything_runs(params, arguments, message, monkeypatch):
    from horn_neuro.simulator import simulation

    def ran(*args):
        raise AssertionError("the simulation ran")

    monkeypatch.setattr(simulation, "run_in_process", ran)
    monkeypatch.setattr(simulation, "run_compiled", ran)
    arguments = {"params": params, "stimulus": 10, "device": "numpy", **arguments}
    with pytest.raises(ValueError, match=message):
        hn.simulate(**arguments)


SCALARS = [np.float32, np.float64, np.int16, np.uint64, np.array, torch.tensor]


@pytest.mark.parametrize("kind", SCALARS)
def test_numbers_of_numpy_and_torch(params, kind, tmp_path):
    """They are taken everywhere, or refused before anything runs; no file fails afterwards."""
    options = {"spike_threshold": kind(1)}
    if kind not in (np.float32, np.float64):
        options |= {
            "every": kind(2),
            "n_trials": kind(3),
            "seed": kind(7),
            "segments": {"rest": kind(4), "stimulus": kind(6)},
            "labels": np.array([1, 2, 3], kind if kind in SCALARS[:4] else np.uint8),
        }
    recording = hn.simulate(
        params,
        10,
        kicks=hn.PoissonKicks(kind(20), kind(1)),
        record=("x", "spikes"),
        dtype=np.dtype("float32"),
        plasticity=hn.CovarianceRule(rate=kind(1)),
        device="numpy",
        **options,
    )
    recording.save(tmp_path / "rec.nc")
    again = hn.load_recording(tmp_path / "rec.nc")
    assert again.provenance == recording.provenance
    assert again.provenance["dtype"] == "float32"


def test_numbers_that_are_not_whole(params):
    for name in ("every", "n_trials", "seed"):
        with pytest.raises(ValueError, match=f"{name} = "):
            hn.simulate(params, 10, **{name: np.float64(2)}, device="numpy")


@pytest.mark.parametrize("n", [1, 2])
def test_one_unit_one_trial_one_step(n):
    params = hn.effenberger_2025(n, seed=1)
    recording = hn.simulate(params, 1, n_trials=1, record=("x", "y", "spikes"), device="numpy")
    assert recording.data["x"].shape == (1, n, 1)
    assert recording.segments == {"rest": (0, 1)}
    assert len(recording.spikes.unit) == 0


def test_memory_is_estimated_and_warned_about(params, monkeypatch):
    import psutil

    sizes = Sizes(6, 1, 10, 100, 1e-3)
    terms = [Oscillators(sizes, params), Dense(sizes, params.w_rec)]
    program = Program(sizes, terms, ("x", "y"), hn.State.zero(6))
    # x and y of 10 trials, 6 units and 100 steps, twice, are most of it.
    assert 8 * 2 * 2 * 6000 <= program.memory() <= 8 * 2 * 2 * 6000 * 1.2

    class Scarce:
        available = 10_000

    monkeypatch.setattr(psutil, "virtual_memory", Scarce)
    with pytest.warns(ResourceWarning, match="GiB are free; record fewer"):
        hn.simulate(params, 100, device="numpy")


def test_a_simulation_that_leaves_the_numbers_of_its_precision_is_no_recording():
    """Every value is small enough, and what becomes of them is not."""
    wild = hn.effenberger_2025(1, seed=1).replace(
        omega=1e-13, gamma=1e-14, alpha=1e15, h=1e12, feedback=0.0, b_in=5.0
    )
    with pytest.raises(ValueError, match=r"dtype = 'float32': x has left its range, .* float64"):
        hn.simulate(wild, 30, dtype="float32", device="numpy")
    x = hn.simulate(wild, 30, device="numpy").data["x"]
    assert np.abs(x).max() > np.finfo(np.float32).max
