import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.analysis import Conditions, variance_within_groups


@pytest.fixture(scope="module")
def conditions():
    """Six trials of three stimuli, kicked, with and without a pulse of input."""
    params = hn.effenberger_2025(5, heterogeneous=True, seed=1)
    pulse = np.zeros((6, 120, 1))
    pulse[:, 60:90] = np.repeat([1.0, 2.0, 3.0], 2)[:, None, None]
    kicks = hn.PoissonKicks(50.0, 0.04)
    segments = {"rest": 60, "stimulus": 30, "rebound": 30}
    recordings = {
        name: hn.simulate(params, x, kicks=kicks, segments=segments, device="numpy", seed=1)
        for name, x in (("pulse", pulse), ("silence", np.zeros_like(pulse)))
    }
    return Conditions(recordings, [0, 0, 1, 1, 2, 2], "stimulus", n_resamples=40, seed=2)


def test_times_begin_at_the_onset(conditions):
    assert conditions.times[60] == 0
    assert conditions.spans["rest"] == pytest.approx((-0.06, -0.001))
    assert conditions.signal("pulse", "rebound").shape == (6, 5, 30)


def test_the_ratio_of_variances_is_that_of_their_means(conditions):
    found = conditions.variance_ratio("silence", ["stimulus", "rebound"])
    assert list(found) == ["pulse"]
    within = [
        variance_within_groups(conditions.signal(name), conditions.groups)[:, 90:].mean()
        for name in ("pulse", "silence")
    ]
    estimate = found["pulse"]["rebound"]
    assert estimate.value == pytest.approx(within[0] / within[1])
    assert estimate.n == 3
    assert estimate.low < estimate.high
    course = conditions.variance_within()["pulse"]
    assert course.value[90:].mean() == pytest.approx(within[0])


def test_conditions_differ_from_the_onset_on(conditions):
    before, after = (
        conditions.squared_difference("pulse", "silence", s) for s in ("rest", "rebound")
    )
    assert not before.any()
    omega = conditions.recordings["pulse"].data["omega"].values
    x, y = (
        conditions.signal("pulse", "rebound", n) - conditions.signal("silence", "rebound", n)
        for n in "xy"
    )
    expected = (x[3, :, 7] ** 2 + (y[3, :, 7] / omega) ** 2).sum()
    assert after[3, 7] == pytest.approx(expected)
    # The larger the pulse, the larger the difference.
    assert after[4:].mean() > after[2:4].mean() > after[:2].mean() > 0


def test_coherence_and_dimension_lie_where_they_must(conditions):
    coherence = conditions.phase_coherence("rest")
    assert coherence["pulse"].value[75:].mean() > coherence["silence"].value[75:].mean()
    ratio = conditions.participation_ratio()["pulse"]["stimulus"]
    states = conditions.signal("pulse", "stimulus").transpose(1, 0, 2).reshape(5, -1)
    covariance = np.cov(states, bias=True)
    expected = np.trace(covariance) ** 2 / (covariance**2).sum()
    assert ratio.value == pytest.approx(expected)


def test_courses_are_stacked(conditions):
    stacked = conditions.stack(conditions.variance_within(), "time", conditions.times)
    assert stacked.dims == ("condition", "bound", "time")
    assert (stacked.sel(bound="low") <= stacked.sel(bound="high")).all()
