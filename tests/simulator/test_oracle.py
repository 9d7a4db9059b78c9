"""Brian2 against the plain loop, on every device."""

import numpy as np
import pytest
from reference.loop import simulate_by_loop

import horn_neuro as hn
from horn_neuro.parameters import uniform_delays
from horn_neuro.simulator.target import cpp_target

UNITS, TRIALS, STEPS, LONGEST = 7, 3, 784, 6


def make_case(n_inputs, delayed, n_units=UNITS, n_trials=TRIALS, n_steps=STEPS, **changes):
    """A network with nothing symmetric about it, its stimulus, kicks and initial state."""
    rng = np.random.default_rng(n_inputs + 10 * delayed)
    params = hn.effenberger_2025(n_units, n_inputs, heterogeneous=True, seed=3)
    params = params.replace(
        alpha=rng.uniform(0.02, 0.1, n_units),
        feedback=rng.normal(0, 0.3, n_units),
        w_rec=rng.normal(0, 1.2, (n_units, n_units)) * (rng.random((n_units, n_units)) < 0.6),
        delays=uniform_delays(n_units, 1, LONGEST, rng) if delayed else None,
        **changes,
    )
    stimulus = rng.random((n_trials, n_steps, n_inputs))
    kicks = rng.normal(0, 0.1, (n_trials, n_steps, n_units))
    kicks *= rng.random(kicks.shape) < 0.1
    past = rng.normal(0, 0.5, (n_trials, LONGEST - 1, n_units)) if delayed else None
    state = hn.State(*rng.normal(0, 0.5, (2, n_trials, n_units)), past)
    return params, stimulus, kicks, state


def assert_close(recording, xs, ys):
    for name, expected in (("x", xs), ("y", ys)):
        found = recording.data[name].values
        assert np.abs(found - expected).max() < 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize("coupling", ["dense", "sparse"])
@pytest.mark.parametrize("delayed", [False, True], ids=["undelayed", "delayed"])
@pytest.mark.parametrize("n_inputs", [1, 3])
def test_equals_the_loop(device, n_inputs, delayed, coupling):
    params, stimulus, kicks, state = make_case(n_inputs, delayed)
    xs, ys = simulate_by_loop(params, stimulus, kicks, state.x, state.y, state.past_y)
    recording = hn.simulate(
        params,
        stimulus,
        kicks=hn.DrawnKicks(kicks),
        initial=state,
        record=("x", "y", "kicks"),
        device=device,
        coupling=coupling,
    )
    assert recording.provenance["device"] == device
    assert_close(recording, xs, ys)
    assert np.array_equal(recording.data["kicks"].values, kicks.transpose(0, 2, 1))
    assert np.array_equal(recording.data["stimulus"].values, stimulus.transpose(0, 2, 1))


@pytest.mark.parametrize(("coupling", "delayed"), [("dense", False), ("sparse", True)])
def test_equals_the_loop_in_single_precision(device, delayed, coupling):
    params, stimulus, kicks, state = make_case(3, delayed, n_steps=300)
    xs, ys = simulate_by_loop(params, stimulus, kicks, state.x, state.y, state.past_y)
    recording = hn.simulate(
        params,
        stimulus,
        kicks=hn.DrawnKicks(kicks),
        initial=state,
        dtype="float32",
        device=device,
        coupling=coupling,
    )
    for name, expected in (("x", xs), ("y", ys)):
        found = recording.data[name].values
        assert found.dtype == np.float32
        error = np.abs(found - expected).max() / np.abs(expected).max()
        # Rounding, and no less: it was not computed in float64.
        assert 1e-9 < error < 1e-4
    assert recording.final_state.x.dtype == np.float32


def test_the_loop_is_sensitive_to_what_is_tested():
    """An oracle is worth little if transposed weights or other delays pass it."""
    params, stimulus, kicks, state = make_case(1, True, n_steps=100)
    xs, _ = simulate_by_loop(params, stimulus, kicks, state.x, state.y, state.past_y)
    for change in (
        {"w_rec": params.w_rec.T},
        {"delays": params.delays.T},
        {"delays": None},
        {"feedback": 0.0},
    ):
        changed = params.replace(**change)
        past = None if changed.delays is None else state.past_y
        others, _ = simulate_by_loop(changed, stimulus, kicks, state.x, state.y, past)
        assert np.abs(others - xs).max() > 1e-3


@pytest.mark.parametrize(("h", "step"), [(0.5, 1e-3), (0.7, 0.25e-3)])
def test_other_steps(device, h, step):
    params, stimulus, kicks, state = make_case(1, False, n_steps=200, h=h, step=step)
    xs, ys = simulate_by_loop(params, stimulus, kicks, state.x, state.y)
    recording = hn.simulate(
        params, stimulus, kicks=hn.DrawnKicks(kicks), initial=state, device=device
    )
    assert_close(recording, xs, ys)


