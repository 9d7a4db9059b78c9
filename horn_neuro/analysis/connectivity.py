"""Phase-locking of all pairs, over time or over trials, in mne-connectivity's containers.

Two questions share the name PLV. *Over time*: do two channels keep their phase
difference within a trial? *Over trials*: is it the same in every trial, at this
time after the onset? The functions here say which one they answer.
"""

import warnings

import mne
import numpy as np
from mne_connectivity import (
    EpochConnectivity,
    spectral_connectivity_epochs,
    spectral_connectivity_time,
)

from horn_neuro.analysis.phase import analytic_signal

__all__ = [
    "plv_over_time",
    "plv_over_trials",
    "ppc_over_time",
    "ppc_over_trials",
    "wpli2_debiased_over_trials",
    "wpli_over_time",
    "wpli_over_trials",
]

_OPTIONS = """data : Recording | mne.Epochs | array_like, shape (n_trials, n_channels, n_times)
        What to analyse; see `analytic_signal`.
    **options
        `band`, `sfreq`, `segment`, `center` and `picks`, as in `analytic_signal`.
"""


def _document(function):
    function.__doc__ = function.__doc__.replace("DATA", _OPTIONS.rstrip())
    return function


def _phasors(signal):
    """Unit phasors, zero for channels that are silent in a trial, after a warning."""
    amplitude = np.abs(signal.values)
    silent = amplitude.max(axis=2) <= 1e-12 * amplitude.max()
    if silent.any():
        names = [signal.names[k] for k in np.flatnonzero(silent.any(axis=0))]
        warnings.warn(
            f"silent channels have no phase, and count as not locked to any other: "
            f"{', '.join(names[:8])}{' and more' if len(names) > 8 else ''}",
            stacklevel=4,
        )
    phasors = np.divide(
        signal.values, amplitude, out=np.zeros_like(signal.values), where=amplitude > 0
    )
    phasors[silent] = 0
    return phasors


def _check_pairs(signal):
    if len(signal.names) < 2:
        raise ValueError("one channel has no pairs; give at least two")


@_document
def plv_over_time(data, **options):
    """Phase-locking value of all pairs within each trial, over its time points.

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.EpochConnectivity
        ``get_data("dense")`` has shape (n_trials, n_channels, n_channels), 1 on
        the diagonal (0 for silent channels).

    Notes
    -----
    ``|mean over t of exp(i (theta_j - theta_k))|``, for all pairs as one matrix
    product; equal to `mne_connectivity.spectral_connectivity_time` on the same
    phases. Short trials bias it upward: see `ppc_over_time`.

    References
    ----------
    Lachaux, Rodriguez, Martinerie and Varela, Hum Brain Mapp 1999,
    doi:10.1002/(SICI)1097-0193(1999)8:4<194::AID-HBM4>3.0.CO;2-C.

    Examples
    --------
    Two channels of one frequency, and a third one that is 1 Hz faster, over two seconds:

    >>> import numpy as np, horn_neuro as hn
    >>> times, hertz = np.arange(400) / 200, np.array([[10], [10], [11]])
    >>> waves = np.sin(2 * np.pi * hertz * times)[None]  # trials, channels, times
    >>> plv = hn.analysis.plv_over_time(waves, band=(8, 13), sfreq=200)
    >>> np.abs(plv.get_data("dense")[0].round(1))
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    signal = analytic_signal(data, **options)
    return _container(_plv(signal), signal, "plv over time")


def _plv(signal):
    _check_pairs(signal)
    phasors = _phasors(signal)
    return np.abs(phasors @ phasors.conj().transpose(0, 2, 1)) / phasors.shape[2]


@_document
def ppc_over_time(data, **options):
    """Pairwise phase consistency of all pairs within each trial, over its time points (biased).

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.EpochConnectivity
        As in `plv_over_time`.

    Notes
    -----
    ``(T PLV**2 - 1) / (T - 1)``, whose expectation is 0 for T independent phase
    differences. Here T counts samples, and neighbouring ones are not independent: this
    leaves a bias of about one over the number of independent stretches, such as 0.09
    for uncoupled equal units over 784 steps. `ppc_over_trials` has none.

    References
    ----------
    Vinck, van Wingerden, Womelsdorf, Fries and Pennartz, NeuroImage 2010,
    doi:10.1016/j.neuroimage.2010.01.073.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> times, hertz = np.arange(400) / 200, np.array([[10], [10], [11]])
    >>> waves = np.sin(2 * np.pi * hertz * times)[None]  # trials, channels, times
    >>> ppc = hn.analysis.ppc_over_time(waves, band=(8, 13), sfreq=200)
    >>> np.abs(ppc.get_data("dense")[0].round(1))
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    signal = analytic_signal(data, **options)
    n_times = signal.values.shape[2]
    plv = _plv(signal)
    alive = np.diagonal(plv, axis1=1, axis2=2) > 0.5
    ppc = (n_times * plv**2 - 1) / (n_times - 1)
    ppc *= alive[:, :, None] & alive[:, None, :]
    return _container(ppc, signal, "ppc over time (biased)")


@_document
def wpli_over_time(data, **options):
    """Weighted phase-lag index of all pairs within each trial, over its time points.

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.EpochConnectivity
        As in `plv_over_time`, by `mne_connectivity.spectral_connectivity_time`.

    Examples
    --------
    One channel lags by an eighth of a cycle, and one not at all:

    >>> import numpy as np, horn_neuro as hn
    >>> times, lag = np.arange(400) / 200, np.array([[0.0], [np.pi / 4], [0.0]])
    >>> waves = np.sin(20 * np.pi * times - lag)[None]  # trials, channels, times
    >>> wpli = hn.analysis.wpli_over_time(waves, band=(8, 12), sfreq=200).get_data("dense")[0]
    >>> bool(wpli[1, 0] > 0.99)
    True
    """
    signal = analytic_signal(data, **options)
    _check_pairs(signal)
    _phasors(signal)  # warns
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        library = spectral_connectivity_time(_tfr(signal), method="wpli", verbose="error")
    values = np.nan_to_num(library.get_data("dense")[..., 0])
    return _container(values + values.transpose(0, 2, 1), signal, "wpli over time")


