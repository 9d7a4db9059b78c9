"""`Recording`: what a simulation left, labelled."""

import json
import math

import numpy as np
import pandas as pd
import xarray as xr

from horn_neuro._version import software_versions
from horn_neuro.recording.pictures import Pictures
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


class Recording(Pictures):
    """Signals of all trials in an xarray data set, with their provenance.

    Parameters
    ----------
    data : xarray.Dataset
        As `Recording.from_arrays` makes it. Variables: the recorded signals
        "x", "y", "kicks" with dims (trial, unit, time); "stimulus" with dims
        (trial, channel, time); the final state; where weights were plastic,
        "final_w_rec" with dims (trial, post, pre), and "w_rec" with (trial, post,
        pre, time) where they were recorded; where spikes were recorded,
        "spike_trial", "spike_unit" and "spike_sample" with dim (spike,), which
        name trials, units and steps as the coordinates do.
        Coordinates: time in seconds, step and segment (of each time), label (of each
        trial, where there are any), and omega, frequency in Hz, decay_time in
        seconds and, of stacks, layer (of each unit), and, where units have places,
        position with dims (unit, space) in metres. Some of its trials, units or times, or
        every k-th time, are data of a Recording again.

    Raises
    ------
    ValueError
        If there is no trial, unit or time, or their dim has gone by a selection of one.

    See Also
    --------
    load_recording : Read a saved recording.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params, parts = hn.effenberger_2025(4, seed=1), {"on": 60, "off": 40}
    >>> recording = hn.simulate(params, [[1.0]] * 100, segments=parts, device="numpy")
    >>> recording.segments, recording.data["x"].dims
    ({'on': (0, 60), 'off': (60, 40)}, ('trial', 'unit', 'time'))
    >>> hn.Recording(recording.data.isel(time=slice(None, None, 2))).sfreq  # a part is one, too
    500.0
    """

    def __init__(self, data):
        for dim in ("trial", "unit", "time"):
            if not data.sizes.get(dim):
                raise ValueError(
                    f"data has no {dim}; select at least one, by a list, as in isel({dim}=[0])"
                )
        # Before them, lags of past values.
        order = ("unit", "channel", "post", "pre", "time", "space")
        self.data = data.transpose("trial", ..., *order, missing_dims="ignore")

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
            "step": ("time", np.arange(n_samples) * every),
            "segment": ("time", np.full(n_samples, "stimulus") if segments is None else segments),
            **{
                name: ("unit", np.asarray(values), {"units": _UNITS[name]})
                for name, values in units.items()
            },
        }
        if params.layer is not None:
            coordinates["layer"] = ("unit", params.layer)
        if params.positions is not None:
            coordinates["space"] = list("xyz"[: params.positions.shape[1]])
            coordinates["position"] = (("unit", "space"), params.positions, {"units": "m"})
        if labels is not None:
            coordinates["label"] = ("trial", np.asarray(labels))
        attributes = {
            "sfreq": 1 / interval,
            "h": params.h,
            "last_step": (n_samples - 1) * every,
            "provenance": json.dumps({**provenance, "versions": software_versions()}),
        }
        if spikes is not None:
            attributes |= {"spike_interval": spikes.interval, "spike_steps": spikes.shape[2]}
        return cls(xr.Dataset(variables, coordinates, attributes))

    def __getitem__(self, name):
        """Return a variable (DataArray) of the data, such as ``recording["x"]``."""
        return self.data[name]

    @property
    def sfreq(self):
        """Samples per second (float), from the times.

        Of a single time, it is that of the recording it was selected from.

        Raises
        ------
        ValueError
            If the times are not evenly spaced.
        """
        times, whole = self.data["time"].values, float(self.data.attrs["sfreq"])
        if len(times) < 2:
            return whole
        interval = (times[-1] - times[0]) / (len(times) - 1)
        if not interval > 0 or np.abs(np.diff(times) - interval).max() > 1e-3 * interval:
            raise ValueError(
                "the times are not evenly spaced, so that there is no sampling frequency; select "
                "one stretch, or every k-th time"
            )
        # The times are rounded; what they were made from is not.
        return whole if math.isclose(interval * whole, 1) else float(1 / interval)

    @property
    def h(self):
        """Step of the integration in model time (float)."""
        if "h" in self.data.attrs:
            return float(self.data.attrs["h"])
        # Older files have frequencies of omega h / (2 pi step).
        angle = 2 * np.pi * self.data["frequency"].values[0] * self.provenance.get("step", 1e-3)
        return float(angle / self.data["omega"].values[0])

    @property
    def provenance(self):
        """How the recording came about (dict): device, seed, versions, parameters and more."""
        return json.loads(self.data.attrs["provenance"])

    @property
    def positions(self):
        """Where the units are in metres, ndarray of shape (n_units, 1 to 3).

        Raises
        ------
        ValueError
            If the network had no positions.
        """
        if "position" not in self.data.coords:
            raise ValueError(
                "the units of this recording have no positions; simulate a network that has them, "
                "such as hn.lattice(...) or params.replace(positions=...)"
            )
        return self.data["position"].values

    @property
    def segments(self):
        """First sample and number of samples of each segment (dict of str to (int, int)).

        Raises
        ------
        ValueError
            If a segment comes twice.
        """
        names = self.data["segment"].values
        starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]][: len(names)])
        lengths = np.diff(np.r_[starts, len(names)])
        if len(set(names[starts])) < len(starts):
            raise ValueError(
                f"a segment comes twice: {', '.join(names[starts])}; give each a name of its own"
            )
        return {str(names[k]): (int(k), int(n)) for k, n in zip(starts, lengths, strict=True)}

    @property
    def _steps(self):
        if "step" in self.data.coords:
            return self.data["step"].values
        # Older files have times that begin at 0, and nothing else.
        return np.rint(self.data["time"].values / self.provenance["step"]).astype(int)

    def _check_end(self):
        steps = self._steps
        next_one = steps[-1] + (steps[-1] - steps[-2] if len(steps) > 1 else 1)
        if next_one <= self.data.attrs.get("last_step", -1):
            raise ValueError(
                "this part of a recording ends before its last step, and does not know the state "
                "in between; take the final state of the whole"
            )

    @property
    def final_state(self):
        """State after the last step (`State`), to continue from with ``simulate(initial=...)``.

        Raises
        ------
        ValueError
            If this is a part that ends before.
        """
        self._check_end()
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
        ValueError
            If this is a part that ends before the last step.
        """
        self._check_end()
        if "final_w_rec" not in self.data:
            raise KeyError("no weights were plastic; simulate with plasticity=")
        return self.data["final_w_rec"].values

    @property
    def spikes(self):
        """Spikes at upward phase crossings (`SpikeTrains`), by step whatever else was sampled.

        Of a part of a recording, those of its trials and units, from its first time until
        just before the time that would come after its last.

        Raises
        ------
        KeyError
            If they were not recorded.
        ValueError
            If the times are not evenly spaced, or trials or units come twice.
        """
        if "spike_sample" not in self.data:
            raise KeyError('no spikes were recorded; simulate with record=(..., "spikes")')
        interval, total = (float(self.data.attrs[f"spike_{k}"]) for k in ("interval", "steps"))
        names = {dim: self.data[dim].values for dim in ("trial", "unit")}
        where, kept = {}, np.ones(self.data.sizes["spike"], bool)
        for dim, present in names.items():
            index = pd.Index(present)
            if dim not in self.data.coords or not index.is_unique:
                raise ValueError(
                    f"the spikes cannot tell the {dim}s apart, since their numbers are gone or "
                    f"come twice; number the coordinate {dim} and spike_{dim} anew"
                )
            where[dim] = index.get_indexer(self.data[f"spike_{dim}"].values)
            kept &= where[dim] >= 0
        times, steps = np.rint(self.data["time"].values / interval).astype(int), self._steps
        first, last = steps[0], min(steps[-1] + round(1 / (self.sfreq * interval)), int(total))
        sample = self.data["spike_sample"].values
        kept &= (sample >= first) & (sample < last)
        return SpikeTrains(
            *(where[dim][kept].astype(np.int32) for dim in names),
            sample[kept] - np.int32(first),
            (len(names["trial"]), len(names["unit"]), int(last - first)),
            interval,
            start=int(times[0]),
            **{f"{dim}s": present for dim, present in names.items()},
        )

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

        Examples
        --------
        >>> import horn_neuro as hn
        >>> params, parts = hn.effenberger_2025(4, seed=1), {"on": 60, "off": 40}
        >>> recording = hn.simulate(params, [[1.0]] * 100, segments=parts, device="numpy")
        >>> off = hn.Recording(recording.segment("off"))
        >>> off.data.sizes["time"]
        40
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

    def to_raw(self, signals=("x",), trial=None, ch_type=None, scale=1.0):
        """Return the trials, one after the other, as `mne.io.RawArray`.

        See `horn_neuro.recording.to_raw`.
        """
        from horn_neuro.recording.to_mne import to_raw

        return to_raw(self, signals, trial, ch_type, scale)

    def to_epochs(self, signals=("x",), onset="stimulus", ch_type=None, scale=1.0):
        """Return the trials as `mne.EpochsArray`.

        See `horn_neuro.recording.to_epochs`.
        """
        from horn_neuro.recording.to_mne import to_epochs

        return to_epochs(self, signals, onset, ch_type, scale)

    def __repr__(self):
        sizes = self.data.sizes
        signals = [name for name in ("x", "y", "kicks", "w_rec", "stimulus") if name in self.data]
        if "spike_sample" in self.data:
            signals.append(f"{sizes['spike']} spikes")
        try:
            sampling = f"at {self.sfreq:g} Hz"
            parts = ", ".join(f"{name} {n}" for name, (_, n) in self.segments.items())
        except ValueError:
            sampling, parts = "of several stretches", "several"
        return (
            f"<Recording | {sizes['trial']} trials, {sizes['unit']} units, "
            f"{sizes['time']} samples {sampling}\n"
            f"  {', '.join(signals)}; segments: {parts}; device {self.provenance['device']}>"
        )
