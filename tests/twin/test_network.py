import warnings

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays
from horn_neuro.twin import (
    HornState,
    backends,
    constrain,
    load_checkpoint,
    save_checkpoint,
    unconstrain,
)

FIELDS = ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out", "feedback", "omega", "gamma", "alpha")


@pytest.fixture
def delayed(params):
    rng = np.random.default_rng(1)
    return params.replace(
        w_rec=rng.normal(0, 1, (6, 6)), delays=uniform_delays(6, 1, 5, rng), feedback=0.2
    )


@pytest.mark.parametrize("backend", ["reference", "analytic"])
@pytest.mark.parametrize("with_delays", [False, True])
def test_equals_brian2(params, delayed, backend, with_delays):
    """The same parameters, the same trajectories: the promise of this package."""
    network = delayed if with_delays else params
    inputs = np.random.default_rng(1).random((3, 784, 1))
    twin = hn.HornNetwork(network, backend, dtype=torch.float64)
    found = twin(torch.tensor(inputs), record=True).recording
    expected = hn.simulate(network, inputs, device="numpy")
    for name in ("x", "y"):
        a, b = (recording.data[name].values for recording in (expected, found))
        assert np.abs(a - b).max() < 1e-10 * np.abs(a).max()
    assert np.array_equal(found.data["stimulus"], expected.data["stimulus"])
    if with_delays:
        assert np.allclose(found.final_state.past_y, expected.final_state.past_y, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("learn", [FIELDS[:6], FIELDS, ("omega",), ("gamma", "alpha"), ()])
def test_round_trip_is_exact(delayed, learn, dtype):
    twin = hn.HornNetwork(delayed, learn=learn, dtype=dtype)
    assert twin.to_parameters() == delayed
    assert twin.to_parameters(note="kept").provenance["note"] == "kept"
    trained = {name.removeprefix("raw_") for name, _ in twin.named_parameters()}
    assert trained == set(learn)


def test_trained_values_come_back(params):
    twin = hn.HornNetwork(params, "reference", learn=FIELDS, dtype=torch.float64)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter += 0.1
    trained = twin.to_parameters()
    assert np.allclose(trained.w_rec, params.w_rec + 0.1)
    assert np.allclose(trained.alpha, params.alpha * np.exp(0.1))
    inputs = torch.rand(2, 30, 1, dtype=torch.float64)
    again = hn.HornNetwork(trained, "reference", dtype=torch.float64)
    assert torch.allclose(again(inputs).logits, twin(inputs).logits, rtol=0, atol=1e-12)


def test_learned_oscillators_stay_stable(params):
    twin = hn.HornNetwork(params, "reference", learn=("omega", "gamma", "alpha"))
    rng = torch.Generator().manual_seed(1)
    for scale in (1.0, 5.0):
        with torch.no_grad():
            for parameter in twin.parameters():
                parameter += scale * torch.randn(6, generator=rng)
        twin.to_parameters()  # HornParameters refuses unstable units


def test_transforms_invert_each_other():
    rng = torch.Generator().manual_seed(1)
    for h in (1.0, 0.5):
        raw = {
            name: torch.randn(50, generator=rng, dtype=torch.float64)
            for name in ("omega", "gamma", "alpha")
        }
        back = unconstrain(constrain(raw, h), h)
        for name, values in raw.items():
            assert torch.allclose(back[name], values, rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match="only a positive alpha"):
        unconstrain({name: -torch.ones(2) for name in raw}, 1.0)


def test_a_sequence_continues_from_its_state(delayed):
    twin = hn.HornNetwork(delayed, "analytic", dtype=torch.float64)
    inputs = torch.rand(2, 30, 1, dtype=torch.float64)
    first = twin(inputs[:, :13])
    second = twin(inputs[:, 13:], first.state)
    assert torch.allclose(second.logits, twin(inputs).logits, rtol=0, atol=1e-13)
    assert second.state.detach().x.grad_fn is None


def test_order_of_inputs_and_readouts(params):
    inputs = torch.rand(4, 20, 1)
    last = hn.HornNetwork(params, "analytic")(inputs).logits
    assert last.shape == (4, 3)
    every = hn.HornNetwork(params, "analytic", readout="every")(inputs).logits
    assert every.shape == (4, 20, 3)
    assert torch.allclose(every[:, -1], last, atol=1e-6)
    time_first = hn.HornNetwork(params, "analytic", batch_first=False, readout="every")
    swapped = time_first(inputs.transpose(0, 1)).logits
    assert torch.equal(swapped.transpose(0, 1), every)


def test_state_dict(params):
    twin = hn.HornNetwork(params, "analytic", learn=FIELDS)
    changed = params.replace(alpha=0.1, w_rec=np.ones((6, 6)))
    other = hn.HornNetwork(changed, "analytic", learn=FIELDS)
    other.load_state_dict(twin.state_dict())
    inputs = torch.rand(2, 10, 1)
    assert torch.equal(other(inputs).logits, twin(inputs).logits)


def test_checkpoints_of_the_authors_layout(params, tmp_path):
    path = tmp_path / "model.pt"
    save_checkpoint(params, path)
    assert set(torch.load(path, weights_only=True)) == {
        f"{layer}.{kind}" for layer in ("i2h", "h2h", "h2o") for kind in ("weight", "bias")
    }
    loaded = load_checkpoint(path, omega=params.omega, gamma=params.gamma, alpha=params.alpha)
    for name in FIELDS[:6]:
        assert np.array_equal(getattr(loaded, name), getattr(params, name).astype(np.float32))
    whole = path.read_bytes()
    for content in (whole[:200], b"", b"nonsense"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="truncated, damaged or no state-dict"):
            load_checkpoint(path)
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="i2h.weight"):
        load_checkpoint(path)
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "none.pt")


