import sys

import numpy as np
import pytest
import torch
from scipy import stats

from horn_neuro.twin import BaselineClassifier


def test_alpha_is_in_proportion_and_the_rest_is_equal(experiment):
    run = experiment("damping")("fast")
    weak, strong = (run.make_model(f"gamma {g}", 0.4, 3).initial for g in (0.02, 0.4))
    np.testing.assert_allclose(strong.gamma / weak.gamma, 20)
    np.testing.assert_allclose(strong.alpha / weak.alpha, 20)
    np.testing.assert_array_equal(strong.omega, weak.omega)
    np.testing.assert_array_equal(strong.w_rec, weak.w_rec)
    assert (weak.gamma < weak.omega).all()
    assert (strong.gamma > strong.omega).all()


def test_settings_are_chosen_by_another_network(fast):
    done = fast("damping")
    grid = sys.modules[type(done.run).__module__]
    assert grid.TUNING_SEED not in done.run.seeds
    for arm, runs in done.result.items():
        assert [one["seed"] for one in runs] == list(done.run.seeds)
        (settings,) = {tuple(one["settings"]) for one in runs}  # one choice for all seeds
        assert settings in done.run.cells(arm)
        shares = [100 * one["test"]["0.0"] for one in runs]
        row = done.findings.rows[f"{arm}: test accuracy, pixel noise 0"]
        assert row.value == pytest.approx(np.mean(shares))


def test_the_best_cell_is_taken(experiment, monkeypatch):
    cls = experiment("damping")

    def learn(self, arm, cell, seed):
        good = 0.9 if cell == self.cells(arm)[1] else 0.2
        return {"validation": good, "test": {"0.0": good, "0.1": good, "0.2": good}}

    monkeypatch.setattr(cls, "learn", learn)
    result = cls.run("fast")
    for arm, runs in result.items():
        assert all(tuple(one["settings"]) == cls("fast").cells(arm)[1] for one in runs)


def test_beyond_the_integrator_is_refused(experiment):
    with pytest.raises(ValueError, match="gammas = 0.6: give at most 0.5"):
        experiment("damping")(gammas=(0.02, 0.6))


@pytest.fixture
def told(experiment, monkeypatch):
    """Findings of networks that all learn, or not, as a function says."""

    def tell(accuracy, **options):
        cls = experiment("damping")

        def learn(self, arm, cell, seed):
            shares = {str(std): accuracy(arm, std, seed) for std in (0.0, 0.1, 0.2)}
            return {"validation": shares["0.0"], "test": shares}

        monkeypatch.setattr(cls, "learn", learn)
        return cls("fast", **options).start()[1]

    return tell


def test_the_dose_response_is_a_slope_over_networks(told):
    def accuracy(arm, std, seed):
        if not arm.startswith("gamma"):
            return {"rnn": 0.11, "gru": 0.4}[arm]
        gamma = float(arm.split()[1])
        slope = std * (0.25 + 0.05 * seed) or 0.01 * seed * (-1) ** seed
        return 0.5 - slope * np.log2(gamma / 0.02)

    options = {"gammas": [0.4, 0.02, 0.1], "seeds": [1, 2, 3, 4, 5], "baselines": ["rnn", "gru"]}
    findings = told(accuracy, **options)
    rows = findings.rows
    clean, noisy = (rows[f"Change with each doubling of gamma, pixel noise {s}"] for s in (0, 0.2))
    slopes = -20 * (0.25 + 0.05 * np.arange(1, 6))
    low, high = stats.ttest_1samp(slopes, 0).confidence_interval()
    assert (noisy.value, noisy.low, noisy.high) == pytest.approx((slopes.mean(), low, high))
    assert clean.value == pytest.approx(0.6)
    assert clean.p_value == 26 / 32  # not corrected
    assert noisy.p_value > 2 / 2**5  # corrected: all but the primary outcome
    dose, controls = findings.answer
    assert "does not clearly change the share of digits answered right" in dose
    assert "(50, 51, 53 % at 0.02, 0.1, 0.4), and under pixel noise of 0.2 lowers it" in dose
    assert "rnn 11" in controls
    assert controls.count(", for which this budget is too small; gru 40") == 1


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_start_with_memory_has_one(experiment, kind):
    """The last step still depends on the first, which torch's own start has forgotten."""
    run, inputs = experiment("damping")("fast"), torch.zeros(1, 784, 1, requires_grad=True)
    run.tested = (inputs,)
    felt = {}
    for start in ("torch", "memory"):
        model = run.make_model(kind, start, 3)
        assert isinstance(model, BaselineClassifier)
        (slope,) = torch.autograd.grad(model.recurrent(inputs)[0][:, -1].sum(), inputs)
        felt[start] = float(abs(slope[0, 0, 0]))
    assert felt["memory"] > 1e-4 > 1e-6 > felt["torch"]
