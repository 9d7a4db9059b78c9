"""Drives against plain loops, closed forms, and what cannot be."""

import math

import mne
import numpy as np
import pytest
import torch
from reference.loop import simulate_by_loop
from scipy import signal
from scipy.io import wavfile

import horn_neuro as hn
from horn_neuro.analysis import discrete_gain
from horn_neuro.parameters import generator, uniform_delays

UNITS, TRIALS, STEPS, SEED = 6, 2, 420, 5


@pytest.fixture
def params():
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(UNITS, 2, heterogeneous=True, seed=3)
    return params.replace(
        feedback=rng.normal(0, 0.3, UNITS),
        w_rec=rng.normal(0, 1.2, (UNITS, UNITS)) * (rng.random((UNITS, UNITS)) < 0.6),
        delays=uniform_delays(UNITS, 1, 5, rng),
        step=0.5e-3,
    )


def all_kinds():
    """A drive of every kind, and its values at every trial, step and unit by plain loops."""
    rng = np.random.default_rng(2)
    given = rng.normal(size=(TRIALS, 100, 2))
    drive = (
        hn.Drive.sine(30, [0.4, -0.2], phase=0.3, units=[4, 1], start_ms=20, stop_ms=150)
        + hn.Drive.chirp(5, 90, 0.3, units=np.arange(UNITS) % 2 == 0, start_ms=50)
        + hn.Drive.pulse(0.7, 100, 120)
        + hn.Drive.noise(0.2, units=["x005", "x001"])
        + hn.Drive.noise(0.1, common=True)
        + hn.Drive.noise(0.3, frozen=True, seed=8, start_ms=200, units=3)
        + hn.Drive.array(given, 0.5, units=[0, 2], start_ms=10)
    )
    values = np.zeros((TRIALS, STEPS, UNITS))
    noise = generator(SEED, "drive 3").standard_normal((STEPS, TRIALS, 2))
    common = generator(SEED, "drive 4").standard_normal((STEPS, TRIALS))
    frozen = generator(8, "drive").standard_normal(20)
    for trial in range(TRIALS):
        for k in range(STEPS):
            at = values[trial, k]
            if 40 <= k < 300:
                sine = math.sin(2 * math.pi * 30 * (k - 40) * 0.5e-3 + 0.3)
                at[4] += 0.4 * sine
                at[1] -= 0.2 * sine
            if k >= 100:
                t = (k - 100) * 0.5e-3  # of 0.16 s
                at[::2] += 0.3 * math.sin(2 * math.pi * (5 * t + 85 * t**2 / (2 * 0.16)))
            if 200 <= k < 240:
                at += 0.7
            at[[5, 1]] += 0.2 * noise[k, trial]
            at += 0.1 * common[k, trial]
            if k >= 400:
                at[3] += 0.3 * frozen[k - 400]
            if 20 <= k < 120:
                at[[0, 2]] += 0.5 * given[trial, k - 20]
    return drive, values


def test_equals_the_loop(device, params):
    """The loop hears the drive as further inputs, of which each unit has one."""
    drive, values = all_kinds()
    rng = np.random.default_rng(3)
    stimulus = rng.random((TRIALS, STEPS, 2))
    kicks = rng.normal(0, 0.1, values.shape) * (rng.random(values.shape) < 0.1)
    hearing = params.replace(w_in=np.hstack([params.w_in, np.eye(UNITS)]))
    xs, ys = simulate_by_loop(hearing, np.concatenate([stimulus, values], axis=2), kicks)
    recording = hn.simulate(
        params,
        stimulus,
        drives=drive,
        kicks=hn.DrawnKicks(kicks),
        seed=SEED,
        device=device,
        segments={"all": STEPS},
    )
    assert recording.provenance["device"] == device
    for name, expected in (("x", xs), ("y", ys)):
        found = recording.data[name].values
        assert np.abs(found - expected).max() < 1e-10 * np.abs(expected).max()
    np.testing.assert_array_equal(recording.data["stimulus"], stimulus.transpose(0, 2, 1))


