import numpy as np
import pytest

from horn_neuro.analysis import (
    cluster_ratio,
    log_volume,
    noise_and_signal,
    noise_covariance,
    participation_ratio,
    signal_covariance,
    signal_over_time,
    split_participation_ratio,
)

NOISE = np.array([4.0, 2.0, 1.0, 1.0, 0.5, 0.5])  # variances, participation ratio 3.6
SIGNAL = np.array([9.0, 0.0, 3.0, 0.0, 0.0, 0.0])  # participation ratio 1.6


def draw(n_stimuli, n_repeats=2, n_times=1, noise=NOISE, signal=SIGNAL, seed=1):
    """Responses of known covariances, in turned axes, and the rotation."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(len(noise), len(noise))))
    shape = (n_stimuli, n_repeats, len(noise), n_times)
    response = np.sqrt(signal)[:, None] * rng.normal(size=(n_stimuli, 1, *shape[2:]))
    states = response + np.sqrt(noise)[:, None] * rng.normal(size=shape)
    return np.einsum("ij,srjt->srit", axes, 7.0 + states), axes


def by_loops(states):
    """Both covariances by plain loops over times, stimuli and pairs of repeats."""
    n_stimuli, n_repeats, n_units, n_times = states.shape
    noise, signal = np.zeros((n_stimuli, n_units, n_units)), np.zeros((n_units, n_units))
    for t in range(n_times):
        for s in range(n_stimuli):
            noise[s] += np.cov(states[s, :, :, t].T) / n_times
        for a in range(n_repeats):
            for b in range(n_repeats):
                if a != b:
                    both = np.cov(states[:, a, :, t].T, states[:, b, :, t].T)
                    signal += both[:n_units, n_units:] / (n_repeats * (n_repeats - 1) * n_times)
    return noise, signal


@pytest.mark.parametrize("n_repeats", [2, 4])
def test_against_loops(n_repeats):
    states, _ = draw(7, n_repeats, n_times=3)
    noise, signal = by_loops(states)
    assert np.allclose(noise_covariance(states), noise, atol=1e-12)
    assert np.allclose(signal_covariance(states), signal, atol=1e-12)
    traces = [np.trace(by_loops(states[..., t : t + 1])[1]) for t in range(3)]
    assert np.allclose(signal_over_time(states), traces, atol=1e-12)


def test_known_covariances_come_out():
    states, axes = draw(20000)
    noise, signal = noise_covariance(states).mean(axis=0), signal_covariance(states)
    assert np.allclose(axes.T @ noise @ axes, np.diag(NOISE), atol=0.1)
    assert np.allclose(axes.T @ signal @ axes, np.diag(SIGNAL), atol=0.3)
    without = signal_covariance(draw(20000, signal=0 * SIGNAL)[0])
    assert np.abs(without).max() < 0.1


def test_halves_tell_the_dimension_that_few_stimuli_hide():
    few = [draw(20, seed=seed)[0] for seed in range(60)]
    for covariance, variances in ((noise_covariance, NOISE), (signal_covariance, SIGNAL)):
        true = participation_ratio(np.diag(variances))
        pairs = [split_participation_ratio(covariance, states) for states in few]
        assert np.median(pairs) == pytest.approx(true, rel=0.12)
    naive = [participation_ratio(noise_covariance(states).mean(axis=0)) for states in few]
    assert np.mean(naive) < 0.92 * participation_ratio(np.diag(NOISE))
    assert np.isnan(split_participation_ratio(signal_covariance, np.zeros((6, 2, 3, 1))))


def test_volume_is_that_of_the_gaussian():
    true = np.log(NOISE).sum() / 12
    found = [log_volume(draw(12, seed=seed)[0]) for seed in range(200)]
    assert np.mean(found) == pytest.approx(true, abs=0.02)
    # Twice as wide along every axis is a factor of 2 for each unit.
    states, _ = draw(12)
    assert log_volume(2 * states) - log_volume(states) == pytest.approx(np.log(2))
    assert np.isnan(log_volume(states[:5]))


def test_clusters():
    labels = np.repeat([3, 5, 8], 40)
    states, _ = draw(120, n_times=4)
    assert cluster_ratio(states, labels).mean() == pytest.approx(1, abs=0.4)
    apart = states.copy()
    apart[:, :, 0, 2] += 5.0 * labels[:, None]
    ratio = cluster_ratio(apart, labels)
    assert ratio[2] > 20 * ratio[0]
    means = apart.mean(axis=1)
    middles = [means[labels == k].mean(axis=0) for k in (3, 5, 8)]
    between = sum(40 * ((m - means.mean(axis=0)) ** 2).sum(axis=0) for m in middles) / 2
    within = sum(
        ((means[labels == k] - m) ** 2).sum(axis=(0, 1))
        for k, m in zip((3, 5, 8), middles, strict=True)
    )
    assert np.allclose(ratio, between / (within / 117))
    with pytest.raises(ValueError, match="clusters need two classes"):
        cluster_ratio(states, 0 * labels)


def test_single_repeats_are_refused():
    with pytest.raises(ValueError, match="two repeats of each"):
        noise_covariance(np.zeros((3, 1, 2, 1)))
    with pytest.raises(ValueError, match="at least 4 stimuli"):
        split_participation_ratio(signal_covariance, np.zeros((3, 2, 2, 1)))


def test_scaling_undoes_the_units():
    """In units of ten times the size, the same states are the same after scaling."""
    states, _ = draw(30, n_times=2)
    units = np.array([10.0, 1.0, 0.1, 1.0, 1.0, 3.0])
    raw, large = (
        noise_and_signal(states, np.ones(6)),
        noise_and_signal(states * units[:, None], units),
    )
    noise = noise_covariance(states).mean(axis=0)
    assert raw["noise"] == raw["noise, scaled"] == pytest.approx(np.trace(noise))
    assert raw["signal"] == pytest.approx(np.trace(signal_covariance(states)))
    for name in ("noise", "signal", "noise dimension", "signal dimension"):
        assert large[f"{name}, scaled"] == pytest.approx(raw[name])
        assert large[name] != pytest.approx(raw[name], rel=0.01)
    assert large["log volume"] - raw["log volume"] == pytest.approx(np.log(units).mean())