def test_auto_falls_back_with_one_notice(params, monkeypatch):
    from horn_neuro.twin import native

    backends._notice.cache_clear()
    monkeypatch.setattr(native, "native_problem", lambda: "no compiler here")
    twin = hn.HornNetwork(params)
    with pytest.warns(UserWarning, match="slower than native: no compiler here"):
        twin(torch.rand(1, 5, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twin(torch.rand(1, 5, 1))
    with pytest.raises(RuntimeError, match="no compiler here; or use backend='analytic'"):
        hn.HornNetwork(params, "native")(torch.rand(1, 5, 1))
    backends._notice.cache_clear()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "fast"}, "backend = 'fast'"),
        ({"readout": "first"}, "readout = 'first'"),
        ({"learn": ("w_rec", "h")}, "learn has 'h'"),
    ],
)
def test_bad_options(params, options, message):
    with pytest.raises(ValueError, match=message):
        hn.HornNetwork(params, **options)


def test_bad_inputs(params):
    twin = hn.HornNetwork(params, "analytic")
    for shape in ((5, 1), (2, 5, 3), (2, 0, 1)):
        with pytest.raises(ValueError, match="n_inputs = 1"):
            twin(torch.rand(*shape))
    with pytest.raises(ValueError, match=r"torch.float64, but the network is torch.float32"):
        twin(torch.rand(2, 5, 1, dtype=torch.float64))
    state = twin(torch.rand(2, 5, 1)).state
    with pytest.raises(ValueError, match=r"x has shape \(2, 6\).*\(3, 6\)"):
        twin(torch.rand(3, 5, 1), state)
    with pytest.raises(ValueError, match="native.*float16"):
        hn.HornNetwork(params, "native").half()(torch.rand(1, 5, 1).half())
    with pytest.raises(ValueError, match="inputs are of type ndarray; give a tensor"):
        twin(np.zeros((2, 5, 1)))


def test_states_of_other_networks(params):
    twin, inputs = hn.HornNetwork(params, "analytic"), torch.rand(2, 5, 1)
    coupling = hn.DiffusiveCoupling(0.01 * (1 - np.eye(6)))
    springs = hn.HornNetwork(params, coupling=coupling)(inputs).state
    for state, message in [
        (hn.State(np.zeros((2, 6)), np.zeros((2, 6))), "of type State; give the HornState"),
        (springs, "it has past_x, which this network has no use for"),
        (HornState(*(part.double() for part in twin(inputs).state[:3])), "x is torch.float64, but"),
    ]:
        with pytest.raises(ValueError, match=f"state.*{message}"):
            twin(inputs, state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"params": {"omega": 1}}, "params = .*: give HornParameters"),
        ({"dtype": torch.int64}, "dtype = torch.int64: choose"),
        ({"dtype": "float32"}, "dtype = 'float32': choose"),
        ({"learn": "w_inn"}, "learn has 'w_inn'"),
    ],
)
def test_arguments_of_another_kind(params, arguments, message):
    with pytest.raises(ValueError, match=message):
        hn.HornNetwork(**{"params": params, **arguments})