def test_the_twin_hears_the_same(params):
    drive, values = all_kinds()
    driven, inputs = drive.as_inputs(params, STEPS, n_trials=TRIALS, seed=SEED)
    np.testing.assert_allclose(inputs[:, :, 2:] @ driven.w_in[:, 2:].T, values, atol=1e-13)
    recording = hn.simulate(params, STEPS, n_trials=TRIALS, drives=drive, seed=SEED, device="numpy")
    twin = hn.HornNetwork(driven, "analytic", dtype=torch.float64)
    found = twin(torch.tensor(inputs), record=True).recording.data["x"].values
    expected = recording.data["x"].values
    assert np.abs(found - expected).max() < 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize("hz", [6, 14, 35])
def test_a_small_sine_shows_the_exact_gain(hz):
    """In amplitude and phase, to 0.5 %, of units of several frequencies, whatever step and h."""
    params = hn.network(
        np.zeros((3, 3)), frequency_hz=[8, 14, 30], decay_ms=[40, 60, 50], dt_ms=0.7
    )
    size, n = 1e-3, round(1200 / 0.7)
    drive = hn.Drive.sine(hz, size, start_ms=7)
    recording = hn.simulate(params, n, drives=drive, device="numpy", record="x")
    t = 0.7 * np.arange(n)
    late = t > 800  # 13 decay times of the slowest
    angle = 2 * np.pi * hz * (t[late] - 7) / 1000
    design = np.column_stack([np.sin(angle), np.cos(angle)])
    sine, cosine = np.linalg.lstsq(design, recording.data["x"].values[0, :, late], rcond=None)[0]
    exact = discrete_gain(params, [2 * np.pi * hz / 1000])[:, 0]
    np.testing.assert_allclose((sine + 1j * cosine) / size, exact, rtol=0.005)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_slow_chirp_draws_the_resonance_curve(logarithmic):
    params = hn.network(np.zeros((2, 2)), frequency_hz=[15, 25], decay_ms=60)
    ends, n = (40, 8), 24_000
    drive = hn.Drive.chirp(*ends, 1e-3, logarithmic=logarithmic)
    x = hn.simulate(params, n, drives=drive, device="numpy", record="x").data["x"].values[0]
    share = np.linspace(0, 1, n)
    hz = ends[0] * (ends[1] / ends[0]) ** share if logarithmic else ends[0] - 32 * share
    envelope = np.abs(signal.hilbert(x, axis=1))[:, 500:-500] / 1e-3
    exact = np.abs(discrete_gain(params, 2 * np.pi * hz[500:-500] / 1000))
    assert np.median(np.abs(envelope / exact - 1)) < 0.01
    peaks = hz[500:-500][envelope.argmax(axis=1)]
    np.testing.assert_allclose(peaks, hz[500:-500][exact.argmax(axis=1)], rtol=0.02)


@pytest.mark.parametrize("band", [None, (20, 40), (None, 50), (100, None)])
def test_noise_has_its_size_and_its_band(band):
    params = hn.effenberger_2025(4, seed=1)
    drive = hn.Drive.noise(0.3, band_hz=band)
    values = drive.as_inputs(params, 20_000, n_trials=2, seed=1)[1][:, :, 1:]
    assert values.shape == (2, 20_000, 4)  # weights have the size
    np.testing.assert_allclose(values.std(), 1, rtol=0.02)
    # From the very start on, as over many seeds it is.
    starts = [drive.as_inputs(params, 1, n_trials=100, seed=k)[1][:, 0, 1:] for k in range(5)]
    np.testing.assert_allclose(np.std(starts), 1, rtol=0.06)
    flat = values.transpose(0, 2, 1).reshape(8, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(8)).max() < 0.1
    if band is not None:
        hz, power = signal.welch(flat, 1000, nperseg=1000)
        low, high = (0 if band[0] is None else band[0]), band[1] or 500
        inside, outside = (hz >= low) & (hz <= high), (hz < low / 2) | (hz > 2 * high)
        assert power[:, inside].sum() > 0.9 * power.sum()
        assert power[:, outside].sum() < 0.02 * power.sum()