@_document
def plv_over_trials(data, **options):
    """Phase-locking value of all pairs at each time, over trials.

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.SpectroTemporalConnectivity
        Of one frequency, the centre of the band; ``get_data("dense")`` has
        shape (n_channels, n_channels, 1, n_times), below the diagonal. By
        `mne_connectivity.spectral_connectivity_epochs`.

    Raises
    ------
    ValueError
        If there is one trial: its PLV is 1 whatever it holds.

    Notes
    -----
    Few trials bias it upward, to about 0.9 / sqrt(n_trials): see `ppc_over_trials`.

    Examples
    --------
    Where each of 50 trials starts does not matter, if the lag between channels is the same:

    >>> import numpy as np, horn_neuro as hn
    >>> start = np.random.default_rng(1).uniform(0, 2 * np.pi, (50, 1, 1))
    >>> waves = np.sin(20 * np.pi * np.arange(400) / 200 + start + [[0.0], [1.0]])
    >>> plv = hn.analysis.plv_over_trials(waves, band=(8, 12), sfreq=200)
    >>> round(float(plv.get_data("dense")[1, 0, 0, 200]), 3)
    1.0
    """
    return _over_trials(data, "plv", options)


@_document
def ppc_over_trials(data, **options):
    """Pairwise phase consistency of all pairs at each time, over trials.

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.SpectroTemporalConnectivity
        As in `plv_over_trials`; its expectation is 0 for independent trials.

    Examples
    --------
    Ten trials in which two channels have nothing to do with each other seem locked by PLV:

    >>> import numpy as np, horn_neuro as hn
    >>> start = np.random.default_rng(1).uniform(0, 2 * np.pi, (10, 2, 1))
    >>> waves = np.sin(20 * np.pi * np.arange(400) / 200 + start)
    >>> for measure in (hn.analysis.plv_over_trials, hn.analysis.ppc_over_trials):
    ...     found = measure(waves, band=(8, 12), sfreq=200).get_data("dense")
    ...     print(round(float(found[1, 0, 0, 200]), 2))
    0.16
    -0.08
    """
    return _over_trials(data, "ppc", options)


@_document
def wpli_over_trials(data, **options):
    """Weighted phase-lag index of all pairs at each time, over trials.

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.SpectroTemporalConnectivity
        As in `plv_over_trials`.

    Notes
    -----
    Few trials bias it upward: 40 without any lag read 0.1 to 0.3. See
    `wpli2_debiased_over_trials`.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> start = np.random.default_rng(1).uniform(0, 2 * np.pi, (50, 1, 1))
    >>> waves = np.sin(20 * np.pi * np.arange(400) / 200 + start + [[0.0], [1.0]])  # a lag
    >>> wpli = hn.analysis.wpli_over_trials(waves, band=(8, 12), sfreq=200)
    >>> round(float(wpli.get_data("dense")[1, 0, 0, 200]), 3)
    1.0
    """
    return _over_trials(data, "wpli", options)


@_document
def wpli2_debiased_over_trials(data, **options):
    """Squared weighted phase-lag index of all pairs at each time, over trials, debiased.

    Parameters
    ----------
    DATA

    Returns
    -------
    connectivity : mne_connectivity.SpectroTemporalConnectivity
        As in `plv_over_trials`; around 0, below it too, for trials without a lag.

    References
    ----------
    Vinck, Oostenveld, van Wingerden, Battaglia and Pennartz, NeuroImage 2011,
    doi:10.1016/j.neuroimage.2011.01.055.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> noise = np.random.default_rng(1).normal(size=(40, 2, 400))  # without any lag
    >>> found = hn.analysis.wpli2_debiased_over_trials(noise, band=(8, 12), sfreq=200)
    >>> bool(abs(found.get_data("dense")[1, 0].mean()) < 0.1)
    True
    """
    return _over_trials(data, "wpli2_debiased", options)


def _over_trials(data, method, options):
    signal = analytic_signal(data, **options)
    _check_pairs(signal)
    if len(signal.values) < 2:
        raise ValueError(
            "one trial: over trials, its phase-locking is 1 whatever it holds; give more trials, "
            "or take the function over time"
        )
    dead = ~_phasors(signal).any(axis=(0, 2))
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        connectivity = spectral_connectivity_epochs(_tfr(signal), method=method, verbose="error")
    values = np.nan_to_num(connectivity.xarray.values)
    values[(dead[:, None] | dead).ravel()] = 0
    connectivity.xarray.values[...] = values
    return connectivity


def _tfr(signal):
    """Wrap an analytic signal as the coefficients of one frequency."""
    # Under their own type, misc, mne-connectivity would skip the channels.
    info = mne.create_info(list(signal.names), signal.sfreq, "eeg", verbose="error")
    # One taper of weight 1: mne-connectivity 0.9 does not take arrays without tapers.
    return mne.time_frequency.EpochsTFRArray(
        info,
        signal.values[:, :, None, None],
        signal.times,
        [signal.frequency],
        weights=np.ones((1, 1)),
    )


def _container(values, signal, method):
    return EpochConnectivity(
        values.reshape(len(values), -1),
        n_nodes=len(signal.names),
        names=list(signal.names),
        indices="all",
        method=method,
        n_epochs_used=len(values),
    )
