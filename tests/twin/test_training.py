import json

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

import horn_neuro as hn
from horn_neuro.twin import (
    BaselineClassifier,
    HornClassifier,
    Task,
    TrainingConfig,
    evaluate,
    matched_units,
    train,
)
from horn_neuro.twin import training as training_module


@pytest.fixture
def task():
    """Two classes of short sequences: slow and fast sines of random phase."""
    rng = np.random.default_rng(1)
    labels = np.arange(120) % 2
    phase = rng.uniform(0, 2 * np.pi, (120, 1))
    waves = np.sin(np.where(labels == 0, 0.1, 0.35)[:, None] * np.arange(60) + phase)
    return Task(torch.tensor(waves[:, :, None], dtype=torch.float32), torch.tensor(labels), 40)


def horn():
    params = hn.effenberger_2025(12, n_outputs=2, heterogeneous=True, seed=1)
    return HornClassifier(params, "analytic")


def run(model, task, folder, **options):
    resume = options.pop("resume", False)
    config = TrainingConfig(**{"epochs": 3, "batch_size": 16, **options})
    fabric = Fabric(accelerator="cpu", devices=1)
    return train(model, task, config, folder, fabric=fabric, resume=resume)


def numbers(metrics):
    """Metrics without what depends on the clock."""
    return [
        {name: value for name, value in row.items() if name != "sequences_per_second"}
        for row in metrics
    ]


def test_learns_to_tell_frequencies_apart(task, tmp_path):
    model = horn()
    before = evaluate(model, task.inputs, task.labels)[1]
    metrics, best = run(model, task, tmp_path, epochs=20, learning_rate=0.05)
    assert before < 0.8
    assert metrics[-1]["loss"] < 0.5 * metrics[0]["loss"]
    model.load_state_dict(best)
    assert evaluate(model, task.inputs, task.labels)[1] > 0.95
    trained = model.network.to_parameters()
    assert not np.array_equal(trained.w_rec, horn().network.to_parameters().w_rec)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(1, 21))


def test_the_best_epoch_is_that_of_validation(task, tmp_path):
    model = horn()
    metrics, best = run(model, task, tmp_path, epochs=6, learning_rate=0.05)
    model.load_state_dict(best)
    _, validation = task.split(1)
    accuracy = evaluate(model, task.inputs[validation], task.labels[validation])[1]
    assert accuracy == max(row["validation_accuracy"] for row in metrics)


@pytest.mark.parametrize("make", [horn, lambda: BaselineClassifier("gru", 5, n_outputs=2)])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_resumed_run_continues_to_the_same_numbers(make, noise, task, tmp_path, monkeypatch):
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    torch.manual_seed(1)
    model = make()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    whole, best = run(model, task, tmp_path / "whole", noise=noise)

    class Interruption(Exception):
        pass

    def stop(row):
        if row["epoch"] == 2:
            raise Interruption

    model = make()
    model.load_state_dict(start)
    config = TrainingConfig(epochs=3, batch_size=16, noise=noise)
    fabric = Fabric(accelerator="cpu", devices=1)
    with pytest.raises(Interruption):
        train(model, task, config, tmp_path / "parts", fabric=fabric, progress=stop)
    torch.manual_seed(99)
    resumed, best_resumed = run(make(), task, tmp_path / "parts", noise=noise, resume=True)
    assert numbers(resumed) == numbers(whole)
    for name, value in best.items():
        assert torch.equal(best_resumed[name], value)


def test_an_interruption_leaves_no_half_written_checkpoint(task, tmp_path, monkeypatch):
    run(horn(), task, tmp_path, epochs=1)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def interrupted(state, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(training_module.torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(horn(), task, tmp_path, epochs=1)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "metrics.jsonl"}


def test_what_cannot_be_resumed(task, tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint to resume from"):
        run(horn(), task, tmp_path, resume=True)
    run(horn(), task, tmp_path, epochs=1)
    with pytest.raises(ValueError, match="clip = 1.0, not 2.0; resume with the same"):
        run(horn(), task, tmp_path, epochs=1, clip=2.0, resume=True)


def test_bad_configurations(task, tmp_path):
    with pytest.raises(ValueError, match="epochs = 0"):
        TrainingConfig(epochs=0)
    with pytest.raises(ValueError, match="batch_size = 500, but there are 80"):
        run(horn(), task, tmp_path, batch_size=500)
    with pytest.raises(ValueError, match="kind = 'transformer'"):
        BaselineClassifier("transformer", 3)


def test_divergence_is_an_error(task, tmp_path):
    inputs = task.inputs.clone()
    inputs[:] = torch.nan
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        run(horn(), Task(inputs, task.labels, 40), tmp_path, epochs=1)


def test_noise_is_that_of_its_seed():
    model = BaselineClassifier("rnn", 4, n_outputs=2)
    inputs, labels = torch.rand(30, 10, 1), torch.arange(30) % 2
    losses = [evaluate(model, inputs, labels, noise=1.0, seed=seed)[0] for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    assert losses[0] != evaluate(model, inputs, labels)[0]


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_matched_parameters(kind):
    units = matched_units(kind, 4938)
    model = BaselineClassifier(kind, units)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert abs(count - 4938) / 4938 < 0.04
    assert model(torch.rand(3, 5, 1)).shape == (3, 10)
