"""Recordings as MNE objects."""

import mne
import numpy as np
import pandas as pd

from horn_neuro._quantities import number

__all__ = ["to_epochs", "to_raw"]

CH_TYPES = ("misc", "eeg", "seeg", "ecog")
_PREFIX = {"x": "x", "y": "y", "kicks": "kick", "stimulus": "stim"}


def _channels(recording, signals, ch_type, scale):
    """Return data of shape (n_trials, n_channels, n_samples) and its `mne.Info`.

    Positions and velocities have no unit that MNE knows: channels are of type "misc",
    which its default picks skip. MNE draws no maps of those, so that signals of units that
    have places are of type "eeg", with a montage.
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
    placed = "position" in recording.data.coords
    if ch_type not in (None, *CH_TYPES):
        raise ValueError(f"ch_type = {ch_type!r}: choose {', '.join(CH_TYPES)}, or None")
    scale = number("scale", scale, above=0)
    of_units = ch_type or ("eeg" if placed else "misc")
    kinds = [
        "misc" if name == "stimulus" else of_units
        for name, array in zip(signals, arrays, strict=True)
        for _ in range(array.shape[1])
    ]
    info = mne.create_info(names, recording.sfreq, kinds, verbose="error")
    if placed and of_units != "misc":
        places = _on_a_head(recording.positions)
        channels = [name for name, kind in zip(names, kinds, strict=True) if kind == of_units]
        montage = {name: places[k % len(places)] for k, name in enumerate(channels)}
        info.set_montage(mne.channels.make_dig_montage(montage, coord_frame="head"))
    scales = {"stimulus": 1.0}
    arrays = [scales.get(name, scale) * array for name, array in zip(signals, arrays, strict=True)]
    return np.concatenate(arrays, axis=1), info


def _on_a_head(positions):
    """Lay units over MNE's head so that its flat maps show them as they lie, to scale."""
    places = positions - (positions.max(axis=0) + positions.min(axis=0)) / 2
    places = np.pad(places, ((0, 0), (0, max(0, 2 - places.shape[1]))))
    radius = np.linalg.norm(places, axis=1, keepdims=True)
    places *= 0.9 / max(radius.max(), np.finfo(float).tiny)
    if places.shape[1] == 2:
        # MNE flattens by drawing the angle from the top as the distance from the middle.
        angle = np.pi / 2 * np.linalg.norm(places, axis=1, keepdims=True)
        places = np.hstack([places * np.pi / 2 * np.sinc(angle / np.pi), np.cos(angle)])
    return mne.defaults.HEAD_SIZE_DEFAULT * places


def to_raw(recording, signals=("x",), trial=None, ch_type=None, scale=1.0):
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
    ch_type : 'misc' | 'eeg' | 'seeg' | 'ecog' | None
        What MNE takes units for. With all but misc, its plots, filters and spectra need no
        picks. None is eeg where units have positions, else misc, as they have no volts.
    scale : float
        What a 1 of a unit becomes, in volts of such channels: 1e-5, ten microvolts, suits
        MNE's plots.

    Returns
    -------
    raw : mne.io.RawArray
        Channels x000, x001, ...; of type "misc" always give `picks`. Where units have
        positions there is a montage that scales them to MNE's head, so that topographic plots
        work, of one signal at a time.

    Raises
    ------
    ValueError
        If a signal was not recorded.
    IndexError
        If there is no such trial.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params, parts = hn.effenberger_2025(4, seed=1), {"rest": 100, "stimulus": 200}
    >>> recording = hn.simulate(params, 300, segments=parts, device="numpy")
    >>> raw = recording.to_raw(ch_type="eeg", scale=1e-5)
    >>> raw.ch_names, list(raw.annotations.description)
    (['x000', 'x001', 'x002', 'x003'], ['rest', 'stimulus'])
    """
    data, info = _channels(recording, signals, ch_type, scale)
    trials = range(len(data)) if trial is None else [range(len(data))[trial]]
    raws = []
    for k in trials:
        raw = mne.io.RawArray(data[k], info, verbose="error")
        names, spans = zip(*recording.segments.items(), strict=True)
        onsets, lengths = np.array(spans, float).T / recording.sfreq
        raw.set_annotations(mne.Annotations(onsets, lengths, names))
        raws.append(raw)
    return mne.concatenate_raws(raws, verbose="error") if len(raws) > 1 else raws[0]


def to_epochs(recording, signals=("x",), onset="stimulus", ch_type=None, scale=1.0):
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
    ch_type, scale
        As in `to_raw`.

    Returns
    -------
    epochs : mne.EpochsArray
        Channels of type "misc", or "eeg", as those of `to_raw`. Events are named
        "label/<label>", or "trial" without labels. The metadata has the columns
        trial and label.

    Raises
    ------
    ValueError
        If a signal was not recorded.

    Examples
    --------
    A sheet as MNE draws it: where units have positions, maps need nothing more.

    >>> import horn_neuro as hn, io
    >>> from matplotlib import pyplot as plt
    >>> sheet = hn.lattice((8, 8), 0.4, velocity=0.14, seed=1)
    >>> rec = hn.simulate(sheet, [[1.0]] * 10 + [[0.0]] * 40, device="numpy")
    >>> evoked = rec.to_epochs("y").average()
    >>> figure = evoked.plot_topomap([0.02, 0.04], scalings=1, units="y", show=False)
    >>> figure.savefig(io.BytesIO())  # or show it
    >>> plt.close(figure)
    """
    data, info = _channels(recording, signals, ch_type, scale)
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
