"""Spikes against the field of the network."""

import numpy as np
from scipy.signal import hilbert

__all__ = ["field_phase", "spike_phase_locking"]


def field_phase(x):
    """Phase of the network's field as every unit sees it, without its own part.

    Parameters
    ----------
    x : array_like, shape (n_trials, n_units, n_times)
        Positions. Each unit is scaled to unit variance, so that slow units,
        whose swings are wide, do not make up the field by themselves; one that
        never moves has no part in it. The transform is wrong near both ends:
        give the whole recording, and cut the phases afterwards.

    Returns
    -------
    phase : ndarray, shape (n_trials, n_units, n_times)
        Phase of the analytic signal (Hilbert transform) of the mean over all
        other units, in rad.

    Raises
    ------
    ValueError
        If there are fewer than two units.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> x = np.cos(2 * np.pi * np.arange(100) / 20)
    >>> phase = hn.analysis.field_phase(np.stack([x, x])[None])  # trials, units, times
    >>> phase[0, 0, [5, 15]].round(2)
    array([ 1.57, -1.57])
    """
    x = np.asarray(x, float)
    if x.shape[1] < 2:
        raise ValueError(f"x has {x.shape[1]} unit; the field of the others needs at least two")
    scale = x.std(axis=(0, 2), keepdims=True)
    moves = np.ptp(x, axis=2, keepdims=True) > 1e-12 * np.abs(x).max(axis=2, keepdims=True)
    z = np.where(moves, x - x.mean(axis=2, keepdims=True), 0) / np.where(scale > 0, scale, 1)
    others = z.sum(axis=1, keepdims=True) - z
    return np.angle(hilbert(others, axis=2))


def spike_phase_locking(spikes, phase):
    """Pairwise phase consistency of each unit's spikes with a field.

    Pairs of spikes of one trial are left out, since a rhythm makes them agree
    whatever the field does. The expectation is 0 without locking, for any
    number of spikes.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all trials.
    phase : array_like, shape (n_trials, n_units, n_steps)
        Phase of the field at every step, in rad.

    Returns
    -------
    ppc : ndarray, shape (n_units,)
        Up to 1; NaN for units that spike in fewer than two trials.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    Vinck, Battaglia, Womelsdorf and Pennartz, J Comput Neurosci 2012 (PPC1),
    doi:10.1007/s10827-011-0374-4.

    Examples
    --------
    A unit that spikes at the trough of the field in each of three trials:

    >>> import numpy as np, horn_neuro as hn
    >>> phase = np.tile(2 * np.pi * np.arange(40) / 20, (3, 1, 1))  # trials, units, steps
    >>> trial, sample = np.repeat([0, 1, 2], 2), np.tile([10, 30], 3)
    >>> spikes = hn.recording.SpikeTrains(trial, np.zeros(6, int), sample, shape=(3, 1, 40))
    >>> hn.analysis.spike_phase_locking(spikes, phase).round(6)
    array([1.])
    """
    phase = np.asarray(phase)
    if phase.shape != spikes.shape:
        raise ValueError(f"phase has shape {phase.shape}, but the spikes are of {spikes.shape}")
    n_trials, n_units, _ = spikes.shape
    vectors = np.exp(1j * phase[spikes.trial, spikes.unit, spikes.sample])
    where = spikes.trial * n_units + spikes.unit

    def per_trial(values):
        sums = np.bincount(where, values, minlength=n_trials * n_units)
        return sums.reshape(n_trials, n_units)

    sums = per_trial(vectors.real) + 1j * per_trial(vectors.imag)
    counts = per_trial(np.ones(len(spikes)))
    within = (np.abs(sums) ** 2).sum(axis=0)
    pairs = counts.sum(axis=0) ** 2 - (counts**2).sum(axis=0)
    across = np.abs(sums.sum(axis=0)) ** 2 - within
    return np.divide(across, pairs, out=np.full(n_units, np.nan), where=pairs > 0)
