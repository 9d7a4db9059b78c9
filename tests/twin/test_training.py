import json

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from short_training import horn, run
from torch import nn

import horn_neuro as hn
from horn_neuro.twin import (
    BaselineClassifier,
    Task,
    TrainingConfig,
    evaluate,
    matched_units,
    torch_files,
    train,
)
from horn_neuro.twin import checkpoint as checkpoint_module
from horn_neuro.twin import training as training_module
from horn_neuro.twin.evaluation import Loss


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
    trained = model.to_parameters()
    assert not np.array_equal(trained.w_rec, horn().to_parameters().w_rec)
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
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize(("noise", "precision"), [(0.0, "32-true"), (0.3, "64-true")])
def test_a_resumed_run_continues_to_the_same_numbers(
    make, noise, precision, optimizer, task, tmp_path
):
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    torch.manual_seed(1)
    model = make()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    options = {"noise": noise, "precision": precision, "optimizer": optimizer}
    whole, best = run(model, task, tmp_path / "whole", **options)
    assert {str(value.dtype)[-2:] for value in best.values()} == {precision[:2]}

    class Interruption(Exception):
        pass

    def stop(row):
        if row["epoch"] == 2:
            raise Interruption

    model = make()
    model.load_state_dict(start)
    config = TrainingConfig(epochs=3, batch_size=16, noise=noise, optimizer=optimizer)
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    with pytest.raises(Interruption):
        train(model, task, config, tmp_path / "parts", fabric=fabric, progress=stop)
    torch.manual_seed(99)
    resumed, best_resumed = run(make(), task, tmp_path / "parts", resume=True, **options)
    assert numbers(resumed) == numbers(whole)
    for name, value in best.items():
        assert torch.equal(best_resumed[name], value)


def test_an_interruption_leaves_no_half_written_checkpoint(task, tmp_path, monkeypatch):
    run(horn(), task, tmp_path, epochs=1)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def interrupted(state, file):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch_files.torch, "save", interrupted)
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
    with pytest.raises(ValueError, match="trained on other sequences .*40 for validation.*not"):
        run(horn(), Task(task.inputs, 1 - task.labels, 40), tmp_path, epochs=1, resume=True)
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": {}}, path)
    with pytest.raises(ValueError, match="no checkpoint of a training: it has no .'best', 'config"):
        run(horn(), task, tmp_path, epochs=1, resume=True)


def test_no_damage_of_a_checkpoint_goes_unnoticed(task, tmp_path):
    config = TrainingConfig(epochs=1, batch_size=16)
    run(horn(), task, tmp_path, epochs=1)
    path, rng = tmp_path / "checkpoint.pt", np.random.default_rng(1)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    expected = checkpoint_module.read_checkpoint(path, config, task)
    refused = 0
    for _ in range(200):
        damaged = whole.copy()
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] ^= 1 << rng.integers(8)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(whole))]
        path.write_bytes(damaged.tobytes())
        try:
            found = checkpoint_module.read_checkpoint(path, config, task)
        except ValueError:
            refused += 1
        else:  # what lies between the parts of the file
            for part in ("model", "best"):
                assert all(torch.equal(v, found[part][k]) for k, v in expected[part].items())
    assert refused > 100


