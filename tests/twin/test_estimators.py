import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import horn_neuro as hn


def sines(n, seed, n_channels=3, n_steps=100):
    """The newcomer's task: three frequencies, any phase, under noise, in raw units."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    turns = np.array([0.03, 0.05, 0.08])[labels][:, None, None] * np.arange(n_steps)[None, :, None]
    waves = np.sin(2 * np.pi * (turns + rng.uniform(0, 1, (n, 1, n_channels))))
    return 40 + 7 * (waves + rng.normal(0, 0.5, waves.shape)), labels


def test_three_sines_with_all_defaults():
    X, y = sines(500, 1)
    model = hn.HornClassifier(random_state=1).fit(X, y)
    assert model.score(*sines(300, 2)) > 0.97
    assert len(model.history_) == 30


def test_the_trained_network_answers_raw_sequences_in_brian2():
    X, y = sines(60, 1, n_channels=1, n_steps=40)
    names = np.array(["slow", "middle", "fast"])[y]
    model = hn.HornClassifier(6, epochs=3, random_state=1).fit(X, names)
    assert model.classes_.tolist() == ["fast", "middle", "slow"]
    params = model.to_parameters()
    end = hn.simulate(params, X[:9], record=()).final_state.x
    logits = end @ params.w_out.T + params.b_out
    assert model.classes_[logits.argmax(1)].tolist() == model.predict(X[:9]).tolist()
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X[:9]), shares, atol=1e-10)


def test_ragged_lists_and_a_seed():
    X, y = sines(60, 3, n_channels=2, n_steps=30)
    rng = np.random.default_rng(0)
    ragged = [row[: rng.integers(5, 31)] for row in X]
    one, same, other = (
        hn.HornClassifier(5, epochs=2, random_state=seed).fit(ragged, y) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.predict_proba(ragged), same.predict_proba(ragged))
    assert not np.allclose(one.predict_proba(ragged), other.predict_proba(ragged))
    alone = np.concatenate([one.predict_proba([row]) for row in ragged])
    np.testing.assert_allclose(one.predict_proba(ragged), alone, atol=1e-10)


def test_sequences_of_one_step():
    rng = np.random.default_rng(1)
    X = [rng.normal((-1, 1)[k % 2], 0.1, (1 + 2 * (k % 5 == 4), 2)) for k in range(40)]
    y = ["low", "high"] * 20
    options = {"batch_size": 6, "learning_rate": 5e-2, "backend": "analytic", "random_state": 1}
    model = hn.HornClassifier(6, epochs=30, **options)
    mixed, single = model.fit(X, y).predict(X), [row[:1] for row in X]
    assert mixed.tolist() == y
    assert clone(model).fit(single, y).predict(single).tolist() == y
    params = model.to_parameters()
    end = hn.simulate(params, np.array(single), record=(), device="numpy").final_state.x
    answers = model.classes_[(end @ params.w_out.T + params.b_out).argmax(axis=1)]
    assert answers.tolist() == model.predict(single).tolist()


def test_scikit_learn_tools_work():
    X, y = sines(45, 4, n_channels=1, n_steps=20)
    X = X[:, :, 0]
    model = hn.HornClassifier(4, epochs=1, random_state=0)
    assert clone(model).get_params() == model.get_params()
    grid = {"n_units": [3, 5], "optimizer": ["adamw", "muon"]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_params_["n_units"] in (3, 5)
    model.set_params(epochs=3)
    one, two = (clone(model).set_params(optimizer=by).fit(X, y).params_ for by in ("adamw", "muon"))
    assert not np.allclose(one.w_rec, two.w_rec, atol=1e-4)
    assert make_pipeline(StandardScaler(), model).fit(X, y).predict(X).shape == (45,)


def test_a_regressor_tells_amplitudes():
    rng = np.random.default_rng(1)
    size = rng.uniform(1, 3, 200)
    X = size[:, None] * np.sin(0.4 * np.arange(40) + rng.uniform(0, 6, (200, 1)))
    y = 100 + 10 * size
    model = hn.HornRegressor(24, epochs=30, random_state=1, patience=20).fit(X[:150], y[:150])
    assert model.score(X[150:], y[150:]) > 0.8
    both = hn.HornRegressor(4, epochs=1, random_state=1).fit(X, np.stack([y, -y], axis=1))
    assert both.predict(X).shape == (200, 2)
    assert "validation_r2" in model.history_[0]


def test_patience_stops_early():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(60, 10)), rng.integers(0, 2, 60)  # nothing to learn
    model = hn.HornClassifier(16, epochs=200, patience=3, random_state=1).fit(X, y)
    losses = [row["validation_loss"] for row in model.history_]
    assert len(losses) < 200
    assert len(losses) == np.argmin(losses) + 1 + 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"X": [np.ones((3, 1)), np.ones((0, 1))], "y": [0, 1]}, r"inputs\[1\]"),
        ({"X": np.full((4, 3), np.nan)}, "not finite"),
        ({"X": np.ones((3, 5))}, "X has 3 sequences, and y 4"),
        ({"y": [1, 1, 1, 1]}, "y has one class"),
        ({"y": [0.1, 0.5, 0.2, 0.7]}, "continuous"),
        ({"validation_fraction": 1.0}, "leaves none of 4"),
        ({"params": "net"}, "give HornParameters"),
        ({"optimizer": "adam"}, "optimizer = 'adam': choose adamw, sgd, muon"),
        ({"params": hn.effenberger_2025(3, 2, 2, seed=1)}, "2 inputs and 2 outputs.*1 and 2"),
        (
            {"params": hn.effenberger_2025(3, 1, 2, seed=1).replace(delays=np.full((3, 3), 9))},
            "delays of up to 9.*longest sequence has 5",
        ),
    ],
)
def test_bad_input(wrong, words):
    given = {"X": np.arange(20.0).reshape(4, 5), "y": [0, 1, 0, 1], **wrong}
    X, y = given.pop("X"), given.pop("y")
    with pytest.raises(ValueError, match=words):
        hn.HornClassifier(3, epochs=1, **given).fit(X, y)


def test_other_channels_are_refused():
    X, y = sines(12, 1, n_channels=2, n_steps=10)
    model = hn.HornClassifier(3, epochs=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="3 channels, but it was fitted on 2"):
        model.predict(np.ones((2, 5, 3)))


def test_the_network_has_the_step_of_its_sequences():
    sequences = hn.datasets.Sequences(np.arange(20.0).reshape(4, 5), [0, 1, 0, 1], step=0.01)
    model = hn.HornClassifier(3, epochs=1, random_state=0).fit(sequences, sequences.labels)
    assert model.to_parameters().step == 0.01


def test_without_a_random_state_it_draws_one():
    X, y = np.arange(20.0).reshape(4, 5), [0, 1, 0, 1]
    first, second = (hn.HornClassifier(3, epochs=1).fit(X, y).to_parameters() for _ in range(2))
    assert not np.array_equal(first.w_rec, second.w_rec)
