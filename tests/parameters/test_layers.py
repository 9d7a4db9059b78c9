"""Layers as blocks of one network."""

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.parameters import uniform_delays

RNG = np.random.default_rng(1)
LOWER = hn.effenberger_2025(5, n_inputs=2, n_outputs=3, heterogeneous=True, seed=1)
UPPER = hn.effenberger_2025(4, n_outputs=2, heterogeneous=True, seed=2)
FORWARD, BACKWARD = RNG.normal(0, 0.3, (4, 5)), RNG.normal(0, 0.3, (5, 4))
STIMULUS = RNG.random((2, 80, 2))


def test_layers_that_do_not_hear_each_other_do_what_they_did_alone():
    both = hn.stack([LOWER, UPPER], np.zeros((4, 5)))
    found = hn.simulate(both, STIMULUS, device="numpy").data["x"].values
    lower = hn.simulate(LOWER, STIMULUS, device="numpy").data["x"].values
    upper = hn.simulate(UPPER, 80, device="numpy").data["x"].values[0]
    np.testing.assert_allclose(found[:, :5], lower, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found[0, 5:], upper, rtol=0, atol=1e-14)


@pytest.mark.parametrize("delay", [None, 3])
def test_the_upper_layer_hears_the_velocities_of_the_lower_one(delay):
    """Driven by hand: velocities of the step before (or earlier) as the input of the upper one."""
    both = hn.stack([LOWER, UPPER], FORWARD, forward_delays=delay)
    found = hn.simulate(both, STIMULUS, device="numpy").data
    y = hn.simulate(LOWER, STIMULUS, device="numpy").data["y"].values
    heard = np.pad(y, ((0, 0), (0, 0), (delay or 1, 0)))[..., :80]
    driven = UPPER.replace(w_in=FORWARD)
    upper = hn.simulate(driven, heard.transpose(0, 2, 1), device="numpy").data["x"].values
    np.testing.assert_allclose(found["x"].values[:, 5:], upper, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(found["layer"], [0] * 5 + [1] * 4)


def test_three_layers_and_the_way_back():
    layers = [LOWER, UPPER, UPPER.replace(delays=uniform_delays(4, 1, 4, RNG))]
    up, down = [FORWARD, np.eye(4)], [BACKWARD, 2 * np.eye(4)]
    tower = hn.stack(layers, up, down, backward_delays=2)
    w = tower.w_rec / np.sqrt(tower.n_units)
    np.testing.assert_allclose(w[5:9, :5], FORWARD)
    np.testing.assert_allclose(w[9:, 5:9], np.eye(4))
    np.testing.assert_allclose(w[:5, 5:9], BACKWARD)
    np.testing.assert_allclose(w[5:9, 9:], 2 * np.eye(4))
    assert not w[9:, :5].any()
    assert (tower.delays[:5, 5:9] == 2).all()
    assert (tower.delays[9:, 9:] == layers[2].delays).all()
    assert tower.max_delay == 4


def test_layers_survive_a_file_and_a_replacement(tmp_path):
    both = hn.stack([LOWER, UPPER], FORWARD)
    both.save(tmp_path / "both.safetensors")
    again = hn.load_parameters(tmp_path / "both.safetensors")
    assert again == both
    assert again != both.replace(layer=None)
    assert "9 units, 2 layers" in repr(both)
    assert both.replace(alpha=0.1).layer.tolist() == both.layer.tolist()


def test_two_layers_learn_digits_and_answer_the_same_in_brian2():
    """And blocks that were absent still are."""
    small = {"n_units": 16, "n_inputs": 28, "alpha": 0.1, "gamma": 0.03, "heterogeneous": True}
    lower, upper = (hn.effenberger_2025(**small, seed=seed) for seed in (1, 2))
    forward = np.random.default_rng(3).normal(0, 1, (16, 16))
    both = hn.stack([lower, upper], forward)
    digits = hn.datasets.smnist()
    rows = digits.inputs[:1000].reshape(1000, 28, 28)  # a row of pixels in each step, to be quick
    inputs = torch.tensor(rows, dtype=torch.float32)
    labels = torch.tensor(digits.labels[:1000])
    twin = hn.HornNetwork(both, "analytic")
    optimizer = torch.optim.AdamW(twin.parameters(), lr=1e-2)
    torch.manual_seed(1)
    for _ in range(4):
        for batch in torch.randperm(1000).split(50):
            loss = torch.nn.functional.cross_entropy(twin(inputs[batch]).logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
            optimizer.step()
    trained = twin.to_parameters()
    assert not trained.w_rec[:16, 16:].any()  # no way back
    assert not trained.w_in[16:].any()
    assert not trained.w_out[:, :16].any()
    assert (trained.w_rec != both.w_rec)[16:, :16].any()
    logits = twin(inputs[:200]).logits.detach().numpy()
    found = hn.simulate(trained, rows[:200], record=(), device="numpy").final_state.x
    answers = (found @ trained.w_out.T + trained.b_out).argmax(axis=1)
    assert (answers == logits.argmax(axis=1)).all()
    assert (answers == digits.labels[:200]).mean() > 0.7


@pytest.mark.parametrize(
    ("layers", "forward", "message"),
    [
        ([LOWER], FORWARD, "1 layers; give at least 2"),
        ([LOWER, UPPER], FORWARD.T, r"forward weights 0 have shape \(5, 4\).*\(4, 5\), .post"),
        ([LOWER, UPPER], 3.0, r"forward weights 0 have shape \(\)"),
        ([LOWER, UPPER], [FORWARD, FORWARD.T], "2 forward weights for 1 gaps"),
        ([LOWER, UPPER], [FORWARD, FORWARD], "2 forward weights for 1 gaps"),
        ([LOWER, UPPER.replace(h=0.5)], FORWARD, "layer 1 has h = 0.5"),
    ],
)
def test_stacks_that_cannot_be(layers, forward, message):
    with pytest.raises(ValueError, match=message):
        hn.stack(layers, forward)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ([0, 1], r"layer: int64 of shape \(2,\); give one whole number for each of the 5"),
        ([0.0] * 5, "float64"),
        ([0, 0, 2, 2, 2], "number the layers from 0 on"),
    ],
)
def test_layers_that_cannot_be(layer, message):
    with pytest.raises(ValueError, match=message):
        LOWER.replace(layer=np.array(layer))
