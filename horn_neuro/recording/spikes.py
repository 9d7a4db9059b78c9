"""`SpikeTrains`: when the units cross zero upwards."""

from dataclasses import dataclass

import numpy as np

from horn_neuro._quantities import number, numbers, whole

__all__ = ["SpikeTrains", "phase_crossings"]


@dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Spikes of all trials and units, one entry a spike, in the order of their times.

    Parameters
    ----------
    trial, unit, sample : ndarray of int, shape (n_spikes,)
        Where and at which step each spike was, counted from 0.
    shape : tuple of int
        Number of trials, units and steps.
    interval : float
        Seconds per step.
    start : int
        Steps from the time 0 to the first step, of a part of a recording.
    trials, units : array_like | None
        What the recording calls the trials and units; None numbers them.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params, kicks = hn.effenberger_2025(4, seed=1), hn.PoissonKicks(50, 0.5)
    >>> recording = hn.simulate(params, 300, kicks=kicks, record="spikes", seed=1, device="numpy")
    >>> spikes = recording.spikes
    >>> spikes.of(trial=0, unit=0).round(3)[:4], spikes.rates().shape
    (array([0.024, 0.049, 0.069, 0.097]), (1, 4))
    """

    trial: np.ndarray
    unit: np.ndarray
    sample: np.ndarray
    shape: tuple
    interval: float = 1.0
    start: int = 0
    trials: np.ndarray | None = None
    units: np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.shape, tuple | list) or len(self.shape) != 3:
            raise ValueError(f"shape = {self.shape!r}: give numbers of trials, units and steps")
        object.__setattr__(self, "shape", tuple(whole("shape", n, 0) for n in self.shape))
        number("interval", self.interval, above=0)
        names = ("trial", "unit", "sample")
        for name, size in zip(names, self.shape, strict=True):
            index = numbers(name, getattr(self, name))
            if index.dtype.kind not in "iu" or not ((index >= 0) & (index < size)).all():
                raise ValueError(
                    f"{name} is an array of {index.dtype}; give whole numbers below {size}"
                )
            object.__setattr__(self, name, index)
        shapes = [getattr(self, name).shape for name in names]
        if len(shapes[0]) != 1 or len(set(shapes)) > 1:
            raise ValueError(
                f"trial, unit and sample have shapes {shapes}; give one of each for each spike"
            )

    def __len__(self):
        return len(self.sample)

    def __repr__(self):
        n_trials, n_units, n_steps = self.shape
        return (
            f"<SpikeTrains | {len(self)} spikes of {n_units} units in {n_trials} trials of "
            f"{n_steps} steps, {self.interval:g} s each>"
        )

    @property
    def time(self):
        """Times in seconds (ndarray, shape (n_spikes,))."""
        return (self.sample + self.start) * self.interval

    def of(self, trial, unit):
        """Return the times in seconds of one trial and unit, by their places (ndarray)."""
        return self.time[(self.trial == trial) & (self.unit == unit)]

    def rates(self, bin_width=None):
        """Count spikes a second.

        Parameters
        ----------
        bin_width : float | None
            Width of the bins in seconds, rounded to whole steps; None counts
            over the whole trial. The first bin begins with the first step; a last
            bin that is not full is left out.

        Returns
        -------
        rates : ndarray, shape (n_trials, n_units, n_bins) or (n_trials, n_units)
            In Hz.

        Raises
        ------
        ValueError
            If a bin is longer than a trial or shorter than a step.
        """
        n_trials, n_units, n_steps = self.shape
        width = n_steps if bin_width is None else round(bin_width / self.interval)
        if not 1 <= width <= n_steps:
            raise ValueError(
                f"bin_width = {bin_width} s: give at least a step ({self.interval:g} s) and at "
                f"most a trial ({n_steps * self.interval:g} s)"
            )
        n_bins = n_steps // width
        inside = self.sample < n_bins * width
        train = self.trial.astype(np.int64) * n_units + self.unit
        flat = train * n_bins + self.sample // width
        counts = np.bincount(flat[inside], minlength=n_trials * n_units * n_bins)
        rates = counts.reshape(n_trials, n_units, n_bins) / (width * self.interval)
        return rates[:, :, 0] if bin_width is None else rates

    def to_neo(self):
        """Return the spikes as a neo block, for Elephant and its kin.

        Returns
        -------
        block : neo.Block
            A segment for each trial, with a spike train for each unit,
            annotated by its `unit`, as the recording calls it.

        Raises
        ------
        ImportError
            If neo is not installed.
        """
        try:
            import neo
            import quantities
        except ImportError:
            raise ImportError(
                "to_neo needs the package neo; install it by pip install neo, or "
                "pip install '.[neo]' in a clone"
            ) from None
        n_trials, n_units, n_steps = self.shape
        block = neo.Block(name="horn_neuro")
        order = np.lexsort((self.sample, self.unit, self.trial))
        edges = np.searchsorted(
            (self.trial.astype(np.int64) * n_units + self.unit)[order],
            np.arange(n_trials * n_units + 1),
        )
        trials = range(n_trials) if self.trials is None else self.trials
        units = range(n_units) if self.units is None else self.units
        for trial, trial_name in enumerate(trials):
            segment = neo.Segment(name=f"trial {trial_name}", index=int(trial_name))
            for unit, unit_name in enumerate(units):
                first, last = edges[trial * n_units + unit :][:2]
                train = neo.SpikeTrain(
                    self.time[order[first:last]],
                    t_start=self.start * self.interval,
                    t_stop=(self.start + n_steps) * self.interval,
                    units="s",
                    sampling_rate=1 / self.interval * quantities.Hz,
                    unit=int(unit_name),
                )
                segment.spiketrains.append(train)
            block.segments.append(segment)
        return block


def phase_crossings(x, y, omega, threshold=0.0, interval=1.0):
    """Find where positions cross zero upwards, in a recording of every step.

    Parameters
    ----------
    x, y : array_like, shape (n_trials, n_units, n_steps)
        Positions and velocities.
    omega : array_like, shape (n_units,)
        Natural frequencies in rad per unit of model time.
    threshold : float
        Smallest amplitude y/omega at a crossing that counts.
    interval : float
        Seconds per step.

    Returns
    -------
    spikes : SpikeTrains
        A crossing belongs to the first step with x at or above 0. None is found
        at the first step, since the position before is not known.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> x = np.sin(0.25 * np.arange(60) - 0.1)[None, None]  # trials, units, steps
    >>> hn.recording.phase_crossings(x, np.gradient(x, axis=2), [0.25]).sample
    array([ 1, 26, 51])
    """
    x, y = np.asarray(x), np.asarray(y)
    crossed = (x[:, :, :-1] < 0) & (x[:, :, 1:] >= 0)
    crossed &= y[:, :, 1:] >= np.asarray(omega)[:, None] * threshold
    trial, unit, sample = np.nonzero(crossed)
    order = np.argsort(sample, kind="stable")
    return SpikeTrains(trial[order], unit[order], sample[order] + 1, x.shape, interval)