def test_samples_are_those_of_their_steps_in_long_simulations(compiled_device):
    """Two clocks of a compiled Brian2 program part at 64 s, where 1e-14 s is less than an ulp."""
    params, stimulus, kicks, state = make_case(1, False, n_units=2, n_trials=1, n_steps=70_000)
    params = params.replace(w_rec=0.1 * params.w_rec, feedback=0.0)  # rounding dies away
    xs, ys = simulate_by_loop(params, stimulus, kicks, state.x, state.y)
    every = 11
    recording = hn.simulate(
        params,
        stimulus,
        kicks=hn.DrawnKicks(kicks),
        initial=state,
        every=every,
        device=compiled_device,
    )
    assert_close(recording, xs[..., ::every], ys[..., ::every])


# Every path of the C++ kernels: fewer trials than a vector, tails of trials, of
# rows and of units, and whole tiles; the loop is too slow for it, numpy is not.
@pytest.mark.compiler
@pytest.mark.parametrize("delayed", [False, True], ids=["undelayed", "delayed"])
@pytest.mark.parametrize(("n_units", "n_trials"), [(37, 1), (16, 21), (19, 70)])
def test_cpp_equals_numpy_at_many_sizes(n_units, n_trials, delayed):
    compare_cpp(n_units, n_trials, delayed)


@pytest.mark.compiler
@pytest.mark.parametrize("library", ["of NumPy", "", "/nowhere/libopenblas.so"])
def test_cpp_with_and_without_a_blas(library, monkeypatch):
    """One program takes NumPy's library, a given one, or its own tiles."""
    if library == "of NumPy":
        monkeypatch.delenv("HORN_NEURO_BLAS", raising=False)
        if not cpp_target().environment():
            pytest.skip("NumPy has no OpenBLAS here")
    else:
        monkeypatch.setenv("HORN_NEURO_BLAS", library)
    compare_cpp(37, 70, delayed=False)


def compare_cpp(n_units, n_trials, delayed):
    params, stimulus, kicks, state = make_case(2, delayed, n_units, n_trials, 50)
    runs = [
        hn.simulate(params, stimulus, kicks=hn.DrawnKicks(kicks), initial=state, device=device)
        for device in ("numpy", "cpp")
    ]
    for name in ("x", "y"):
        numpy, cpp = (run.data[name].values for run in runs)
        assert np.abs(numpy - cpp).max() < 1e-12 * np.abs(numpy).max()


@pytest.mark.parametrize("coupling", ["dense", "sparse"])
@pytest.mark.parametrize("delay", [1, 2, 5])
def test_an_impulse_arrives_exactly_after_its_delay(device, delay, coupling):
    """Unit 0 is hit before step 0; unit 1 must hear of it in step delay - 1, not before."""
    # The longest delay is the same in all cases, so that they share one binary.
    params = hn.effenberger_2025(3, seed=1).replace(
        w_in=np.zeros((3, 1)),
        b_in=0.0,
        b_rec=0.0,
        w_rec=[[0, 0, 0], [2, 0, 0], [0, 0.1, 0]],
        delays=[[1, 1, 1], [delay, 1, 1], [1, 5, 1]],
    )
    recording = hn.simulate(
        params, 12, initial=hn.State(np.zeros(3), [1.0, 0, 0]), device=device, coupling=coupling
    )
    heard = np.flatnonzero(recording.data["y"].values[0, 1])
    # Sample k is y after step k: y_(k+1). A delay d carries y_0 into y_d.
    assert heard[0] == delay - 1


@pytest.mark.parametrize("frequency", [0.05, 2 * np.pi / 28, 0.225, 0.5])
def test_one_unit_has_the_exact_discrete_gain(frequency):
    """|H(O)| = h^2 alpha / |1 - (2 - 2 gamma h - h^2 omega^2)/z + (1 - 2 gamma h)/z^2|."""
    weak = 1e-4  # tanh is linear
    params = hn.effenberger_2025(1, seed=1).replace(
        w_in=[[1.0]], b_in=0.0, b_rec=0.0, w_rec=[[0.0]]
    )
    steps = np.arange(3000)
    drive = weak * np.sin(frequency * steps)[:, None]
    x = hn.simulate(params, drive, device="numpy").data["x"].values[0, 0, 1500:]
    basis = np.exp(-1j * frequency * steps[1500:])
    design = np.column_stack([basis.real, basis.imag])
    measured = np.hypot(*np.linalg.lstsq(design, x, rcond=None)[0]) / weak
    omega, gamma, alpha = params.omega[0], params.gamma[0], params.alpha[0]
    z = np.exp(1j * frequency)
    exact = alpha / abs(1 - (2 - 2 * gamma - omega**2) / z + (1 - 2 * gamma) / z**2)
    assert abs(measured / exact - 1) < 0.005


def test_the_integrator_is_of_first_order():
    """Halving h halves the error against a solution with a tiny step."""
    params = hn.effenberger_2025(2, heterogeneous=True, seed=1)
    params = params.replace(w_rec=[[0.0, 2.0], [-1.0, 0.5]], alpha=0.3)
    start = hn.State(np.array([0.5, -0.3]), np.array([0.1, 0.2]))

    def final(h):
        steps = round(40 / h)
        recording = hn.simulate(
            params.replace(h=h), steps, initial=start, record=(), device="numpy"
        )
        return recording.final_state.x

    sizes = np.array([0.4, 0.2, 0.1, 0.05])
    exact = final(0.05 / 16)
    errors = [np.abs(final(h) - exact).max() for h in sizes]
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert 0.9 < slope < 1.15
