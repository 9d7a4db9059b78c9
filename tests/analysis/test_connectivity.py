"""Phase-locking against closed forms, slow references and mne-connectivity itself."""

import warnings

import mne
import numpy as np
import pytest
from mne_connectivity import (
    read_connectivity,
    spectral_connectivity_epochs,
    spectral_connectivity_time,
)

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.analysis import (
    analytic_signal,
    plv_over_time,
    plv_over_trials,
    ppc_over_time,
    ppc_over_trials,
    wpli2_debiased_over_trials,
    wpli_over_time,
    wpli_over_trials,
)

SFREQ, BAND = 200.0, (8.0, 14.0)


def jittered(n_trials, jitter, lag=0.7, n_times=400, seed=1):
    """Two sines of 10 Hz; each trial has its own phase, and the lag its own Gaussian jitter."""
    rng = np.random.default_rng(seed)
    times = np.arange(n_times) / SFREQ
    start = rng.uniform(0, 2 * np.pi, (n_trials, 1))
    shift = lag + jitter * rng.standard_normal((n_trials, 1))
    return np.stack(
        [np.cos(2 * np.pi * 10 * times + start), np.cos(2 * np.pi * 10 * times + start - shift)], 1
    )


def noise(n_trials, n_channels, n_times=600, seed=2):
    return np.random.default_rng(seed).standard_normal((n_trials, n_channels, n_times))


def slow_plv(z, axis):
    """One pair after the other; over time (axis 2) or over trials (axis 0)."""
    n = z.shape[1]
    theta = np.angle(z)
    shape = (len(z), n, n) if axis == 2 else (n, n, z.shape[2])
    plv = np.empty(shape)
    for j in range(n):
        for k in range(n):
            value = np.abs(np.mean(np.exp(1j * (theta[:, j] - theta[:, k])), axis=axis // 2))
            if axis == 2:
                plv[:, j, k] = value
            else:
                plv[j, k] = value
    return plv


def slow_ppc(theta):
    """Mean cosine over all pairs of observations along the first axis."""
    difference = theta[:, None] - theta[None]
    n = len(theta)
    return (np.cos(difference).sum(axis=(0, 1)) - n) / (n * (n - 1))


def tfr_of(z):
    info = mne.create_info(z.shape[1], SFREQ, "eeg", verbose="error")
    times = np.arange(z.shape[2]) / SFREQ
    values = z[:, :, None, None]
    return mne.time_frequency.EpochsTFRArray(info, values, times, [11.0], weights=np.ones((1, 1)))


@pytest.fixture
def signal():
    return analytic_signal(noise(12, 5), BAND, SFREQ)


@pytest.fixture
def rec():
    params = hn.effenberger_2025(5, heterogeneous=True, seed=1)
    kicks = hn.PoissonKicks(50.0, 0.1)
    return hn.simulate(params, 1500, n_trials=4, kicks=kicks, device="numpy", seed=1)


def test_over_time_equals_the_slow_reference_and_mne_connectivity(signal):
    plv = plv_over_time(noise(12, 5), band=BAND, sfreq=SFREQ).get_data("dense")
    assert plv.shape == (12, 5, 5)
    assert np.abs(plv - slow_plv(signal.values, 2)).max() < 1e-10
    library = spectral_connectivity_time(tfr_of(signal.values), method="plv", verbose="error")
    lower = np.tril_indices(5, -1)
    assert np.abs(plv - library.get_data("dense")[..., 0])[:, *lower].max() < 1e-10


def test_over_trials_equals_the_slow_reference(signal):
    plv = plv_over_trials(noise(12, 5), band=BAND, sfreq=SFREQ).get_data("dense")[:, :, 0]
    lower = np.tril_indices(5, -1)
    assert np.abs(plv - slow_plv(signal.values, 0))[lower].max() < 1e-10
    ppc = ppc_over_trials(noise(12, 5), band=BAND, sfreq=SFREQ).get_data("dense")[:, :, 0]
    theta = np.angle(signal.values)
    for j, k in zip(*lower, strict=True):
        assert np.abs(ppc[j, k] - slow_ppc(theta[:, j] - theta[:, k])).max() < 1e-10


def test_ppc_over_time_equals_all_pairs_of_times(signal):
    ppc = ppc_over_time(noise(12, 5), band=BAND, sfreq=SFREQ).get_data("dense")
    theta = np.angle(signal.values)
    expected = slow_ppc(theta[0, 3] - theta[0, 1])
    assert ppc[0, 3, 1] == pytest.approx(expected, abs=1e-10)


def test_wpli_equals_its_definition(signal):
    def expected(axis):
        imaginary = np.imag(signal.values[:, 3] * signal.values[:, 1].conj())
        return np.abs(imaginary.mean(axis)) / np.abs(imaginary).mean(axis)

    data = noise(12, 5)
    over_time = wpli_over_time(data, band=BAND, sfreq=SFREQ).get_data("dense")
    assert np.abs(over_time[:, 3, 1] - expected(1)).max() < 1e-10
    assert np.array_equal(over_time, over_time.transpose(0, 2, 1))
    over_trials = wpli_over_trials(data, band=BAND, sfreq=SFREQ).get_data("dense")
    assert np.abs(over_trials[3, 1, 0] - expected(0)).max() < 1e-10


def test_the_debiased_index_is_0_without_a_lag_and_known_with_one(signal):
    """The mean over pairs of trials of the product of their imaginary parts, over its size."""
    data, pairs = noise(12, 5), ~np.eye(12, dtype=bool)
    found = wpli2_debiased_over_trials(data, band=BAND, sfreq=SFREQ).get_data("dense")
    imaginary = np.imag(signal.values[:, 3] * signal.values[:, 1].conj())
    product = (imaginary[:, None] * imaginary[None])[pairs]
    expected = product.sum(axis=0) / np.abs(product).sum(axis=0)
    assert np.abs(found[3, 1, 0] - expected).max() < 1e-10
    many, lower = noise(40, 8, 400), np.tril_indices(8, -1)
    options = {"band": BAND, "sfreq": SFREQ}
    free = wpli2_debiased_over_trials(many, **options).get_data("dense")[:, :, 0, ::40][lower]
    assert abs(free.mean()) < 0.02
    biased = wpli_over_trials(many, **options).get_data("dense")[:, :, 0, ::40][lower]
    assert biased.mean() > 0.1


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.2])
def test_a_jittered_lag_separates_the_two_questions(jitter):
    """Over time: 1 in every trial. Over trials: exp(-jitter**2 / 2) in closed form."""
    data = jittered(400, jitter)
    inside = slice(100, 300)
    over_time = plv_over_time(data, band=BAND, sfreq=SFREQ).get_data("dense")[:, 1, 0]
    assert over_time.min() > 0.95  # edges of the filter
    expected = np.exp(-(jitter**2) / 2)
    over_trials = plv_over_trials(data, band=BAND, sfreq=SFREQ).get_data("dense")
    assert over_trials[1, 0, 0, inside].mean() == pytest.approx(expected, abs=0.06)
    ppc = ppc_over_trials(data, band=BAND, sfreq=SFREQ).get_data("dense")
    assert ppc[1, 0, 0, inside].mean() == pytest.approx(expected**2, abs=0.08)


