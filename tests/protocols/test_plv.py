import numpy as np
import pytest
from mne_connectivity import read_connectivity
from scipy import stats


def test_networks_are_matched(experiment):
    networks = experiment("plv")("fast", seeds=(5, 6)).networks(5)
    equal, other = networks["homogeneous", "coupled"], networks["heterogeneous", "coupled"]
    assert np.array_equal(equal.w_rec, other.w_rec)
    assert np.ptp(equal.omega) == 0
    assert np.ptp(other.omega) > 0.05
    assert equal.omega[0] == pytest.approx(other.omega.mean())
    assert equal.gamma[0] == pytest.approx(other.gamma.mean())
    assert not networks["heterogeneous", "uncoupled"].w_rec.any()


def test_what_must_come_out(fast):
    """Equal oscillators lock through their connections; unequal ones by similarity."""
    found = fast("plv").result
    assert len(found) == 8

    def means(name, coupling, key):
        return np.array([s.summary()[key] for s in found[name, coupling, "rest"]])

    equal, other = (means(n, "coupled", "ppc mean") for n in ("homogeneous", "heterogeneous"))
    assert (equal > other).all()
    # Without connections nothing is locked over trials.
    for name in ("homogeneous", "heterogeneous"):
        assert abs(means(name, "uncoupled", "ppc_trials mean").mean()) < 0.05
    free = found["heterogeneous", "uncoupled", "rest"][0]
    assert free.ppc[free.detuning < 5].mean() > free.ppc[free.detuning > 20].mean()
    # The row of the table is that of scipy's paired test.
    row = fast("plv").findings.rows["Heterogeneous minus homogeneous, rest: ppc mean"]
    interval = stats.ttest_rel(other, equal).confidence_interval()
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert (row.n, row.p_value) == (2, pytest.approx(0.5))  # the smallest p of two seeds


def test_the_example_is_that_of_mne_connectivity(fast):
    done = fast("plv")
    example = read_connectivity(done.folder / "example_plv.h5").get_data("dense")
    plv = done.result["heterogeneous", "coupled", "stimulus"][0].plv
    np.testing.assert_allclose(example.mean(axis=0)[np.tril_indices(12, -1)], plv)