def test_one_name_to_learn(params):
    assert list(dict(hn.HornNetwork(params, learn="w_rec").named_parameters())) == ["w_rec"]


@pytest.mark.parametrize("delayed", [False, True])
def test_coupled_positions_equal_brian2_and_continue(delayed):
    rng = np.random.default_rng(3)
    params = hn.effenberger_2025(6, heterogeneous=True, seed=1)
    weights = np.abs(sparse_random(6, 0.7, 0.01, rng)) * (1 - np.eye(6))
    coupling = hn.DiffusiveCoupling(weights, uniform_delays(6, 1, 4, rng) if delayed else None)
    stimulus = rng.random((2, 60, 1))
    expected = hn.simulate(params, stimulus, coupling=coupling, device="numpy")
    twin = hn.HornNetwork(params, dtype=torch.float64, coupling=coupling)
    inputs = torch.tensor(stimulus)
    whole = twin(inputs, record=True)
    np.testing.assert_allclose(whole.recording.data["x"], expected.data["x"], rtol=0, atol=1e-12)
    last = whole.recording.final_state
    assert set(last) == set(expected.final_state)
    half = twin(inputs[:, :30])
    rest = twin(inputs[:, 30:], state=half.state)
    torch.testing.assert_close(rest.state.x, whole.state.x, rtol=0, atol=1e-13)
    for backend in ("native", "analytic", "cuda_graph"):
        refusing = hn.HornNetwork(params, backend, dtype=torch.float64, coupling=coupling)
        with pytest.raises(ValueError, match=f"'{backend}' knows no DiffusiveCoupling"):
            refusing(inputs)


def test_delays_of_absent_connections_count_for_nothing():
    rng = np.random.default_rng(0)
    w = sparse_random(6, 0.4, 1.0, rng)
    near = rng.integers(1, 5, (6, 6))
    base = hn.effenberger_2025(6, seed=1).replace(w_rec=w, delays=near)
    far = base.replace(delays=np.where(w == 0, 3000, near))
    assert far.max_delay == near[w != 0].max()
    inputs = torch.rand(2, 40, 1, dtype=torch.float64)
    runs = [hn.HornNetwork(p, "analytic", dtype=torch.float64)(inputs).state for p in (base, far)]
    torch.testing.assert_close(runs[0].x, runs[1].x)
    assert runs[1].past_y.shape[1] == far.max_delay - 1
    for device in ("numpy", "cpp"):
        recording = hn.simulate(far, inputs.numpy(), device=device)
        np.testing.assert_allclose(recording.final_state.x, runs[0].x.detach(), atol=1e-12)


def test_a_connection_that_training_makes_keeps_the_delay_it_was_trained_with():
    w = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0.0]])
    params = hn.effenberger_2025(3, seed=1).replace(w_rec=w, delays=np.where(w == 0, 30, 2))
    twin = hn.HornNetwork(params, "analytic", dtype=torch.float64)
    with torch.no_grad():
        twin.w_rec[0, 0] = 0.5
    trained = twin.to_parameters()
    assert (trained.delays[0, 0], trained.delays[1, 1]) == (2, 30)
    inputs = torch.rand(1, 40, 1, dtype=torch.float64)
    found = hn.simulate(trained, inputs.numpy(), device="numpy").final_state.x
    np.testing.assert_allclose(found, twin(inputs).state.x.detach(), atol=1e-12)


def test_a_recording_tells_the_frequencies_that_were_learned():
    params = hn.effenberger_2025(4, heterogeneous=True, seed=1)
    twin = hn.HornNetwork(params, learn=("omega", "gamma"), dtype=torch.float64)
    with torch.no_grad():
        twin.raw_omega += 0.3
        twin.raw_gamma -= 0.2
    data = twin(torch.rand(1, 20, 1, dtype=torch.float64), record=True).recording.data
    trained = twin.to_parameters()
    assert (trained.omega != params.omega).all()
    np.testing.assert_allclose(data["omega"], trained.omega, rtol=1e-12)
    np.testing.assert_allclose(data["frequency"], trained.frequency_hz, rtol=1e-12)
    np.testing.assert_allclose(data["decay_time"], trained.decay_time, rtol=1e-12)
