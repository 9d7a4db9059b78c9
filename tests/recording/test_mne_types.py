"""MNE's own tools on a recording, without picks."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import horn_neuro as hn


@pytest.fixture(scope="module")
def recording():
    params = hn.network(np.zeros((4, 4)), frequency_hz=[10, 20, 30, 40], decay_ms=500)
    start = hn.State(np.ones((3, 4)), np.zeros((3, 4)))
    return hn.simulate(params, 600, initial=start, record="x", n_trials=3)


@pytest.mark.parametrize("ch_type", ["eeg", "seeg", "ecog"])
def test_mne_needs_no_picks(recording, ch_type):
    raw = recording.to_raw(ch_type=ch_type, scale=1e-5)
    assert set(raw.get_channel_types()) == {ch_type}
    np.testing.assert_allclose(raw.get_data()[:, :600], 1e-5 * recording.data["x"].values[0])
    spectrum = raw.compute_psd(n_fft=512, verbose="error")
    peaks = spectrum.freqs[spectrum.get_data().argmax(axis=1)]
    np.testing.assert_allclose(peaks, [10, 20, 30, 40], atol=2)
    kept = raw.copy().filter(15, 25, verbose="error").get_data().std(axis=1)
    assert kept.argmax() == 1
    assert kept[1] > 3 * kept[3]


@pytest.mark.filterwarnings("ignore:Channel locations not available")
def test_it_draws(recording):
    plt.switch_backend("agg")
    raw = recording.to_raw(ch_type="eeg", scale=1e-5)
    figure = raw.compute_psd(n_fft=512, verbose="error").plot(show=False)
    assert len(figure.axes[0].lines) >= 4
    plt.close("all")


def test_the_stimulus_stays_as_it_is(recording):
    epochs = recording.to_epochs(("x", "stimulus"), ch_type="seeg", scale=2.0)
    assert epochs.get_channel_types() == ["seeg"] * 4 + ["misc"]
    x, stimulus = (recording.data[name].values for name in ("x", "stimulus"))
    np.testing.assert_allclose(epochs.get_data(), np.concatenate([2 * x, stimulus], axis=1))
    assert set(recording.to_epochs().get_channel_types()) == {"misc"}


def test_bad_types(recording):
    with pytest.raises(ValueError, match="ch_type = 'meg': choose misc, eeg"):
        recording.to_raw(ch_type="meg")
    with pytest.raises(ValueError, match="scale = 0"):
        recording.to_epochs(scale=0)
