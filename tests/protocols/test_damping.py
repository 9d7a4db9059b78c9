import sys

import numpy as np
import pytest


def test_alpha_is_in_proportion_and_the_rest_is_equal(experiment):
    run = experiment("damping")("fast")
    weak, strong = (run.make_model(f"gamma {g}", 0.4, 3).network.initial for g in (0.02, 0.4))
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
        assert done.findings.rows[f"{arm}: test accuracy"].value == pytest.approx(np.mean(shares))


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
