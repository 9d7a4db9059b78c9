"""Complex fields on a lattice, and their strongest mode: standing against travelling."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from horn_neuro.analysis.phase import analytic_signal

__all__ = ["LeadingMode", "fourier_quadrants", "lattice_field", "leading_mode"]


def lattice_field(data, shape, **options):
    """Put phases and amplitudes of the units on their lattice.

    Parameters
    ----------
    data : Recording | mne.Epochs | array_like, shape (n_trials, n_units, n_times)
        What to analyse; see `analytic_signal`.
    shape : tuple of int
        Sites along each axis of the lattice, (n,) or (rows, columns).
    **options
        `band`, `sfreq` and `segment`, as in `analytic_signal`.

    Returns
    -------
    field : ndarray of complex, shape (n_trials, ..., n_times)
        Its angle is a phase map for each trial and time.

    Raises
    ------
    ValueError
        If the shape does not have all units.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> sheet = hn.lattice((4, 6), 0.4, velocity=0.14, seed=1)
    >>> recording = hn.simulate(sheet, [[1.0]] * 60, device="numpy")
    >>> hn.analysis.lattice_field(recording, (4, 6)).shape
    (1, 4, 6, 60)
    """
    values = analytic_signal(data, **options).values
    shape = tuple(shape)
    if np.prod(shape) != values.shape[1]:
        raise ValueError(f"shape = {shape}: give the sites of all {values.shape[1]} units")
    return values.reshape(len(values), *shape, values.shape[2])


def check_field(field, axes=(1, 2)):
    """Return a complex field as an array, or raise ValueError."""
    field = np.asarray(field)
    if field.ndim - 1 not in axes or not np.iscomplexobj(field):
        wanted = " or ".join("(" + "sites, " * n + "n_times)" for n in axes)
        raise ValueError(
            f"field: {field.dtype} of shape {field.shape}; give complex values of one trial, "
            f"{wanted}, as lattice_field makes them"
        )
    if min(field.shape[:-1]) < 4 or not np.isfinite(field).all():
        raise ValueError(
            f"field of shape {field.shape}: give finite values, and at least 4 sites on each axis"
        )
    return field


@dataclass(frozen=True, eq=False)
class LeadingMode:
    """The strongest mode of a complex field: one pattern that turns in time.

    Parameters
    ----------
    pattern : ndarray of complex, in the shape of the lattice
        Amplitude and phase of each site, of norm 1.
    course : ndarray of complex, shape (n_times,)
        What it is multiplied by at each time.
    share : float
        Of the power of the field.

    Examples
    --------
    A pattern that stands still while it swings, and one that runs along the line:

    >>> import numpy as np, horn_neuro as hn
    >>> sites, course = np.arange(12), np.exp(0.5j * np.arange(60))
    >>> patterns = np.sin(np.pi * sites / 6) + 0j, np.exp(-1j * np.pi * sites / 6)
    >>> modes = [hn.analysis.LeadingMode(pattern, course, 1.0) for pattern in patterns]
    >>> [round(mode.travelling, 2) for mode in modes], round(modes[0].frequency, 2)
    ([0.0, 1.0], 0.5)
    """

    pattern: np.ndarray
    course: np.ndarray
    share: float

    @property
    def frequency(self):
        """Rad per sample (float), the peak of the windowed spectrum of its course."""
        n = 16 * len(self.course)
        spectrum = np.fft.fft(np.hanning(len(self.course)) * self.course, n)
        return float(2 * np.pi * np.fft.fftfreq(n)[np.abs(spectrum).argmax()])

    @property
    def travelling(self):
        """Between 0, a standing wave, and 1, a travelling one (float).

        The condition of the real and imaginary part of the pattern: Feeny, J Sound Vib 2008,
        doi:10.1016/j.jsv.2007.07.069.
        """
        parts = np.stack([self.pattern.real.ravel(), self.pattern.imag.ravel()])
        large, small = linalg.svdvals(parts)
        return float(small / large)


def leading_mode(field):
    """Decompose a complex field by SVD, and return its strongest mode.

    Parameters
    ----------
    field : array_like of complex, shape (..., n_times)
        One trial of `lattice_field`.

    Returns
    -------
    mode : LeadingMode

    Raises
    ------
    ValueError
        If the field is not complex, too small, or shorter than a period of its mode.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> site, time = np.indices((12, 60))
    >>> field = np.exp(1j * (0.5 * time - 0.8 * site))  # a wave towards higher sites
    >>> mode = hn.analysis.leading_mode(field)
    >>> f"share {mode.share:.2f}, {mode.frequency:.2f} rad a sample"
    'share 1.00, 0.50 rad a sample'
    """
    field = check_field(field)
    flat = field.reshape(-1, field.shape[-1])
    u, s, vh = linalg.svd(flat, full_matrices=False)
    mode = LeadingMode(
        u[:, 0].reshape(field.shape[:-1]),
        s[0] * vh[0],
        float(s[0] ** 2 / max(np.square(s).sum(), np.finfo(float).tiny)),
    )
    if abs(mode.frequency) * field.shape[-1] < 2 * np.pi:
        raise ValueError(
            f"the field has {field.shape[-1]} samples, fewer than a period of its strongest mode "
            f"({2 * np.pi / max(abs(mode.frequency), 1e-12):.0f}); record longer"
        )
    return mode


def fourier_quadrants(field, axis=0):
    """Split the power of waves along one axis by the sense in which they run.

    Parameters
    ----------
    field : array_like of complex, shape (..., n_times)
        One trial of `lattice_field`, which has positive frequencies only.
    axis : int
        Of the lattice.

    Returns
    -------
    forward, backward, still : float
        Shares of the power: towards higher index, lower index, and without a wavenumber. A
        standing wave has both senses equally, and so have radial waves and spirals, which
        `leading_mode` tells apart from it.

    Raises
    ------
    ValueError
        As `leading_mode`, or if there is no such axis.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> site, time = np.indices((16, 64))
    >>> field = np.exp(1j * np.pi * (time / 8 - site / 4))  # a wave towards higher sites
    >>> forward, backward, still = hn.analysis.fourier_quadrants(field)
    >>> f"{forward:.2f} forward, {backward:.2f} backward"
    '1.00 forward, 0.00 backward'
    """
    field = check_field(field)
    if not 0 <= axis < field.ndim - 1:
        raise ValueError(f"axis = {axis}: the lattice has {field.ndim - 1}")
    leading_mode(field)  # refuses what is shorter than a period
    spectrum = np.fft.fft(np.fft.fft(field, axis=axis), axis=-1)
    frequency = np.fft.fftfreq(field.shape[-1])
    power = np.moveaxis(np.abs(spectrum[..., frequency > 0]) ** 2, axis, 0)
    power = power.reshape(len(power), -1).sum(axis=1)
    sense = np.fft.fftfreq(len(power))
    sense[np.isclose(sense, -0.5)] = 0  # two sites a wave: both senses are the same
    shares = [power[sense < 0], power[sense > 0], power[sense == 0]]
    return tuple(float(part.sum() / power.sum()) for part in shares)
