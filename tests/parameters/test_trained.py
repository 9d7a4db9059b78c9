import numpy as np
import pytest
import torch

import horn_neuro as hn


def test_names():
    assert hn.PRETRAINED == ("horn64_heterogeneous", "horn64_homogeneous")
    with pytest.raises(ValueError, match="no pretrained network 'horn65'.*horn64_homogeneous"):
        hn.pretrained("horn65")


@pytest.mark.parametrize("name", hn.PRETRAINED)
def test_reaches_its_accuracy_on_held_out_digits(name):
    """The embedded digits are part of MNIST's training set, so this is a check, not a result."""
    params = hn.pretrained(name)
    assert params.n_units == 64
    assert (np.ptp(params.omega) > 0) == ("heterogeneous" in name)
    assert params.provenance["command"].startswith("python protocols/train_smnist.py")
    accuracy = params.provenance["test_accuracy"]
    digits = hn.datasets.smnist(split="test")
    inputs = torch.tensor(digits.inputs, dtype=torch.float32)
    with torch.no_grad():
        labels = hn.HornNetwork(params, "analytic")(inputs).logits.argmax(1)
    found = (labels.numpy() == digits.labels).mean()
    assert found > accuracy - 0.02
    assert accuracy > 0.9


@pytest.mark.parametrize("name", hn.PRETRAINED)
def test_answers_in_brian2_as_in_torch(name):
    params = hn.pretrained(name)
    digits = hn.datasets.smnist(split="test")
    inputs = digits.inputs[digits.balanced(2, np.random.default_rng(1))]
    twin = hn.HornNetwork(params, "analytic", dtype=torch.float64)
    with torch.no_grad():
        out = twin(torch.tensor(inputs), record=True)
    recording = hn.simulate(params, inputs, device="numpy")
    x = recording.data["x"].values
    assert np.abs(out.recording.data["x"].values - x).max() < 1e-9 * np.abs(x).max()
    logits = x[:, :, -1] @ params.w_out.T + params.b_out
    assert np.array_equal(logits.argmax(1), out.logits.argmax(1).numpy())
