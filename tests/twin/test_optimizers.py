import numpy as np
import pytest
import torch
from short_training import horn, run

import horn_neuro as hn
from horn_neuro.twin import BaselineClassifier, TrainingConfig, train
from horn_neuro.twin.optimizers import make_optimizers


def by_sgd(model):
    return [(torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=0.1), 0.05)]


def by_muon(model):
    """AdamW for all but w_rec; Muon's steps are 0.2 of its rate."""
    others = [p for name, p in model.named_parameters() if name != "w_rec"]
    muon = torch.optim.Muon([model.w_rec], 0.25, weight_decay=0.02, adjust_lr_fn="match_rms_adamw")
    return [(torch.optim.AdamW(others, 0.05, weight_decay=0.1), 0.05), (muon, 0.25)]


@pytest.mark.parametrize(("name", "make"), [("sgd", by_sgd), ("muon", by_muon)])
def test_other_optimizers_are_those_of_torch_with_its_schedule(name, make, task, tmp_path):
    """One epoch against a plain loop; no gradient here is long enough to be clipped."""
    options = {"epochs": 1, "batch_size": 16, "learning_rate": 0.05, "weight_decay": 0.1}
    trained = horn()
    run(trained, task, tmp_path, optimizer=name, clip=1e6, **options)
    model, (training, _) = horn(), task.split(1)
    pairs = make(model)
    one_cycle = torch.optim.lr_scheduler.OneCycleLR
    steps = [part for pair in pairs for part in (pair[0], one_cycle(*pair, total_steps=5))]
    order = hn.parameters.generator(1, "epoch 0").permutation(training)
    for index in order[:80].reshape(5, 16):
        model.zero_grad()
        torch.nn.functional.cross_entropy(
            model(task.inputs[index]).logits, task.labels[index]
        ).backward()
        for part in steps:
            part.step()
    for found, expected in zip(trained.parameters(), model.parameters(), strict=True):
        assert torch.allclose(found, expected, atol=1e-6)
    assert not torch.allclose(model.w_rec, horn().w_rec, atol=1e-3)


@pytest.mark.parametrize("make", [horn, lambda: BaselineClassifier("lstm", 5, n_outputs=2)])
def test_muon_steps_along_all_directions_of_the_recurrent_gradient(make, task, tmp_path):
    """Its first step is about U V' of the gradient's singular vectors, as long as the rate."""
    torch.manual_seed(1)
    model, seen = make(), []
    name = next(n for n, _ in model.named_parameters() if "w_rec" in n or "weight_hh" in n)
    start = model.get_parameter(name).detach().clone()

    def keep(step, model):
        if step == 1:
            weight = model.get_parameter(name)
            seen.extend([(start - weight).detach().double(), weight.grad.double()])

    options = {"batch_size": 16, "weight_decay": 0.0, "optimizer": "muon"}
    train(model, task, TrainingConfig(epochs=1, clip=1e9, **options), tmp_path, observe=keep)
    step, gradient = seen
    u, s, v = torch.linalg.svd(gradient, full_matrices=False)
    along = torch.diag(u.T @ step @ v.T) / (1e-2 / 25 * np.sqrt(max(step.shape)))
    large = s > s[0] / 100
    assert s[0] > 10 * s[large][-1]
    assert along[large].min() > 0.6
    assert along.max() < 1.3


def test_muon_needs_a_torch_that_has_it(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(ValueError, match=r"needs torch 2.9 or later, not .*; update torch, or"):
        TrainingConfig(optimizer="muon")


def test_constants_of_oscillators_learn_at_their_share_of_the_rate(task, tmp_path):
    """One step of Adam is as long as the rate; decay pulls at weights only."""
    learn = ("w_rec", "omega", "gamma")
    for rate in (0.1, 0.5):
        model = hn.HornNetwork(horn().initial, "analytic", learn=learn)
        start = {name: value.detach().clone() for name, value in model.named_parameters()}
        steps = []

        def keep(step, model, start=start, steps=steps):
            if step == 1:
                now = dict(model.named_parameters())
                steps.append({k: (now[k] - start[k]).abs().median().item() for k in start})

        options = {"batch_size": 16, "weight_decay": 0.0, "oscillator_rate": rate}
        config = TrainingConfig(epochs=1, clip=1e9, **options)
        train(model, task, config, tmp_path, observe=keep)
        first = 1e-2 / 25  # where a one-cycle schedule begins
        assert steps[0]["w_rec"] == pytest.approx(first, rel=0.01)
        assert steps[0]["raw_omega"] == pytest.approx(rate * first, rel=0.01)
        assert steps[0]["raw_gamma"] == pytest.approx(rate * first, rel=0.01)
    (optimizer,) = make_optimizers(model, TrainingConfig(weight_decay=0.3))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.3, 0.0]
