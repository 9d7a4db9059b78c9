"""Recordings as MNE objects."""

import mne
import numpy as np
import pandas as pd

__all__ = ["to_epochs", "to_raw"]

_PREFIX = {"x": "x", "y": "y", "kicks": "kick", "stimulus": "stim"}


def _channels(recording, signals):
    """Return data of shape (n_trials, n_channels, n_samples) and its `mne.Info`.

    Positions and velocities have no unit that MNE knows: all channels are of
    type "misc", which its default picks skip, so always give `picks`.
    """
    signals = (signals,) if isinstance(signals, str) else tuple(signals)
    missing = [name for name in signals if name not in _PREFIX or name not in recording.data]
    if missing or not signals:
        there = [name for name in _PREFIX if name in recording.data]
        raise ValueError(f"signals = {signals}: choose from what was recorded, {', '.join(there)}")
    arrays = [recording.data[name].values for name in signals]
    names = [
        f"{_PREFIX[name]}{k:03d}"
        for name, array in zip(signals, arrays, strict=True)
        for k in range(array.shape[1])
    ]
    info = mne.create_info(names, recording.sfreq, "misc", verbose="error")
    return np.concatenate(arrays, axis=1), info


def to_raw(recording, signals=("x",), trial=None):
    """Make an `mne.io.RawArray` with the segments as annotations.

    Parameters
    ----------
    recording : Recording
        What to convert.
    signals : tuple of str
        Of "x", "y", "kicks" and "stimulus", as far as recorded.
    trial : int | None
        One trial, or None for all of them in a row. Where two trials meet there
        are annotations "BAD boundary" and "EDGE boundary", as MNE's own
        concatenation leaves them.

    Returns
    -------
    raw : mne.io.RawArray
        Channels x000, x001, ... of type "misc": always give `picks`.

    Raises
    ------
    ValueError
        If a signal was not recorded.
    IndexError
        If there is no such trial.
    """
    data, info = _channels(recording, signals)
    trials = range(len(data)) if trial is None else [range(len(data))[trial]]
    raws = []
    for k in trials:
        raw = mne.io.RawArray(data[k], info, verbose="error")
        names, spans = zip(*recording.segments.items(), strict=True)
        onsets, lengths = np.array(spans, float).T / recording.sfreq
        raw.set_annotations(mne.Annotations(onsets, lengths, names))
        raws.append(raw)
    return mne.concatenate_raws(raws, verbose="error") if len(raws) > 1 else raws[0]


def to_epochs(recording, signals=("x",), onset="stimulus"):
    """Make an `mne.EpochsArray`, one epoch for each trial.

    Parameters
    ----------
    recording : Recording
        What to convert.
    signals : tuple of str
        Of "x", "y", "kicks" and "stimulus", as far as recorded.
    onset : str
        The segment whose first sample is time 0; if the recording has none of
        that name, its first sample is.

    Returns
    -------
    epochs : mne.EpochsArray
        Channels of type "misc": always give `picks`. Events are named
        "label/<label>", or "trial" without labels. The metadata has the columns
        trial and label.

    Raises
    ------
    ValueError
        If a signal was not recorded.
    """
    data, info = _channels(recording, signals)
    n_trials, _, n_samples = data.shape
    start = recording.segments.get(onset, (0, 0))[0]
    metadata = pd.DataFrame({"trial": recording.data["trial"].values})
    if "label" in recording.data.coords:
        metadata["label"] = recording.data["label"].values
        labels, codes = np.unique(metadata["label"], return_inverse=True)
        event_id = {f"label/{label}": k + 1 for k, label in enumerate(labels)}
    else:
        codes, event_id = np.zeros(n_trials, int), {"trial": 1}
    events = np.column_stack(
        [np.arange(n_trials) * n_samples + start, np.zeros(n_trials, int), codes + 1]
    )
    return mne.EpochsArray(
        data,
        info,
        events,
        tmin=-start / recording.sfreq,
        event_id=event_id,
        metadata=metadata,
        verbose="error",
    )
