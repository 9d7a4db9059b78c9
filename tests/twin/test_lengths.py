"""Sequences of many lengths in one batch: as if each had run alone."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

import horn_neuro as hn
from horn_neuro.datasets import Sequences
from horn_neuro.twin import BaselineClassifier, HornNetwork, Task, TrainingConfig, evaluate
from horn_neuro.twin import train as train_classifier

LENGTHS = torch.tensor([5, 1, 12, 7])
BACKENDS = ["reference", "analytic", pytest.param("native", marks=pytest.mark.compiler)]


def network(backend, longest):
    params = hn.effenberger_2025(6, n_inputs=2, n_outputs=3, heterogeneous=True, seed=1)
    if longest > 1:
        delays = hn.parameters.uniform_delays(6, 1, longest, 2)
        params = params.replace(delays=delays)
    return hn.HornNetwork(params, backend, dtype=torch.float64, learn=("w_in", "w_rec", "omega"))


def batch():
    rng = np.random.default_rng(3)
    return torch.tensor(rng.normal(size=(4, 12, 2)))


@pytest.mark.parametrize("longest", [1, 4])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_batch_equals_each_sequence_alone(backend, longest):
    net, inputs = network(backend, longest), batch()
    for row, length in zip(inputs, LENGTHS, strict=True):
        row[length:] = torch.nan  # whatever is there
    out = net(inputs, lengths=LENGTHS)
    weights = torch.tensor(np.random.default_rng(4).normal(size=(4, 3)))
    (out.logits * weights).sum().backward()
    together = {name: p.grad.clone() for name, p in net.named_parameters()}
    net.zero_grad()
    for k, length in enumerate(LENGTHS):
        alone = net(inputs[k : k + 1, :length])
        (alone.logits * weights[k]).sum().backward()
        torch.testing.assert_close(out.logits[k : k + 1], alone.logits, rtol=0, atol=1e-12)
        for one, other in zip(out.state[:3], alone.state[:3], strict=True):
            torch.testing.assert_close(one[k : k + 1], other, rtol=0, atol=1e-12)
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(together[name], parameter.grad, rtol=0, atol=1e-10)


def test_the_state_continues_each_sequence():
    net, inputs = network("reference", 4), batch()
    start = net(batch()).state
    first = net(inputs, start, lengths=LENGTHS).state
    for k, length in enumerate(LENGTHS):
        own = type(start)(*(part[k : k + 1] for part in start[:3]))
        whole = net(torch.cat([inputs[k : k + 1, :length], inputs[k : k + 1, :3]], 1), own)
        later = net(inputs[:, :3], first)
        torch.testing.assert_close(later.logits[k : k + 1], whole.logits, rtol=0, atol=1e-12)


def test_coupled_positions_too():
    params = hn.effenberger_2025(5, n_inputs=2, seed=1)
    springs = hn.DiffusiveCoupling(0.01 * (np.ones((5, 5)) - np.eye(5)), 3 * np.ones((5, 5), int))
    net = hn.HornNetwork(params, dtype=torch.float64, coupling=springs)
    out = net(batch(), lengths=LENGTHS)
    for k, length in enumerate(LENGTHS):
        alone = net(batch()[k : k + 1, :length])
        for one, other in zip(out.state, alone.state, strict=True):
            torch.testing.assert_close(one[k : k + 1], other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_baselines_read_out_the_last_step(kind):
    torch.manual_seed(0)
    model, inputs = BaselineClassifier(kind, 4, 2, 3).double(), batch()
    together = model(inputs, LENGTHS)
    for k, length in enumerate(LENGTHS):
        alone = model(inputs[k : k + 1, :length])
        torch.testing.assert_close(together[k : k + 1], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("wrong", [[5, 1, 12], [5, 0, 12, 7], [5, 1, 13, 7], [5.0, 1, 2, 3]])
def test_wrong_lengths(wrong):
    with pytest.raises(ValueError, match="lengths = .*1 to 12 for each of the 4"):
        network("reference", 1)(batch(), lengths=wrong)
    with pytest.raises(ValueError, match="lengths = .*1 to 12 for each of the 4"):
        Task(batch(), torch.arange(4), 1, wrong)


def ragged():
    """Two levels under noise, of many lengths."""
    rng = np.random.default_rng(1)
    labels = np.arange(90) % 2
    made = [rng.normal((-0.5, 0.5)[label], 0.5, rng.integers(20, 40)) for label in labels]
    return Sequences(made, labels)


def test_training_on_them(tmp_path):
    sequences = ragged()
    params = hn.effenberger_2025(8, n_outputs=2, heterogeneous=True, seed=1)
    model, task = HornNetwork(params, "analytic"), Task.of(sequences, 30)
    options = {"epochs": 15, "batch_size": 20, "learning_rate": 0.05}
    train_classifier(
        model, task, TrainingConfig(**options), tmp_path, fabric=Fabric(accelerator="cpu")
    )
    loss, accuracy = evaluate(model, task.inputs, task.labels, lengths=task.lengths, batch_size=7)
    alone = [
        model(torch.tensor(sequences.inputs[k : k + 1, :length], dtype=torch.float32)).logits
        for k, length in enumerate(sequences.lengths)
    ]
    logits = torch.cat(alone)
    expected = torch.nn.functional.cross_entropy(logits, task.labels).item()
    assert abs(loss - expected) < 1e-5
    assert accuracy == (logits.argmax(1) == task.labels).sum().item() / 90
    assert accuracy > 0.95
    # Where all are of one length, none are needed.
    assert Task.of(Sequences(np.ones((3, 4)), [0, 1, 0]), 1).lengths is None
