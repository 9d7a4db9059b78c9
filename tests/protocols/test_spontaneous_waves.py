"""What must come out of spontaneous_waves: right measures, matched units, order by coupling."""

import numpy as np
import pytest

SIDE = 8


@pytest.fixture(scope="module")
def run(fast):
    return fast("spontaneous_waves").run


def test_measures_of_a_plane_wave(run):
    _, column, time = np.indices((SIDE, SIDE, 40))
    found = run.numbers(np.exp(1j * (0.4 * time - 2 * np.pi / SIDE * column)))
    assert found["vortices"] == 0
    assert np.isnan(found["life"])
    assert found["neighbours"] == pytest.approx(1)
    assert found["wavelength"] == pytest.approx(SIDE)
    assert found["flow"] == pytest.approx(1)


def test_measures_of_vortices_that_live(run):
    """A pair on the torus that stays all the time, and one that is seen once."""
    q = 2 * np.pi / SIDE
    row, column, time = np.indices((SIDE, SIDE, 40))
    field = (np.cos(q * (row - 0.3)) + 1j * np.cos(q * (column - 0.3))) * np.exp(0.4j * time)
    found = run.numbers(field)
    assert found["vortices"] == 4
    assert found["life"] == found["life of one seen"] == 2 * 40
    field[:, :, 0] = np.exp(2j * np.pi * np.random.default_rng(0).random((SIDE, SIDE)))
    found = run.numbers(field)
    assert found["life"] < 40  # most are those of the first time,
    assert found["life of one seen"] > 70  # but most that are seen are not


def test_independent_phases_are_a_third(run):
    phase = np.random.default_rng(1).uniform(0, 2 * np.pi, (SIDE, SIDE, 200))
    found = run.numbers(np.exp(1j * phase))
    assert found["vortices"] == pytest.approx(SIDE**2 / 3, rel=0.05)
    assert found["neighbours"] < 0.2
    assert found["flow"] < 0.2


def test_frequencies_are_spread_around_the_same_mean(run):
    equal, spread = (run.network("delayed", units, 1)[0] for units in ("equal", "spread"))
    assert np.ptp(equal.omega) == 0
    assert spread.omega.mean() == pytest.approx(equal.omega[0], rel=1e-12)
    assert spread.omega.std() / spread.omega.mean() == pytest.approx(run.spread, rel=0.2)
    assert (equal.w_rec != spread.w_rec).nnz == 0
    other = run.network("delayed", "spread", 2)[0]
    assert not np.array_equal(other.omega, spread.omega)


def test_random_fields_keep_the_spectrum_and_nothing_else(run):
    rng = np.random.default_rng(2)
    row, _, time = np.indices((SIDE, SIDE, 40))
    field = np.exp(1j * (0.4 * time - row)) * rng.normal(size=row.shape)
    random = run.scrambled(field, rng)
    np.testing.assert_allclose(np.abs(np.fft.fftn(random)), np.abs(np.fft.fftn(field)))
    assert np.abs(np.vdot(random, field)) < 0.3 * np.vdot(field, field).real


def test_coupling_makes_order_and_spread_undoes_it(fast):
    sheets = fast("spontaneous_waves").result["sheets"]

    def mean(name, units, what):
        ones = [b for b in sheets if (b["medium"], b["units"]) == (name, units)]
        assert len(ones) == 2
        return np.mean([b["sheet"][what] for b in ones])

    assert mean("no coupling", "equal", "vortices") == pytest.approx(SIDE**2 / 3, rel=0.25)
    for name in ("no delay, beyond the edge", "delayed, beyond the edge"):
        equal, spread = (mean(name, units, "vortices") for units in ("equal", "spread"))
        assert equal < spread < mean("no coupling", "equal", "vortices")
    name = "no delay, beyond the edge"  # delays make domains of both signs
    alone = mean("no coupling", "equal", "neighbours")
    assert mean(name, "equal", "neighbours") > mean(name, "spread", "neighbours") > 1.5 * alone
    for one in sheets:
        assert sum(one["kinds"].values()) == pytest.approx(1)