def test_noise_is_seeded():
    params = hn.effenberger_2025(4, seed=1)

    def values(drive, seed=1, n=50):
        driven, inputs = drive.as_inputs(params, n, n_trials=3, seed=seed)
        return inputs[:, :, 1:] @ driven.w_in[:, 1:].T

    noise = hn.Drive.noise(0.2, band_hz=(10, 80))
    np.testing.assert_array_equal(values(noise), values(noise))
    np.testing.assert_array_equal(values(noise, n=80)[:, :50], values(noise))
    assert not np.allclose(values(noise, seed=2), values(noise))
    twice = values(noise + noise) - values(noise)
    assert np.abs(np.corrcoef(twice.ravel(), values(noise).ravel())[0, 1]) < 0.3
    own = hn.Drive.noise(0.2, seed=4)
    np.testing.assert_array_equal(values(own, seed=1), values(own, seed=2))
    np.testing.assert_allclose(values(own + own), 2 * values(own))
    common = values(hn.Drive.noise(0.2, common=True))
    assert (common == common[:, :, :1]).all()
    assert (common[0] != common[1]).all()
    frozen = values(hn.Drive.noise(0.2, frozen=True))
    assert (frozen == frozen[:1]).all()
    assert (frozen[:, :, 0] != frozen[:, :, 1]).all()


@pytest.mark.parametrize("kind", ["int16", "uint8", "float32"])
def test_a_sound_is_resampled(tmp_path, kind):
    """Two channels of 44.1 kHz: 40 Hz, and 1.3 kHz, which a step of 1 ms cannot know."""
    t = np.arange(44_100) / 44_100
    left, right = np.sin(2 * np.pi * 40 * t), np.sin(2 * np.pi * 1300 * t)
    sound = 0.4 * np.column_stack([left, right])
    sound = {"int16": 2**15 * sound, "uint8": 128 + 128 * sound, "float32": sound}[kind]
    wavfile.write(tmp_path / "tone.wav", 44_100, sound.astype(kind))
    params = hn.effenberger_2025(3, seed=1)
    drive = hn.Drive.wav(tmp_path / "tone.wav", 0.2, units=[2])
    assert "tone.wav, amplitude 0.2, units [2]" in repr(drive)
    driven, inputs = drive.as_inputs(params, 1000)
    heard = (inputs[0, :, 1:] @ driven.w_in[:, 1:].T)[50:-50]
    # Half of the power is lost with the other channel.
    expected = 0.2 * np.sin(2 * np.pi * 40 * np.arange(1000) / 1000)[50:-50]
    np.testing.assert_allclose(heard[:, 2], expected, atol=0.006)
    assert not heard[:, :2].any()


def raw_of(values, sfreq, bads=()):
    kinds = ["eeg"] * (len(values) - 1) + ["stim"]
    info = mne.create_info([f"E{k}" for k in range(len(values))], sfreq, kinds)
    info["bads"] = list(bads)
    return mne.io.RawArray(values, info, verbose="error")


@pytest.mark.parametrize("sfreq", [250.0, 600.614990234375])  # the second of MNE's sample data
def test_channels_of_mne_go_to_their_units(sfreq):
    t = np.arange(round(4 * sfreq)) / sfreq
    waves = 1e-5 * np.array([np.sin(2 * np.pi * 12 * t), np.cos(2 * np.pi * 7 * t), t, t > 1])
    raw = raw_of(waves, sfreq, bads=["E2"])
    params = hn.effenberger_2025(3, seed=1)
    driven, inputs = hn.Drive.raw(raw, 0.5, units=[2, 0]).as_inputs(params, 4100)
    heard = (inputs[0, :, 1:] @ driven.w_in[:, 1:].T)[100:3900]
    t = np.arange(100, 3900) / 1000
    scale = 0.5 * math.sqrt(2)
    np.testing.assert_allclose(heard[:, 2], scale * np.sin(2 * np.pi * 12 * t), atol=0.01)
    np.testing.assert_allclose(heard[:, 0], scale * np.cos(2 * np.pi * 7 * t), atol=0.01)
    assert not heard[:, 1].any()
    assert not inputs[0, 4005:].any()  # silent after its end
    one = hn.Drive.raw(raw, 0.5, picks=["E1"], stop_ms=100).as_inputs(params, 200)[1]
    assert one.shape == (1, 200, 2)
    assert not one[0, 100:].any()