def test_independent_noise_has_no_ppc_and_a_biased_plv():
    """PPC is 0 within its error; PLV is about 0.89 / sqrt(n), biased upward."""
    n_trials, lower = 20, np.tril_indices(8, -1)
    data = noise(n_trials, 8, 400)
    plv = plv_over_trials(data, band=BAND, sfreq=SFREQ).get_data("dense")[:, :, 0, ::40][lower]
    ppc = ppc_over_trials(data, band=BAND, sfreq=SFREQ).get_data("dense")[:, :, 0, ::40][lower]
    error = ppc.mean(axis=1).std() / np.sqrt(len(ppc))
    assert abs(ppc.mean()) < 4 * error
    assert plv.mean() == pytest.approx(np.sqrt(np.pi / 4 / n_trials), rel=0.1)


@pytest.mark.filterwarnings("ignore:No average EEG reference:RuntimeWarning")
def test_mnes_own_simulation_of_epochs():
    """EEG-like epochs: a common source makes electrodes lock; the library agrees."""
    info = mne.create_info(["Cz", "Pz", "Oz"], SFREQ, "eeg", verbose="error")
    rng = np.random.default_rng(3)
    iir = [0.2, -0.2, 0.04]
    raw = mne.io.RawArray(np.zeros((3, 6000)), info, verbose="error")
    mne.simulation.add_noise(
        raw, mne.make_ad_hoc_cov(info, 1.0, verbose="error"), iir, random_state=0, verbose="error"
    )
    common = rng.standard_normal(6000)
    raw._data[:2] += 8 * raw._data.std() * common
    epochs = mne.make_fixed_length_epochs(raw, 2.0, preload=True, verbose="error")
    plv = plv_over_trials(epochs, band=BAND).get_data("dense")[:, :, 0].mean(axis=-1)
    assert plv[1, 0] > 0.85
    assert plv[2, 0] < 0.5
    filtered = analytic_signal(epochs, BAND)
    assert filtered.names == ("Cz", "Pz", "Oz")
    library = spectral_connectivity_epochs(tfr_of(filtered.values), method="plv", verbose="error")
    assert np.allclose(plv, library.get_data("dense")[:, :, 0].mean(axis=-1), atol=1e-10)


def test_a_silent_channel_warns_and_is_not_locked():
    data = noise(5, 4)
    data[:, 2] = 0.0
    over_time = (plv_over_time, ppc_over_time, wpli_over_time)
    for function in (*over_time, plv_over_trials, ppc_over_trials, wpli_over_trials):
        with pytest.warns(UserWarning, match="silent channels have no phase.*: 2"):
            connectivity = function(data, band=BAND, sfreq=SFREQ).get_data("dense")
        assert np.isfinite(connectivity).all()
        row = connectivity[:, 2] if function.__name__.endswith("time") else connectivity[2]
        assert np.abs(row).max() == 0