BAD_OPTIONS = [
    ({"epochs": 0}, "epochs = 0: give a whole number of at least 1"),
    ({"epochs": 2.5}, "epochs = 2.5"),
    ({"batch_size": "many"}, "batch_size = 'many'"),
    ({"learning_rate": np.inf}, "learning_rate = inf: give a finite number above 0"),
    ({"learning_rate": None}, "learning_rate = None"),
    ({"weight_decay": -1}, "weight_decay = -1"),
    ({"clip": 0}, "clip = 0"),
    ({"noise": -0.1}, "noise = -0.1: give a finite number of at least 0"),
    ({"optimizer": "adam"}, "optimizer = 'adam': choose adamw, sgd, muon"),
    ({"matmul": "low"}, "matmul = 'low': choose highest, high, medium"),
    ({"seed": 1.5}, "seed = 1.5"),
    ({"seed": None}, "seed = None"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**options)


def test_a_checkpoint_of_the_time_before_sgd_is_one_of_adamw(task, tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        old = {**vars(TrainingConfig(epochs=3, batch_size=16))}
        del old["optimizer"]
        before.setattr(checkpoint_module, "asdict", lambda config: old)
        run(horn(), task, tmp_path)
    with pytest.raises(ValueError, match="optimizer = adamw, not sgd; resume with the same"):
        run(horn(), task, tmp_path, optimizer="sgd", resume=True)
    metrics, _ = run(horn(), task, tmp_path, resume=True)
    assert len(metrics) == 3


def test_a_checkpoint_of_the_time_of_one_optimizer_goes_on(task, tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(
            checkpoint_module, "_state", lambda p: (p[0] if isinstance(p, list) else p).state_dict()
        )
        run(horn(), task, tmp_path)
    metrics, _ = run(horn(), task, tmp_path, resume=True)
    assert len(metrics) == 3


def test_options_may_be_numbers_of_numpy(task, tmp_path):
    options = {"learning_rate": np.float32(0.01), "batch_size": np.int64(16), "seed": np.uint8(1)}
    run(horn(), task, tmp_path, epochs=1, **options)
    path = tmp_path / "checkpoint.pt"
    assert json.loads(torch.load(path, weights_only=True)["config"])["batch_size"] == 16


INPUTS = torch.rand(6, 4, 1)


@pytest.mark.parametrize(
    ("inputs", "labels", "n_validation", "message"),
    [
        (INPUTS[0], [0] * 6, 2, r"inputs: torch.float32 of shape \(4, 1\)"),
        (INPUTS.long(), [0] * 6, 2, "inputs: torch.int64"),
        (INPUTS[:0], [], 0, r"inputs: .*\(0, 4, 1\)"),
        (INPUTS * torch.nan, [0] * 6, 2, "inputs have values that are not finite"),
        (INPUTS, [0] * 5, 2, r"labels: .*\(5,\); give a class.*each of the 6 sequences"),
        (INPUTS, [[0, 1]] * 6, 2, r"labels: .*\(6, 2\)"),
        (INPUTS, [0.5] * 6, 2, "labels: torch.float32"),
        (INPUTS, [0, 1, 2, 3, 4, -1], 2, "a class, 0 or above"),
        (INPUTS, [0] * 6, 0, "n_validation = 0: give a whole number of at least 1"),
        (INPUTS, [0] * 6, 6, "n_validation = 6 of 6 sequences leaves none"),
    ],
)
def test_sequences_that_cannot_be(inputs, labels, n_validation, message):
    with pytest.raises(ValueError, match=message):
        Task(inputs, labels, n_validation)
    if "n_validation" not in message and "finite" not in message:
        with pytest.raises(ValueError, match=message):
            evaluate(horn(), inputs, labels)


def test_labels_without_an_output(task, tmp_path):
    other = Task(task.inputs, task.labels + 1, 40)
    with pytest.raises(ValueError, match="there are 3 classes, but the model returns .*, 2"):
        run(horn(), other, tmp_path)
    with pytest.raises(ValueError, match="there are 3 classes, but the model returns .*, 2"):
        evaluate(horn(), other.inputs, other.labels)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError, match="no such folder; create it"):
        run(horn(), task, tmp_path / "none")


def test_bad_configurations(task, tmp_path):
    with pytest.raises(ValueError, match="n_units = 2.5"):
        BaselineClassifier("gru", 2.5)
    with pytest.raises(ValueError, match="batch_size = 500, but there are 80"):
        run(horn(), task, tmp_path, batch_size=500)
    with pytest.raises(ValueError, match="kind = 'transformer'"):
        BaselineClassifier("transformer", 3)


def test_divergence_is_an_error(task, tmp_path):
    model = horn()
    with torch.no_grad():
        model.b_out.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        run(model, task, tmp_path, epochs=1)


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


def test_a_model_that_answers_at_every_step_learns_by_all_and_is_asked_last(tmp_path):
    """Against loops over the sequences, of two lengths, and their steps."""
    rng = np.random.default_rng(2)
    inputs, labels = rng.normal(size=(6, 9, 1)).astype(np.float32), np.arange(6) % 2
    lengths = torch.tensor([9, 4, 9, 4, 7, 9])
    task = Task(torch.from_numpy(inputs), torch.from_numpy(labels), 1, lengths)
    params = hn.effenberger_2025(5, n_outputs=2, heterogeneous=True, seed=1)
    model = hn.HornNetwork(params, "reference", readout="every")
    entropies, last = [], []
    for sequence, label, length in zip(task.inputs, task.labels, lengths, strict=True):
        logits = model(sequence[None, :length]).logits[0]
        entropies += [nn.functional.cross_entropy(step, label).item() for step in logits]
        last.append(nn.functional.cross_entropy(logits[-1], label).item())
    found = Loss(model, 2)(task.inputs, task.labels, lengths).item()
    assert found == pytest.approx(np.mean(entropies), rel=1e-5)
    loss, _ = evaluate(model, task.inputs, task.labels, lengths=lengths, batch_size=4)
    assert loss == pytest.approx(np.mean(last), rel=1e-5)
    whole = Loss(model, 2)(task.inputs, task.labels).item()
    same = Loss(model, 2)(task.inputs, task.labels, torch.full((6,), 9)).item()
    assert whole == pytest.approx(same, rel=1e-6)
    metrics, _ = train(model, task, TrainingConfig(epochs=2, batch_size=5), tmp_path)
    assert metrics[1]["loss"] < metrics[0]["loss"]


def test_dropout_repeats_by_the_seed_and_leaves_the_random_state(task, tmp_path):
    def losses(**options):
        model = hn.HornNetwork(horn().initial, "analytic", dropout=options.pop("dropout", 0.0))
        metrics, _ = run(model, task, tmp_path, epochs=2, **options)
        return [row["loss"] for row in metrics]

    torch.manual_seed(5)
    before = torch.get_rng_state()
    plain, dropped = losses(), losses(dropout=0.5)
    torch.rand(3)  # which takes no part
    assert dropped == losses(dropout=0.5) != plain
    assert losses(input_dropout=0.3) == losses(input_dropout=0.3) != plain
    torch.manual_seed(5)
    losses(dropout=0.5)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_is_that_of_torch_in_training_and_none_besides():
    params, inputs = horn().initial, torch.rand(4, 20, 1)
    plain = hn.HornNetwork(params, "analytic")
    model = hn.HornNetwork(params, "analytic", dropout=0.4).eval()
    assert torch.equal(model(inputs).logits, plain(inputs).logits)
    torch.manual_seed(1)
    found = model.train()(inputs).logits
    torch.manual_seed(1)
    x = nn.functional.dropout(plain(inputs).state.x, 0.4)
    assert torch.allclose(found, nn.functional.linear(x, plain.w_out, plain.b_out))
    with pytest.raises(ValueError, match=r"dropout = 1.0: give .* at least 0 below 1"):
        hn.HornNetwork(params, dropout=1.0)


def test_input_dropout_zeroes_that_share_and_keeps_the_mean():
    config = TrainingConfig(input_dropout=0.2, noise=0.0)
    found = training_module._disturbed(torch.ones(50, 784, 1), config, "1 2")
    assert found.unique().tolist() == [0.0, 1.25]
    assert found.mean().item() == pytest.approx(1, abs=0.01)


def test_precision_of_products_is_that_of_training_only(task, tmp_path):
    """Validation and whatever comes after it have torch's own."""
    before, seen = torch.get_float32_matmul_precision(), {}

    def watch(model, inputs):
        seen.setdefault(model.training, set()).add(torch.get_float32_matmul_precision())

    model = horn()
    model.register_forward_pre_hook(watch)
    run(model, task, tmp_path, epochs=1, matmul="medium")
    assert seen == {True: {"medium"}, False: {before}}
    assert torch.get_float32_matmul_precision() == before == "highest"


def test_what_can_learn_nothing_is_refused(task, tmp_path):
    params = horn().initial
    late = params.replace(delays=np.full((12, 12), 61))
    with pytest.raises(ValueError, match="delays of up to 61 steps, but the longest .* has 60"):
        train(hn.HornNetwork(late), task, TrainingConfig(), tmp_path)
    with pytest.raises(ValueError, match="batch_first = False"):
        train(hn.HornNetwork(params, batch_first=False), task, TrainingConfig(), tmp_path)


@pytest.mark.parametrize("labels", [["a", "b", "a"], None])
def test_names_are_no_labels_of_a_task(labels):
    with pytest.raises(ValueError, match=r"labels of type .* are no numbers .*np.unique"):
        Task(torch.zeros(3, 4, 1), labels, 1)
