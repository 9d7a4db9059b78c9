"""Pictures of a network."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from scipy import sparse

import horn_neuro as hn
from horn_neuro.report import plot_units, plot_weights


@pytest.fixture
def ax():
    plt.switch_backend("agg")
    yield plt.figure().add_subplot()
    plt.close("all")


def network_of(n, is_sparse):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.3)
    weights[0], weights[:, 1] = 0.0, 0.0
    made = hn.network(weights, frequency_hz=rng.uniform(5, 40, n), decay_ms=rng.uniform(20, 90, n))
    return made.replace(w_rec=sparse.csr_array(made.w_rec)) if is_sparse else made


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("n", [7, 237])
def test_weights_are_where_they_are(ax, n, is_sparse):
    """Of many units, in blocks whose sizes differ by one."""
    params = network_of(n, is_sparse)
    shown = plot_weights(params, ax).images[0]
    weights = params.w_rec.toarray() if is_sparse else params.w_rec
    if n == 7:
        np.testing.assert_allclose(shown.get_array(), weights)
    else:
        assert shown.get_array().shape == (100, 100)
        place = np.arange(n) * 100 // n
        for row, column in ((0, 3), (50, 99), (99, 0)):
            block = weights[np.ix_(place == row, place == column)]
            np.testing.assert_allclose(shown.get_array()[row, column], np.abs(block).mean())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("sender", "receiver")
    assert ax.get_xlim() == (-0.5, n - 0.5)
    assert ax.get_ylim() == (n - 0.5, -0.5)


def test_units_are_those_of_the_network(ax):
    params = network_of(7, False)
    assert plot_units(params, ax) is ax
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(x, params.frequency_hz)
    np.testing.assert_allclose(y, 1e3 * params.decay_time)


def test_in_a_notebook_a_network_has_a_picture():
    shown = hn.lattice((20, 20), 0.1, seed=1)._repr_html_()
    assert shown.startswith("<pre>&lt;HornParameters | 400 units")
    assert "image/png;base64," in shown
    silent = hn.network(np.zeros((2, 2)), frequency_hz=10)._repr_html_()
    assert "image/png;base64," in silent
    assert plt.get_fignums() == []


def test_a_twin_shows_its_parameters_as_they_are_now():
    params = hn.effenberger_2025(6, seed=1)
    twin = hn.HornNetwork(params, "reference")
    assert twin._repr_html_() == params._repr_html_()
    with torch.no_grad():
        twin.w_rec.fill_(1.0)
    assert twin._repr_html_() != params._repr_html_()
