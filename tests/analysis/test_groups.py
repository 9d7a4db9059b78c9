import mne
import numpy as np
import pytest
from mne_connectivity import spectral_connectivity_time

from horn_neuro import analysis

NAMES = ["A1", "A2", "B1", "B2", "bad", "STI"]


@pytest.fixture(scope="module")
def epochs():
    """Two groups, each locked within; one bad channel, and one of triggers."""
    rng = np.random.default_rng(1)
    time = np.arange(500) / 250
    data = 0.02 * rng.normal(size=(8, 6, 500))
    for trial in data:
        for pair, hertz in ((slice(0, 2), 9.5), (slice(2, 4), 10.7)):
            trial[pair] += np.sin(2 * np.pi * (hertz * time + rng.uniform()))
    data[:, 4] = 1e6 * rng.normal(size=(8, 500))
    info = mne.create_info(NAMES, 250.0, ["eeg"] * 5 + ["stim"], verbose="error")
    info["bads"] = ["bad"]
    return mne.EpochsArray(data, info, verbose="error")


def test_bad_channels_and_triggers_are_left_alone(epochs):
    plv = analysis.plv_over_time(epochs, band=(8, 12))
    assert list(plv.names) == NAMES[:4]
    assert epochs.info["bads"] == ["bad"]
    named = analysis.plv_over_time(epochs, band=(8, 12), picks=["B1", "bad"])
    assert list(named.names) == ["B1", "bad"]


def test_the_same_as_by_mne(epochs):
    """The whole record as one window, on the analytic signal that MNE makes."""
    ours = analysis.plv_over_time(epochs, band=(8, 12)).get_data("dense")
    kept = epochs.copy().pick(NAMES[:4])
    kept.filter(8, 12, pad="reflect_limited", verbose="error").apply_hilbert(verbose="error")
    signal = kept.get_data()
    phasors = signal / np.abs(signal)
    expected = np.abs(np.einsum("tjs,tks->tjk", phasors, phasors.conj())) / 500
    np.testing.assert_allclose(np.squeeze(ours), expected, atol=1e-10)
    library = spectral_connectivity_time(
        epochs.copy().pick(NAMES[:4]), [10.0], method="plv", n_cycles=4, verbose="error"
    ).get_data("dense")[..., 0]
    for j, k in ((1, 0), (3, 2)):
        assert library[:, j, k].mean() > 0.97
        assert np.squeeze(ours)[:, j, k].mean() > 0.97


@pytest.mark.parametrize("function", ["plv_over_time", "plv_over_trials"])
def test_means_within_and_between_groups(epochs, function):
    connectivity = getattr(analysis, function)(epochs, band=(8, 12))
    by_name = analysis.mean_over_groups(connectivity, {"A": ["A1", "A2"], "B": ["B1", "B2"]})
    by_index = analysis.mean_over_groups(connectivity, {"A": [0, 1], "B": [2, 3]})
    assert by_name.equals(by_index)
    assert by_name.loc["A", "B"] == by_name.loc["B", "A"]
    assert by_name.loc["A", "A"] > 0.95
    assert by_name.loc["B", "B"] > 0.95
    assert by_name.loc["A", "B"] < 0.6
    dense = connectivity.get_data("dense")
    pair = dense[:, 1, 0] if function == "plv_over_time" else dense[1, 0]
    assert by_name.loc["A", "A"] == pytest.approx(pair.mean())


def test_picks_of_arrays_are_indices(epochs):
    data = epochs.get_data(picks=NAMES[:4])
    some = analysis.analytic_signal(data, band=(8, 12), sfreq=250.0, picks=[3, 1])
    whole = analysis.analytic_signal(data, band=(8, 12), sfreq=250.0)
    assert some.names == ("3", "1")
    np.testing.assert_allclose(some.values, whole.values[:, [3, 1]])


def test_a_group_of_one_has_no_pairs_within(epochs):
    plv = analysis.plv_over_time(epochs, band=(8, 12))
    table = analysis.mean_over_groups(plv, {"one": ["A1"], "rest": ["A2", "B1"]})
    assert np.isnan(table.loc["one", "one"])
    assert np.isfinite(table.loc["one", "rest"])


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({}, "groups is empty"),
        ({"A": ["A9"]}, "'A9'; there are A1, A2"),
        ({"A": [4]}, "has 4"),
        ({"A": ["A1", 0]}, "each channel once"),
        ({"A": []}, "each channel once"),
    ],
)
def test_wrong_groups(epochs, groups, words):
    plv = analysis.plv_over_time(epochs, band=(8, 12))
    with pytest.raises(ValueError, match=words):
        analysis.mean_over_groups(plv, groups)
