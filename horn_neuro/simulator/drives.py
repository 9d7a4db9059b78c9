"""`Drive`: sines, chirps, pulses, noise and recorded signals that units hear."""

import numpy as np
from scipy import sparse

from horn_neuro._quantities import floats, number, usable
from horn_neuro.parameters import generator, resolve_seed
from horn_neuro.simulator.door import full_stimulus
from horn_neuro.simulator.drive_parts import Part
from horn_neuro.simulator.waveforms import (
    Chirp,
    Noise,
    Pulse,
    Samples,
    Sine,
    raw_samples,
    wav_samples,
)

__all__ = ["Drive"]


class Drive:
    """Signals that act on units from outside, beside the stimulus.

    Make one by the methods below, and add several up: ``Drive.sine(...) + Drive.noise(...)``. A
    drive d is added to the input inside the tanh, unweighted by w_in and not scaled by 1/sqrt(n)::

        y' = y + h (alpha tanh(w_in s + b_in + d + (w_rec y + b_rec)/sqrt(n) + feedback x)
                    - omega**2 x - 2 gamma y)

    so that a unit answers a weak one by its gain (`horn_neuro.analysis.discrete_gain`), and one
    of an amplitude well above 1 drives it into saturation.

    Parameters
    ----------
    *parts
        What the methods put in.

    Raises
    ------
    ValueError
        If a number is not finite, a frequency or a time is negative, a band or a length of time
        is none, or a unit comes twice. What does not suit a network and its step, such as a
        frequency above Nyquist's or a unit that is not there, is one of `horn_neuro.simulate`.

    Notes
    -----
    What all of the methods take:

    units : int | str | array_like of int, str or bool | None
        Which units hear it: by number, by the name of their position in MNE ("x003"), or by a
        mask with a bool for each unit, such as ``params.layer == 1``; None is all.
    start_ms, stop_ms : float
        When it acts, in ms from the first step, rounded to whole steps; `stop_ms` None is until
        the end. Quantities of Brian2 are converted.
    amplitude : float | array_like, shape (n_driven,)
        One, or one for each unit in the order of `units`.

    The value of step k is that of the time ``k * step``. All of it is computed before anything
    runs, so that drives are the same on all devices.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(n_units=8, seed=1)
    >>> drive = hn.Drive.sine(20, 0.1, units=[0, 1]) + hn.Drive.pulse(1.0, 50, 60, units=7)
    >>> drive
    <Drive | sine of 20 Hz, amplitude 0.1, units [0 1], 0 ms to the end
           + pulse, amplitude 1, units [7], 50 ms to 60 ms>
    >>> rec = hn.simulate(params, 100, drives=drive, device="numpy")
    """

    def __init__(self, *parts):
        if not parts or not all(isinstance(part, Part) for part in parts):
            raise ValueError(f"drive: parts = {parts!r}: make one by its methods, as Drive.sine")
        self.parts = parts

    @classmethod
    def sine(cls, frequency_hz, amplitude, *, phase=0.0, units=None, start_ms=0.0, stop_ms=None):
        """Make a sine, ``amplitude * sin(2 pi frequency t + phase)``, t from its start.

        Parameters
        ----------
        frequency_hz : float
            Its frequency, between 0 and half the rate of steps.
        amplitude : float | array_like, shape (n_driven,)
            Its amplitude, in the unit of the argument of tanh.
        phase : float
            In rad.
        units, start_ms, stop_ms
            Of whom and when, see `Drive`.

        Returns
        -------
        drive : Drive

        Examples
        --------
        A weak one, which shows the exact gain once the transient is over.

        >>> import horn_neuro as hn, numpy as np
        >>> params = hn.network(np.zeros((1, 1)), frequency_hz=20, decay_ms=50)
        >>> rec = hn.simulate(params, 2000, drives=hn.Drive.sine(20, 1e-3), device="numpy")
        >>> omega = 2 * np.pi * 20 * 1e-3  # rad per unit of model time, here a ms
        >>> measured = rec.data["x"].values[0, 0, 1000:].max() / 1e-3
        >>> exact = abs(hn.analysis.discrete_gain(params, [omega])[0, 0])
        >>> bool(abs(measured / exact - 1) < 0.005)
        True
        """
        hz = number("drive: frequency_hz", frequency_hz, "Hz", above=0)
        wave = Sine(hz, number("drive: phase", phase))
        return cls(Part(wave, amplitude, units, start_ms, stop_ms))

    @classmethod
    def chirp(
        cls,
        first_hz,
        last_hz,
        amplitude,
        *,
        logarithmic=False,
        units=None,
        start_ms=0.0,
        stop_ms=None,
    ):
        """Make a sine whose frequency moves from one to another while it lasts.

        Parameters
        ----------
        first_hz, last_hz : float
            Frequencies at start and stop; the second may be the lower one.
        amplitude : float | array_like, shape (n_driven,)
            Its amplitude, in the unit of the argument of tanh.
        logarithmic : bool
            Whether each octave takes the same time, instead of each Hz.
        units, start_ms, stop_ms
            Of whom and when, see `Drive`.

        Returns
        -------
        drive : Drive

        See Also
        --------
        scipy.signal.chirp : Which computes it, from phase 0 on.

        Examples
        --------
        >>> import horn_neuro as hn
        >>> hn.Drive.chirp(5, 80, 0.01, stop_ms=4000)
        <Drive | chirp from 5 to 80 Hz, amplitude 0.01, 0 ms to 4000 ms>
        """
        ends = (
            number(f"drive: {name}", hz, "Hz", above=0)
            for name, hz in (("first_hz", first_hz), ("last_hz", last_hz))
        )
        return cls(
            Part(
                Chirp(*ends, _flag("logarithmic", logarithmic)), amplitude, units, start_ms, stop_ms
            )
        )

    @classmethod
    def pulse(cls, amplitude, start_ms=0.0, stop_ms=None, *, units=None):
        """Make a rectangular pulse, or a constant from some time on.

        Parameters
        ----------
        amplitude : float | array_like, shape (n_driven,)
            Its height, in the unit of the argument of tanh.
        start_ms, stop_ms, units
            When and of whom, see `Drive`.

        Returns
        -------
        drive : Drive

        Examples
        --------
        A train of ten, each of 5 ms.

        >>> import horn_neuro as hn
        >>> train = sum(hn.Drive.pulse(0.5, start, start + 5) for start in range(0, 500, 50))
        >>> len(train.parts)
        10
        """
        return cls(Part(Pulse(), amplitude, units, start_ms, stop_ms))

    @classmethod
    def noise(
        cls,
        amplitude,
        *,
        band_hz=None,
        common=False,
        frozen=False,
        seed=None,
        units=None,
        start_ms=0.0,
        stop_ms=None,
    ):
        """Make Gaussian noise, white or filtered, the same on all devices.

        Parameters
        ----------
        amplitude : float | array_like, shape (n_driven,)
            Its standard deviation, whatever the band.
        band_hz : tuple of float and None | None
            Lowest and highest frequency, either of which can be None: a Butterworth filter of
            order 4. None is white noise: independent numbers at every step.
        common : bool
            Whether all units hear the same noise, rather than each its own.
        frozen : bool
            Whether it is the same in all trials.
        seed : int | None
            Its own; None takes that of the simulation, and a stream of its own for each place in
            a sum of drives.
        units, start_ms, stop_ms
            Of whom and when, see `Drive`.

        Returns
        -------
        drive : Drive
            Stationary from its start on. With equal seeds, a longer one begins as a shorter one.

        Examples
        --------
        >>> import horn_neuro as hn
        >>> hn.Drive.noise(0.05, band_hz=(8, 12), common=True) + hn.Drive.noise(0.1)
        <Drive | noise of 8 Hz to 12 Hz, amplitude 0.05, 0 ms to the end
               + white noise, amplitude 0.1, 0 ms to the end>
        """
        wave = Noise(
            *_band(band_hz),
            _flag("common", common),
            _flag("frozen", frozen),
            None if seed is None else resolve_seed(seed),
        )
        return cls(Part(wave, amplitude, units, start_ms, stop_ms))

    @classmethod
    def array(cls, values, amplitude=1.0, *, rate_hz=None, units=None, start_ms=0.0, stop_ms=None):
        """Take given values.

        Parameters
        ----------
        values : array_like
            Of shape (n_samples,) for all units, (n_samples, n_driven) for each of them, or
            (n_trials, n_samples, 1 or n_driven). They are taken as they are.
        amplitude : float | array_like, shape (n_driven,)
            What they are multiplied with.
        rate_hz : float | None
            Samples per second, from which they are resampled to the network's step; None is a
            sample for each step.
        units, start_ms, stop_ms
            Of whom and when, see `Drive`. Without `stop_ms` they have to fit in.

        Returns
        -------
        drive : Drive

        See Also
        --------
        scipy.signal.resample_poly : Which resamples.

        Examples
        --------
        >>> import horn_neuro as hn, numpy as np
        >>> ramp = hn.Drive.array(np.linspace(0, 1, 250), 0.1, rate_hz=250)  # a second
        """
        array = floats("drive: values", values)
        array = array[:, None] if array.ndim == 1 else array
        array = array[None] if array.ndim == 2 else array
        if array.ndim != 3 or not array.size or not usable(array).all():
            raise ValueError(
                f"drive: values of shape {np.shape(values)}; give finite numbers of shape "
                "(n_samples,), (n_samples, n_driven) or (n_trials, n_samples, n_driven)"
            )
        rate = None if rate_hz is None else number("drive: rate_hz", rate_hz, "Hz", above=0)
        wave = Samples(array.copy(), rate, "array")
        return cls(Part(wave, amplitude, units, start_ms, stop_ms))

    @classmethod
    def wav(cls, path, amplitude, *, units=None, start_ms=0.0, stop_ms=None):
        """Take a sound, resampled to the network's step.

        Parameters
        ----------
        path : str | Path
            A WAV file. Of several channels, the mean is taken.
        amplitude : float | array_like, shape (n_driven,)
            Its standard deviation over the whole file.
        units, start_ms, stop_ms
            Of whom and when, see `Drive`. Without `stop_ms` it has to fit in.

        Returns
        -------
        drive : Drive
            Centred. What is above half the rate of steps (500 Hz at 1 ms) is lost.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it cannot be read, or is silent.
        """
        return cls(Part(wav_samples(path), amplitude, units, start_ms, stop_ms))

    @classmethod
    def raw(cls, raw, amplitude, *, picks=None, units=None, start_ms=0.0, stop_ms=None):
        """Take a recording of MNE, resampled to the network's step.

        Parameters
        ----------
        raw : mne.io.BaseRaw
            Continuous data; `raw.crop` takes a part.
        amplitude : float | array_like, shape (n_driven,)
            Its standard deviation over all channels and times.
        picks : str | array_like | None
            Channels, as MNE takes them: one for all units, or one for each of `units`. None is
            all but stimulus channels and bad ones.
        units, start_ms, stop_ms
            Of whom and when, see `Drive`. Without `stop_ms` it has to fit in.

        Returns
        -------
        drive : Drive
            Each channel centred.

        Raises
        ------
        ValueError
            If it is no Raw, holds values that are not finite, or is constant.

        Examples
        --------
        >>> import horn_neuro as hn, mne, numpy as np
        >>> info = mne.create_info(["O1", "O2"], 250.0, "eeg")
        >>> waves = 1e-5 * np.sin(2 * np.pi * np.outer([10, 11], np.arange(500) / 250))
        >>> raw = mne.io.RawArray(waves, info, verbose="error")
        >>> params = hn.effenberger_2025(n_units=8, seed=1)
        >>> drive = hn.Drive.raw(raw, 0.1, units=[0, 4])  # O1 to unit 0, O2 to unit 4
        >>> rec = hn.simulate(params, 2000, drives=drive, device="numpy")
        """
        return cls(Part(raw_samples(raw, picks), amplitude, units, start_ms, stop_ms))

    def __add__(self, other):
        if isinstance(other, int | float) and other == 0:  # where sum() begins
            return self
        if not isinstance(other, Drive):
            return NotImplemented
        return Drive(*self.parts, *other.parts)

    __radd__ = __add__

    def __repr__(self):
        parts = "\n       + ".join(map(str, self.parts))
        return f"<Drive | {parts}>"

    def resolve(self, params, n_trials, n_steps, seed):
        """Compute the drive for a network and a simulation.

        Parameters
        ----------
        params : HornParameters
            The network.
        n_trials, n_steps : int
            Size of the simulation.
        seed : int
            Of noise that has none of its own; each part draws from a source of its own.

        Returns
        -------
        signals : ndarray, shape (n_trials, n_steps, n_sources)
            What there is to hear.
        weights : scipy.sparse.csr_array, shape (n_units, n_sources)
            How strongly each unit hears it.

        Raises
        ------
        ValueError
            If the drive does not suit the network, its step or the simulation.
        """
        signals, weights = zip(
            *(
                part.resolve(params, n_trials, n_steps, generator(seed, f"drive {k}"))
                for k, part in enumerate(self.parts)
            ),
            strict=True,
        )
        return np.concatenate(signals, axis=2), sparse.hstack(weights, format="csr")

    def as_inputs(self, params, stimulus, *, n_trials=None, seed=None):
        """Turn the drive into inputs of the network, as the torch twin takes them.

        Parameters
        ----------
        params : HornParameters
            The network.
        stimulus : array_like | int
            As `horn_neuro.simulate` takes it.
        n_trials : int | None
            Number of trials; None reads it off the stimulus.
        seed : int | None
            As in `horn_neuro.simulate`.

        Returns
        -------
        params : HornParameters
            The network with more inputs.
        inputs : ndarray, shape (n_trials, n_steps, n_inputs)
            The stimulus, and behind it the drive.

        Examples
        --------
        >>> import horn_neuro as hn
        >>> params = hn.effenberger_2025(n_units=8, seed=1)
        >>> driven, inputs = hn.Drive.sine(20, 0.1).as_inputs(params, 100)
        >>> inputs.shape, driven.n_inputs
        ((1, 100, 2), 2)
        """
        stimulus = full_stimulus(params, stimulus, n_trials, None, None)
        signals, weights = self.resolve(params, *stimulus.shape[:2], resolve_seed(seed))
        w_in = np.hstack([params.w_in, weights.toarray()])
        return params.replace(w_in=w_in), np.concatenate([stimulus, signals], axis=2)


def _flag(name, value):
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"drive: {name} = {value!r}: give True or False")
    return bool(value)


def _band(band_hz):
    """Return the ends of a band, of which each may be None."""
    if band_hz is None:
        return None, None
    if isinstance(band_hz, str) or np.shape(band_hz) != (2,):
        raise ValueError(
            f"drive: band_hz = {band_hz!r}: give (lowest, highest), each in Hz or None"
        )
    ends = [None if hz is None else number("drive: band_hz", hz, "Hz", above=0) for hz in band_hz]
    if None not in ends and ends[0] >= ends[1]:
        raise ValueError(f"drive: band_hz = {band_hz!r}: give the lower frequency first")
    return ends
