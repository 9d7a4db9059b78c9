"""`Recording`: what a simulation left, labelled."""

import json

import numpy as np
import xarray as xr

from horn_neuro._version import software_versions
from horn_neuro.recording.spikes import SpikeTrains
from horn_neuro.recording.state import State

__all__ = ["Recording"]

_UNITS = {
    "x": "position",
    "y": "position per unit of model time",
    "kicks": "position per unit of model time",
    "stimulus": "1",
    "omega": "rad per unit of model time",
    "frequency": "Hz",
    "decay_time": "s",
}


class Recording:
    """Signals of all trials in an xarray data set, with their provenance.

    Parameters
    ----------
    data : xarray.Dataset
        As `Recording.from_arrays` makes it. Variables: the recorded signals
        "x", "y", "kicks" with dims (trial, unit, time); "stimulus" with dims
        (trial, channel, time); the final state; where weights were plastic,
        "final_w_rec" with dims (trial, post, pre), and "w_rec" with (trial, post,
        pre, time) where they were recorded; where spikes were recorded,
        "spike_trial", "spike_unit" and "spike_sample" with dim (spike,).
        Coordinates: time in seconds, segment (of each time), label (of each
        trial, where there are any), and omega, frequency in Hz, decay_time in
        seconds and, of stacks, layer (of each unit).

    See Also
    --------
    load_recording : Read a saved recording.
    """

    def __init__(self, data):
        self.data = data

    @classmethod
    def from_arrays(
        cls,
        params,
        signals,
        stimulus,
        final_state,
        provenance,
        *,
        every=1,
        segments=None,
        labels=None,
        spikes=None,
        weights=None,
    ):
        """Put arrays together.

        Parameters
        ----------
        params : HornParameters
            The network, as it was during the recording: what tells the units apart and
            how long a step is are read off it.
        signals : dict of str to ndarray, shape (n_trials, n_units, n_samples)
            Recorded variables by name.
        stimulus : ndarray, shape (n_trials, n_channels, n_samples)
            The input at the recorded steps.
        final_state : State
            State after the last step.
        provenance : dict
            JSON-like record of how the signals came about.
        every : int
            Steps from one sample to the next.
        segments : array_like of str, shape (n_samples,) | None
            Name of the segment each sample belongs to; None calls all "stimulus".
        labels : array_like of int, shape (n_trials,) | None
            Class of each trial.
        spikes : SpikeTrains | None
            Spikes, where they were recorded.
        weights : dict of str to ndarray | None
            "final_w_rec", shape (n_trials, n_units, n_units), and "w_rec", with
            samples as a last axis, of plastic connections [post, pre].

        Returns
        -------
        recording : Recording
        """
        interval = every * params.step
        units = {
            "omega": params.omega,
            "frequency": params.frequency_hz,
            "decay_time": params.decay_time,
        }
        trial_unit = ("trial", "unit")
        variables = {
            name: ((*trial_unit, "time"), values, {"units": _UNITS[name]})
            for name, values in signals.items()
        }
        variables["stimulus"] = (("trial", "channel", "time"), stimulus, {"units": "1"})
        for name in final_state:
            # Different couplings have different delays.
            lag = "lag" if name == "past_y" else f"lag_{name}"
            dims = ("trial", lag, "unit") if final_state[name].ndim == 3 else trial_unit
            variables[f"final_{name}"] = (dims, final_state[name])
        for name, values in (weights or {}).items():
            variables[name] = (("trial", "post", "pre", "time")[: values.ndim], values)
        if spikes is not None:
            for name in ("trial", "unit", "sample"):
                variables[f"spike_{name}"] = ("spike", getattr(spikes, name).astype(np.int32))
        n_trials, n_channels, n_samples = np.shape(stimulus)
        coordinates = {
            "trial": np.arange(n_trials),
            "unit": np.arange(final_state.x.shape[1]),
            "channel": np.arange(n_channels),
            "time": ("time", np.arange(n_samples) * interval, {"units": "s"}),
            "segment": ("time", np.full(n_samples, "stimulus") if segments is None else segments),
            **{
                name: ("unit", np.asarray(values), {"units": _UNITS[name]})
                for name, values in units.items()
            },
        }
        if params.layer is not None:
            coordinates["layer"] = ("unit", params.layer)
        if labels is not None:
            coordinates["label"] = ("trial", np.asarray(labels))
        attributes = {
            "sfreq": 1 / interval,
            "provenance": json.dumps({**provenance, "versions": software_versions()}),
        }
        if spikes is not None:
            attributes |= {"spike_interval": spikes.interval, "spike_steps": spikes.shape[2]}
        return cls(xr.Dataset(variables, coordinates, attributes))

    @property
    def sfreq(self):
        """Samples per second (float)."""
        return float(self.data.attrs["sfreq"])

    @property
    def provenance(self):
        """How the recording came about (dict): device, seed, versions, parameters and more."""
        return json.loads(self.data.attrs["provenance"])

    @property
    def segments(self):
        """First sample and number of samples of each segment (dict of str to (int, int))."""
        names = self.data["segment"].values
        starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
        lengths = np.diff(np.r_[starts, len(names)])
        return {str(names[k]): (int(k), int(n)) for k, n in zip(starts, lengths, strict=True)}

    @property
    def final_state(self):
        """State after the last step (`State`), to continue from with ``simulate(initial=...)``."""
        parts = {
            name.removeprefix("final_"): values.values
            for name, values in self.data.data_vars.items()
            if name.startswith("final_") and name != "final_w_rec"
        }
        return State(**parts)

    @property
    def final_w_rec(self):
        """Plastic weights after the last step, ndarray of shape (n_trials, n_units, n_units).

        Raises
        ------
        KeyError
            If no weights were plastic.
        """
        if "final_w_rec" not in self.data:
            raise KeyError("no weights were plastic; simulate with plasticity=")
        return self.data["final_w_rec"].values

    @property
    def spikes(self):
        """Spikes at upward phase crossings (`SpikeTrains`), by step whatever else was sampled.

        Raises
        ------
        KeyError
            If they were not recorded.
        """
        if "spike_sample" not in self.data:
            raise KeyError('no spikes were recorded; simulate with record=(..., "spikes")')
        trial, unit, sample = (
            self.data[f"spike_{name}"].values for name in ("trial", "unit", "sample")
        )
        sizes, attributes = self.data.sizes, self.data.attrs
        shape = sizes["trial"], sizes["unit"], int(attributes["spike_steps"])
        return SpikeTrains(trial, unit, sample, shape, float(attributes["spike_interval"]))

    def segment(self, name):
        """Return the data of one segment.

        Parameters
        ----------
        name : str
            Name of the segment.

        Returns
        -------
        data : xarray.Dataset

        Raises
        ------
        KeyError
            If there is no such segment.
        """
        if name not in self.segments:
            raise KeyError(f"no segment {name!r}; this recording has {', '.join(self.segments)}")
        start, length = self.segments[name]
        return self.data.isel(time=slice(start, start + length))

    def save(self, path):
        """Save as NetCDF, read back by `load_recording`.

        Parameters
        ----------
        path : str | Path
            The file to write; replaced only once the new one is complete.
        """
        from horn_neuro.recording.netcdf import save_recording

        save_recording(self, path)

    def to_raw(self, signals=("x",), trial=None):
        """Return the trials, one after the other, as `mne.io.RawArray`.

        See `horn_neuro.recording.to_raw`.
        """
        from horn_neuro.recording.to_mne import to_raw

        return to_raw(self, signals, trial)

    def to_epochs(self, signals=("x",), onset="stimulus"):
        """Return the trials as `mne.EpochsArray`.

        See `horn_neuro.recording.to_epochs`.
        """
        from horn_neuro.recording.to_mne import to_epochs

        return to_epochs(self, signals, onset)

    def __repr__(self):
        sizes = self.data.sizes
        signals = [name for name in ("x", "y", "kicks", "w_rec", "stimulus") if name in self.data]
        if "spike_sample" in self.data:
            signals.append(f"{sizes['spike']} spikes")
        parts = ", ".join(f"{name} {n}" for name, (_, n) in self.segments.items())
        return (
            f"<Recording | {sizes['trial']} trials, {sizes['unit']} units, "
            f"{sizes['time']} samples at {self.sfreq:g} Hz\n"
            f"  {', '.join(signals)}; segments: {parts}; device {self.provenance['device']}>"
        )
