import numpy as np
import pytest

import horn_neuro as hn


def still(n_units):
    """Units that nothing but kicks can move."""
    return hn.effenberger_2025(n_units, seed=1).replace(
        b_in=0.0, b_rec=0.0, w_rec=np.zeros((n_units, n_units))
    )


def kicks_of(device, kicks, n_trials=2, n_steps=200, seed=1, n_units=6):
    options = {"n_trials": n_trials, "kicks": kicks, "record": ("kicks", "y")}
    recording = hn.simulate(still(n_units), n_steps, device=device, seed=seed, **options)
    return recording.data["kicks"].values


@pytest.mark.parametrize("marks", ["fixed", "signed", "gaussian"])
def test_extreme_rates(device, marks):
    assert (kicks_of(device, hn.PoissonKicks(0.0, 0.5, marks)) == 0).all()
    always = kicks_of(device, hn.PoissonKicks(1000.0, 0.5, marks))
    assert (always != 0).all()
    if marks == "gaussian":
        assert abs(always.std() - 0.5) < 0.05
    else:
        assert set(np.unique(always)) == {"fixed": {0.5}, "signed": {-0.5, 0.5}}[marks]


def test_rates_and_amplitudes_of_single_units(device):
    rate, amplitude = np.array([0, 1000, 0, 1000, 0, 0.0]), np.arange(6.0)
    found = kicks_of(device, hn.PoissonKicks(rate, amplitude, "fixed"))
    assert (found == np.where(rate > 0, amplitude, 0)[None, :, None]).all()


def test_a_kick_moves_y_at_once_and_x_in_the_next_step(device):
    values = np.zeros((1, 10, 1))
    values[0, 4] = 0.25
    recording = hn.simulate(still(1), 10, kicks=hn.DrawnKicks(values), device=device)
    x, y = (recording.data[name].values[0, 0] for name in "xy")
    assert np.flatnonzero(y)[0] == 4
    assert y[4] == 0.25
    assert np.flatnonzero(x)[0] == 5


def test_equal_seeds_give_equal_kicks_whatever_the_stimulus(device, params):
    kicks = hn.PoissonKicks(100.0, 0.1)
    stimulus = np.random.default_rng(1).random((2, 50, 1))
    options = {"kicks": kicks, "record": ("x", "kicks"), "device": device}
    quiet = hn.simulate(params, 50, n_trials=2, seed=7, **options)
    driven = hn.simulate(params, stimulus, seed=7, **options)
    other = hn.simulate(params, stimulus, seed=8, **options)
    assert np.array_equal(quiet.data["kicks"], driven.data["kicks"])
    assert not np.array_equal(quiet.data["x"], driven.data["x"])
    assert not np.array_equal(other.data["kicks"], driven.data["kicks"])


def test_an_unseeded_run_records_the_seed_it_drew(params):
    kicks = hn.PoissonKicks(100.0, 0.1)
    first = hn.simulate(params, 50, kicks=kicks, device="numpy")
    seed = first.provenance["seed"]
    again = hn.simulate(params, 50, kicks=kicks, device="numpy", seed=seed)
    assert np.array_equal(first.data["x"], again.data["x"])


def test_the_number_of_kicks_is_that_of_the_rate():
    """A binomial count, 5 standard deviations wide, of a fixed seed."""
    found = kicks_of("numpy", hn.PoissonKicks(50.0, 1.0), n_trials=10, n_steps=2000)
    n, p = found.size, 0.05
    assert abs(np.count_nonzero(found) - n * p) < 5 * np.sqrt(n * p * (1 - p))
    assert abs((found > 0).sum() - (found < 0).sum()) < 5 * np.sqrt(n * p)


def test_drawing_beforehand(params):
    kicks = hn.PoissonKicks(50.0, np.full(6, 2.0), "signed")
    drawn = kicks.draw(20, 500, params, seed=3)
    assert drawn.values.shape == (20, 500, 6)
    assert set(np.unique(drawn.values)) == {-2.0, 0.0, 2.0}
    share = np.count_nonzero(drawn.values) / drawn.values.size
    assert abs(share - 0.05) < 5 * np.sqrt(0.05 / drawn.values.size)
    assert np.array_equal(drawn.values, kicks.draw(20, 500, params, seed=3).values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hn.PoissonKicks(-1.0, 1.0), "rate = -1 Hz"),
        (lambda: hn.PoissonKicks(np.nan, 1.0), "rate = nan"),
        (lambda: hn.PoissonKicks(1.0, np.inf), "amplitude = inf"),
        (lambda: hn.PoissonKicks(1.0, 1.0, "loud"), "fixed, signed, gaussian"),
        (lambda: hn.DrawnKicks(np.zeros((3, 4))), r"\(3, 4\)"),
        (lambda: hn.DrawnKicks(np.full((1, 1, 1), np.nan)), "finite"),
    ],
)
def test_bad_kicks(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hn.PoissonKicks(None, 0.1), "kicks: rate = None: give real numbers"),
        (lambda: hn.PoissonKicks(20.0, "big"), "kicks: amplitude = 'big': give real numbers"),
        (lambda: hn.PoissonKicks(20.0, 0.1, np.array(["fixed", "signed"])), "kicks: marks = "),
        (lambda: hn.DrawnKicks([[["a"]]]), "kicks: values = an array of <U1: give real"),
        (lambda: hn.PoissonKicks(20.0, 0.1).draw(2.5, 10, hn.effenberger_2025(2), 1), "n_trials"),
        (lambda: hn.PoissonKicks(20.0, 0.1).draw(2, 0, hn.effenberger_2025(2), 1), "n_steps = 0"),
    ],
)
def test_what_no_kick_can_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()
