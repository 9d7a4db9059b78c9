"""Waves on a lattice: plane, standing, radial, spiral; where to, how long, how fast."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from horn_neuro.analysis.modes import check_field, leading_mode
from horn_neuro.analysis.winding import winding_number

__all__ = [
    "Wave",
    "classify_wave",
    "flow_divergence",
    "measure_wave",
    "superposition_error",
]


def _gradient(pattern):
    """Phase steps of a pattern along each axis, smoothed over 3 sites, (n_axes, *lattice)."""
    steps = []
    for axis in range(pattern.ndim):
        one, other = (np.roll(pattern, -k, axis) for k in (0, 1))
        product = np.conj(one) * other
        inside = np.take(product, range(pattern.shape[axis] - 1), axis)
        smooth = ndimage.uniform_filter(inside, 3, mode="nearest")
        last = np.take(smooth, [-1], axis)
        steps.append(np.angle(np.concatenate([smooth, last], axis)))
    return np.array(steps)


@dataclass(frozen=True)
class Wave:
    """A wave as a whole, by the gradient of its phase.

    Parameters
    ----------
    wavevector : tuple of float
        Rad per site along each axis of the lattice, in the direction of travel.
    frequency : float
        Rad per sample, above 0.
    coherence : float
        Length of the mean phase gradient over the mean length: 1 for a plane wave, near 0
        for waves from a centre. Rubino, Robbins and Hatsopoulos, Nat Neurosci 2006,
        doi:10.1038/nn1802.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> wave = hn.analysis.Wave(wavevector=(0.5, 0.0), frequency=0.25, coherence=1.0)
    >>> wave.speed, round(wave.wavelength, 1), round(wave.direction, 2)  # down
    (0.5, 12.6, -1.57)
    """

    wavevector: tuple
    frequency: float
    coherence: float

    @property
    def wavelength(self):
        """In sites (float)."""
        return float(2 * np.pi / np.linalg.norm(self.wavevector))

    @property
    def speed(self):
        """Phase velocity in sites per sample (float)."""
        return float(self.frequency / np.linalg.norm(self.wavevector))

    @property
    def direction(self):
        """Of travel in rad: 0 along a row to the right, pi/2 up, towards the first row (float)."""
        if len(self.wavevector) == 1:
            return 0.0 if self.wavevector[0] > 0 else float(np.pi)
        return float(np.arctan2(-self.wavevector[0], self.wavevector[1]))


def measure_wave(field):
    """Measure direction, wavelength, speed and coherence of the strongest mode.

    Parameters
    ----------
    field : array_like of complex, shape (..., n_times)
        One trial of `lattice_field`.

    Returns
    -------
    wave : Wave

    Raises
    ------
    ValueError
        As `leading_mode`; or if the lattice is shorter than a wavelength, by the mean length of
        the phase gradient.

    Examples
    --------
    >>> import numpy as np
    >>> row, column, time = np.indices((12, 12, 50))
    >>> wave = measure_wave(np.exp(1j * (0.5 * time - 0.8 * column)))
    >>> f"speed {wave.speed:.2f}, wavelength {wave.wavelength:.2f}, coherence {wave.coherence:.2f}"
    'speed 0.63, wavelength 7.85, coherence 1.00'
    """
    mode = leading_mode(field)
    wave, steps = _plane(mode)
    longest = max(mode.pattern.shape)
    if steps * longest < 2 * np.pi:
        raise ValueError(
            f"the lattice has {longest} sites along its longest side, fewer than a wavelength "
            f"({2 * np.pi / max(steps, 1e-12):.0f}); record a larger one, or call it synchronous"
        )
    return wave


def _plane(mode):
    """Return the `Wave` of a mode, and the mean length of its phase gradient."""
    p, sign = mode.pattern, np.sign(mode.frequency)
    vector = []
    for axis in range(p.ndim):
        first, last = (np.moveaxis(p, axis, 0)[part] for part in (slice(-1), slice(1, None)))
        vector.append(float(-sign * np.angle(np.vdot(first, last))))
    steps = _gradient(p).reshape(p.ndim, -1)
    length = np.linalg.norm(steps, axis=0).mean()
    coherence = np.linalg.norm(steps.mean(axis=1)) / max(length, np.finfo(float).tiny)
    return Wave(tuple(vector), abs(mode.frequency), float(coherence)), float(length)


def flow_divergence(field, width=1.5):
    """Where waves come from and go to, on a sheet.

    Parameters
    ----------
    field : array_like of complex, shape (rows, columns, n_times)
        One trial of `lattice_field`.
    width : float
        Of the Gaussian that smooths the direction of travel, in sites.

    Returns
    -------
    divergence : ndarray, shape (rows, columns)
        Of the direction of travel of the strongest mode, per site: its highest point is a
        source, its lowest a sink.

    Examples
    --------
    Waves from the middle of a sheet:

    >>> import numpy as np, horn_neuro as hn
    >>> row, column, time = np.indices((15, 15, 60))
    >>> field = np.exp(1j * (0.5 * time - 0.8 * np.hypot(row - 7, column - 7)))
    >>> divergence = hn.analysis.flow_divergence(field)
    >>> [int(k) for k in np.unravel_index(divergence.argmax(), (15, 15))]
    [7, 7]
    """
    mode = leading_mode(check_field(field, axes=(2,)))
    flow = -np.sign(mode.frequency) * _gradient(mode.pattern)
    flow = flow / np.maximum(np.linalg.norm(flow, axis=0), 1e-12)
    smooth = [ndimage.gaussian_filter(part, width, mode="nearest") for part in flow]
    return sum(np.gradient(part, axis=axis) for axis, part in enumerate(smooth))


def classify_wave(field):
    """Name the kind of the strongest mode on a sheet.

    Parameters
    ----------
    field : array_like of complex, shape (rows, columns, n_times)
        One trial of `lattice_field`.

    Returns
    -------
    kind : 'none' | 'synchronous' | 'standing' | 'spiral' | 'plane' | 'radial' | 'mixed'
        None has no phase in common with its neighbours. A spiral has a net winding number
        around the edge. A plane wave runs in one direction (coherence above 0.8), a radial one
        out of the sheet, or into it, through most of its edge.

    Raises
    ------
    ValueError
        As `leading_mode`.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> row, column, time = np.indices((15, 15, 60))
    >>> distance = {"plane": column, "radial": np.hypot(row - 7, column - 7)}
    >>> fields = [np.exp(1j * (0.5 * time - 0.8 * away)) for away in distance.values()]
    >>> [hn.analysis.classify_wave(field) for field in fields]
    ['plane', 'radial']
    """
    mode = leading_mode(check_field(field, axes=(2,)))
    p = mode.pattern
    local = [
        np.abs(ndimage.uniform_filter(np.conj(a) * b, 3)).sum() / (np.abs(a) * np.abs(b)).sum()
        for a, b in ((p[:-1], p[1:]), (p[:, :-1], p[:, 1:]))
    ]
    if np.mean(local) < 0.6:
        return "none"
    if mode.travelling < 0.5:
        return "synchronous" if np.abs(p.sum()) > 0.9 * np.abs(p).sum() else "standing"
    if winding_number(np.angle(p)).sum() != 0:
        return "spiral"
    if _plane(mode)[0].coherence > 0.8:
        return "plane"
    flow = _gradient(p)
    flow = flow / np.maximum(np.linalg.norm(flow, axis=0), 1e-12)
    down, right = flow
    outward = np.concatenate([-down[0], down[-1], -right[:, 0], right[:, -1]])
    return "radial" if np.abs(outward.mean()) > 0.5 else "mixed"


def superposition_error(both, first, second, rest=0.0):
    """How far two sources together are from the sum of each.

    Parameters
    ----------
    both, first, second : array_like, shape (...)
        A signal with both sources, and with each alone.
    rest : array_like
        The signal without any.

    Returns
    -------
    error : float
        Rms of the difference over rms of the sum; 0 in a linear medium.

    Raises
    ------
    ValueError
        If shapes differ, or nothing moves.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> first, second = [0.0, 1.0, 2.0], [1.0, 1.0, 0.0]
    >>> hn.analysis.superposition_error([1.0, 2.0, 2.0], first, second)
    0.0
    """
    arrays = [np.asarray(array, float) for array in (both, first, second)]
    if len({array.shape for array in arrays}) > 1:
        raise ValueError(f"shapes {', '.join(str(a.shape) for a in arrays)} differ; give the same")
    both, first, second = (array - rest for array in arrays)
    size = np.sqrt(np.mean((first + second) ** 2))
    if not size > 0:
        raise ValueError("neither source moves anything: there is no sum to compare with")
    return float(np.sqrt(np.mean((both - first - second) ** 2)) / size)