def test_units_and_times_have_many_spellings():
    from brian2 import Hz, ms, second

    params = hn.stack(
        [hn.effenberger_2025(2, seed=1), hn.effenberger_2025(3, seed=2)], np.eye(3, 2)
    )

    def values(units, hz=20, **when):
        when = when or {"start_ms": 5, "stop_ms": 50}
        drive = hn.Drive.sine(hz, 0.1, units=units, **when)
        driven, inputs = drive.as_inputs(params, 100)
        return inputs[0, :, params.n_inputs :] @ driven.w_in[:, params.n_inputs :].T

    expected = values([2, 3, 4])
    assert expected[5:50, 2:].any()
    assert not expected[:, :2].any()
    for units in (params.layer == 1, range(2, 5), ["x002", "x003", "x004"], np.array([4, 2, 3])):
        np.testing.assert_array_equal(values(units), expected)
    for unit in ("x003", np.array(3), np.int32(3)):
        np.testing.assert_array_equal(values(unit), values([3]))
    np.testing.assert_array_equal(
        values([2, 3, 4], 20 * Hz, start_ms=0.005 * second, stop_ms=50 * ms), expected
    )


def test_a_recording_knows_its_drives():
    params = hn.effenberger_2025(3, seed=1)
    drive = hn.Drive.pulse(0.5) + hn.Drive.noise(0.1)
    recording = hn.simulate(params, 20, drives=drive, seed=1, device="numpy")
    assert recording.provenance["drives"] == repr(drive)
    assert list(recording.segments) == ["stimulus"]
    assert hn.simulate(params, 20, device="numpy").provenance["drives"] is None
    # Spikes of units that drives make cross zero, in single precision.
    recording = hn.simulate(
        params, 200, drives=drive, seed=1, device="numpy", dtype="float32", record="spikes"
    )
    assert len(recording.spikes) > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hn.Drive.sine(-3, 1), "frequency_hz = -3: give a finite number above 0"),
        (lambda: hn.Drive.sine(0, 1), "frequency_hz = 0: give a finite number above 0"),
        (lambda: hn.Drive.sine(3, np.nan), "amplitude = nan; give a finite number"),
        (lambda: hn.Drive.sine(3, [[1.0]]), "amplitude = .*; give a finite number"),
        (lambda: hn.Drive.sine(3, 1, start_ms=-1), "start_ms = -1: give a finite number of at"),
        (lambda: hn.Drive.pulse(1, 30, 20), "stop_ms = 20: give a time after 30, the start"),
        (lambda: hn.Drive.chirp(0, 20, 1), "first_hz = 0: give a finite number above 0"),
        (lambda: hn.Drive.noise(1, band_hz=(20, 10)), "band_hz = .*: give the lower frequency"),
        (lambda: hn.Drive.noise(1, band_hz=20), "band_hz = 20: give .lowest, highest"),
        (lambda: hn.Drive.noise(1, seed=-1), "seed = -1: give a non-negative integer"),
        (lambda: hn.Drive.sine(3, 1, units=[1, 1]), "give each unit once"),
        (lambda: hn.Drive.sine(3, 1, units=[]), "and at least one"),
        (lambda: hn.Drive.sine(3, 1, units=-1), "units = -1: give a whole number of at least 0"),
        (lambda: hn.Drive.sine(3, 1, units="V1"), "units = 'V1': give a whole number"),
        (lambda: hn.Drive.sine(3, 1, units=[False] * 4), "units is a mask of no unit"),
        (lambda: hn.Drive.sine(3, 1, units=True), "units = True: give numbers, or a bool for"),
        (lambda: hn.Drive.sine(3, 1, units=slice(2)), "units = slice.*: give a whole number"),
        (lambda: hn.Drive.noise(1, frozen="no"), "frozen = 'no': give True or False"),
        (lambda: hn.Drive.wav(None, 1), "path = None: give the name of a WAV file"),
        (lambda: hn.Drive(), "make one by its methods"),
        (lambda: hn.Drive.array([1, np.nan]), "values of shape .*; give finite numbers"),
        (lambda: hn.Drive.array([]), "values of shape .*; give finite numbers"),
        (lambda: hn.Drive.array([1.0], rate_hz=0), "rate_hz = 0: give a finite number above 0"),
        (lambda: hn.Drive.raw(np.ones(3), 1), "give an mne.io.Raw"),
        (lambda: hn.Drive.raw(raw_of(np.full((2, 9), np.nan), 100.0), 1), "raw has no values, or"),
        (lambda: hn.Drive.raw(raw_of(np.full((2, 9), 0.1), 100.0), 1), "raw is constant"),
        (lambda: hn.Drive.wav(__file__, 1), "is no WAV file that can be read"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_sound_that_is_not_there():
    with pytest.raises(FileNotFoundError, match=r"no WAV file .*nowhere\.wav"):
        hn.Drive.wav("nowhere.wav", 1)


@pytest.mark.parametrize(
    ("drive", "message"),
    [
        (hn.Drive.sine(500, 1), "frequency_hz = 500: a step of 1 ms knows frequencies below 500"),
        (hn.Drive.chirp(10, 600, 1), "last_hz = 600: a step of 1 ms"),
        (hn.Drive.noise(1, band_hz=(10, 600)), "band_hz = 600: a step of 1 ms"),
        (hn.Drive.noise(1, band_hz=(10, 10.00001)), "such a filter rings for more than"),
        (hn.Drive.sine(3, 1, units=[1, 4]), "units has 4, but the network has the units 0 to 3"),
        (hn.Drive.sine(3, 1, units=[True] * 5), "a mask of shape .5,.; give a bool for each of"),
        (hn.Drive.sine(3, [1, 2, 3]), "amplitude has shape .3,.; give one number"),
        (hn.Drive.pulse(1, 100), "acts in no step: 100 steps of 1 ms are simulated"),
        (hn.Drive.pulse(1, 3.1, 3.3), "acts in no step"),
        (hn.Drive.array(np.ones(101)), "array lasts 101 steps from step 0 on, but 100 are"),
        (hn.Drive.array(np.ones(11), rate_hz=100), "array lasts 110 steps from step 0 on"),
        (hn.Drive.array(np.ones((9, 2))), "array has 2 channels for 4 units; give one for all"),
        (hn.Drive.array(np.ones((3, 9, 1))), "array has 3 trials, but there are 2"),
        (hn.Drive.array(np.ones(10**5), rate_hz=1000.09, stop_ms=9), "in a simple ratio; resample"),
        (hn.Drive.array(np.ones(9), rate_hz=1e9), "in a simple ratio; resample"),
        (hn.Drive.array(np.ones(9), rate_hz=1e-9), "in a simple ratio; resample"),
        ([hn.Drive.pulse(1)], "drives = .*: give Drive or None"),
    ],
)
def test_what_does_not_suit_is_refused(drive, message):
    params = hn.effenberger_2025(4, seed=1)
    with pytest.raises(ValueError, match=message):
        hn.simulate(params, 100, n_trials=2, drives=drive, device="numpy")


def test_only_drives_are_added():
    with pytest.raises(TypeError, match="unsupported operand"):
        hn.Drive.pulse(1) + 1
