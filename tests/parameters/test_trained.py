from pathlib import Path

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.experiment import material

NETWORKS = [(k, n) for k, count in hn.PRETRAINED_KINDS.items() for n in range(count)]
NETWORKS += [(name, 0) for name in hn.PRETRAINED]
TABLE = Path(__file__).parents[2] / "benchmarks" / "results" / "pretrained.md"


def test_names():
    single = ("horn128_psmnist", "horn128_smnist", "horn64_heterogeneous", "horn64_homogeneous")
    assert single == hn.PRETRAINED
    assert hn.PRETRAINED_KINDS == {"heterogeneous": 5, "homogeneous": 5, "leaky": 5}
    with pytest.raises(ValueError, match="no pretrained network 'horn65'.*horn64_homogeneous"):
        hn.pretrained("horn65")
    for name, count in (("leaky", 5), ("horn64_homogeneous", 1)):
        with pytest.raises(ValueError, match=f"network = {count}: of {name} there are {count},"):
            hn.pretrained(name, count)
    with pytest.raises(ValueError, match="network = -1"):
        hn.pretrained("leaky", -1)


def test_kinds_are_what_they_are_called():
    for k in range(5):
        wide, equal = (hn.pretrained(kind, k) for kind in ("heterogeneous", "homogeneous"))
        leaky = hn.pretrained("leaky", k % hn.PRETRAINED_KINDS["leaky"])
        assert wide.provenance["seed"] == equal.provenance["seed"] == 101 + k
        assert np.ptp(wide.omega) > 0.2
        assert np.ptp(equal.omega) == np.ptp(leaky.omega) == 0
        assert (leaky.gamma > leaky.omega).all()  # overdamped: no oscillation
        assert ((leaky.gamma >= 0.3) & (leaky.gamma <= 0.5)).all()
        np.testing.assert_allclose(leaky.alpha / leaky.gamma, equal.alpha / equal.gamma)
        for params in (wide, equal, leaky):
            assert params.n_units == 64
            assert params.provenance["trained_on"] == "mnist (train)"
            assert params.provenance["tested_on"] == "mnist (test)"
    for kind, count in hn.PRETRAINED_KINDS.items():
        networks = [hn.pretrained(kind, k) for k in range(count)]
        assert [n.provenance["seed"] for n in networks] == [*range(101, 101 + count)]
        assert len({n.w_rec.tobytes() for n in networks}) == count


@pytest.mark.parametrize("task", ["smnist", "psmnist"])
def test_the_best_ones_have_learned_their_constants(task):
    params = hn.pretrained(f"horn128_{task}")
    assert params.n_units == 128
    assert params.provenance["task"] == task
    for values in (params.omega, params.gamma, params.alpha):
        assert len(np.unique(values)) == 128
    assert params.provenance["test_accuracy"] > {"smnist": 0.985, "psmnist": 0.97}[task]


def test_the_table_is_that_of_the_metadata():
    assert hn.parameters.pretrained_table() in TABLE.read_text()


def test_material_has_all_networks_of_a_kind():
    networks = material.trained_networks("heterogeneous")
    assert [n.provenance["seed"] for n in networks] == [101, 102, 103, 104, 105]
    assert len(material.trained_networks("homogeneous", 2)) == 2
    with pytest.raises(ValueError, match="no pretrained network 'wavy'"):
        material.trained_networks("wavy")


@pytest.mark.parametrize(("name", "number"), NETWORKS)
def test_reaches_its_accuracy_on_held_out_digits(name, number):
    """The embedded digits are part of MNIST's training set, so this is a check, not a result."""
    params = hn.pretrained(name, number)
    accuracy, command = (params.provenance[key] for key in ("test_accuracy", "command"))
    assert "train_smnist" in command
    digits = hn.datasets.load(params.provenance.get("task", "smnist"), "test", seed=0)[:400]
    inputs = torch.tensor(digits.inputs, dtype=torch.float32)
    with torch.no_grad():
        labels = hn.HornNetwork(params, "analytic")(inputs).logits.argmax(1)
    found = (labels.numpy() == digits.labels).mean()
    # Four standard errors of 400 digits; a network of other constants or weights is far below.
    assert found > accuracy - 4 * np.sqrt(accuracy * (1 - accuracy) / 400)
    assert name == "leaky" or accuracy > 0.96


@pytest.mark.parametrize("name", hn.PRETRAINED)
def test_answers_in_brian2_as_in_torch(name):
    params = hn.pretrained(name)
    digits = hn.datasets.load(params.provenance["task"], "test")
    inputs = digits.inputs[digits.balanced(2, np.random.default_rng(1))]
    twin = hn.HornNetwork(params, "analytic", dtype=torch.float64)
    with torch.no_grad():
        out = twin(torch.tensor(inputs), record=True)
    recording = hn.simulate(params, inputs, device="numpy")
    x = recording.data["x"].values
    assert np.abs(out.recording.data["x"].values - x).max() < 1e-9 * np.abs(x).max()
    logits = x[:, :, -1] @ params.w_out.T + params.b_out
    assert np.array_equal(logits.argmax(1), out.logits.argmax(1).numpy())