def test_oscillators_have_phases_of_their_own(rec):
    """The coordinates and the band-pass agree on a recording where both are good."""
    own = plv_over_time(rec).get_data("dense")
    x, y, omega = (rec.data[name].values for name in ("x", "y", "omega"))
    center = x.mean(axis=(0, 2))
    measured = analysis.effective_omega(x, y, omega, 1.0, center)
    assert measured == pytest.approx(omega, rel=0.1)
    theta = analysis.oscillator_phase(x, y, measured, 1.0, center)
    given = plv_over_time(rec, center=center).get_data("dense")
    assert np.abs(given - slow_plv(np.exp(1j * theta), 2)).max() < 1e-10
    assert np.abs(given - own).max() < 0.05
    filtered = plv_over_time(rec, band=(10.0, 100.0)).get_data("dense")
    lower = np.tril_indices(5, -1)
    assert np.corrcoef(own[:, *lower].ravel(), filtered[:, *lower].ravel())[0, 1] > 0.8


def test_order_parameter(rec):
    order = analysis.kuramoto_order_parameter(rec)
    z = analytic_signal(rec).values
    assert np.allclose(order, np.abs((z / np.abs(z)).mean(axis=1)))


def test_segments_and_epochs(rec):
    both = hn.simulate(
        hn.effenberger_2025(3, heterogeneous=True, seed=1),
        1800,
        n_trials=3,
        kicks=hn.PoissonKicks(50.0, 0.1),
        segments={"rest": 900, "stimulus": 900},
        device="numpy",
        seed=1,
    )
    part = plv_over_time(both, segment="stimulus").get_data("dense")
    assert part.shape == (3, 3, 3)
    assert not np.allclose(part, plv_over_time(both).get_data("dense"))
    epochs = both.to_epochs()
    plv = plv_over_time(epochs, band=(15.0, 80.0)).get_data("dense")
    expected = plv_over_time(both, band=(15.0, 80.0)).get_data("dense")
    assert np.allclose(plv, expected)


@pytest.mark.parametrize("function", [plv_over_time, plv_over_trials])
def test_saved_and_read_back(rec, tmp_path, function):
    connectivity = function(rec)
    connectivity.save(tmp_path / "plv.h5")
    with warnings.catch_warnings():  # xarray adds a filter of its own
        again = read_connectivity(tmp_path / "plv.h5")
    assert np.array_equal(again.get_data(), connectivity.get_data())
    assert list(again.names) == [f"x{k:03d}" for k in range(5)]


def make_raw():
    info = mne.create_info(2, SFREQ, "misc", verbose="error")
    return mne.io.RawArray(np.zeros((2, 500)), info, verbose="error")


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (make_raw(), {}, TypeError, "make_fixed_length_epochs"),
        (noise(3, 2), {"sfreq": SFREQ}, ValueError, "give band="),
        (noise(3, 2), {"band": BAND}, ValueError, "give sfreq="),
        (noise(3, 2)[0], {"band": BAND, "sfreq": SFREQ}, ValueError, "has shape .2, 600."),
        (noise(3, 2), {"band": (60.0, 120.0), "sfreq": SFREQ}, ValueError, "half of the sampling"),
        (noise(3, 2), {"band": (9.0, 8.0), "sfreq": SFREQ}, ValueError, "0 < low < high"),
        (noise(3, 2, 15), {"band": BAND, "sfreq": SFREQ}, ValueError, "a cycle at 8 Hz takes 25"),
        (noise(3, 2, 100), {"band": BAND, "sfreq": SFREQ}, ValueError, "narrower than a filter"),
        (noise(3, 1), {"band": BAND, "sfreq": SFREQ}, ValueError, "one channel has no pairs"),
        (noise(3, 2) * np.nan, {"band": BAND, "sfreq": SFREQ}, ValueError, "= .0, 0, 0.; drop"),
        (noise(3, 2), {"segment": "rest"}, ValueError, "only recordings have segments"),
    ],
)
def test_bad_input(data, options, error, message):
    with pytest.raises(error, match=message):
        plv_over_time(data, **options)


def test_one_trial_is_refused_over_trials():
    with pytest.raises(ValueError, match="one trial: over trials, its phase-locking is 1"):
        plv_over_trials(noise(1, 3), band=BAND, sfreq=SFREQ)


def test_recordings_that_do_not_suffice(rec):
    params = hn.effenberger_2025(2, seed=1)
    with pytest.raises(ValueError, match="y was not recorded"):
        plv_over_time(hn.simulate(params, 100, record="x", device="numpy"))
    with pytest.raises(ValueError, match="20 samples, but a cycle of the slowest unit"):
        plv_over_time(hn.simulate(params, 20, device="numpy"))
