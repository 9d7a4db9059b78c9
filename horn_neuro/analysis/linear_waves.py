"""Dispersion of waves in a translation-invariant network, from the Jacobian of one step."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from horn_neuro.parameters import Step

__all__ = ["Dispersion", "dispersion", "driven_wave"]


@dataclass(frozen=True, eq=False)
class Dispersion:
    """Small waves ``exp(i (q r - frequency t))`` at a series of wavenumbers q.

    Parameters
    ----------
    wavenumbers : ndarray, shape (n,) or (n, n_axes)
        In rad per site.
    frequency : ndarray, shape (n,)
        In rad a step; NaN where no mode oscillates.
    growth : ndarray, shape (n,)
        Of the amplitude per step, below 0 where waves decay.
    velocity : ndarray, shape (n,) or (n, n_axes)
        Group velocity in sites a step, exact derivatives of the frequency.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> q, growth = np.array([0.5, 1.0]), np.array([-0.01, 0.01])
    >>> hn.analysis.Dispersion(q, frequency=0.2 * q, growth=growth, velocity=0.2 + 0 * q).stable
    False
    """

    wavenumbers: np.ndarray
    frequency: np.ndarray
    growth: np.ndarray
    velocity: np.ndarray

    @property
    def stable(self):
        """Whether waves decay at all of these wavenumbers (bool)."""
        return bool((self.growth < 0).all())


def dispersion(params, wavenumbers, *, shape=None, coupling=None):
    """Frequency, growth and group velocity of small waves around rest, delays included.

    Parameters
    ----------
    params : HornParameters
        Equal units that are coupled in the same way everywhere, with periodic edges, such as
        `horn_neuro.parameters.lattice` makes.
    wavenumbers : array_like, shape (n,) or (n, n_axes)
        In rad per site, along each axis of `shape`; also those between the modes of the ring.
    shape : tuple of int | None
        Sites along each axis, units in NumPy's order; None is a ring of all units.
    coupling : DiffusiveCoupling | None
        Coupling of positions besides.

    Returns
    -------
    dispersion : Dispersion
        Of the least damped mode that oscillates.

    Raises
    ------
    ValueError
        If the shape does not fit, the network is not the same everywhere, it is coupled but falls
        into parts that nothing connects, or it has biases and feedback, so that it does not rest
        at 0.

    Notes
    -----
    The step carries an impulse of each kind (position, velocity, and those of the past) at one
    site to a field on the lattice. Summed up with the phases of a wave, these fields are the
    step's small matrix at its wavenumber. Its eigenvalues are ``exp(growth - i frequency)``, and
    their derivatives follow from left and right eigenvectors. Symmetric weights without delays
    change the growth of a wave, and hardly its frequency: nothing travels.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> ring = np.roll(np.eye(16), 1, 0) + np.roll(np.eye(16), -1, 0)
    >>> params = hn.effenberger_2025(16, seed=1).replace(w_rec=0 * ring, b_in=0, b_rec=0)
    >>> springs = hn.DiffusiveCoupling(0.01 * ring)
    >>> waves = dispersion(params, [0.5, 1.0], coupling=springs)
    >>> bool((waves.velocity > 0.01).all()), waves.stable
    (True, True)
    """
    shape = (params.n_units,) if shape is None else tuple(shape)
    if np.prod(shape) != params.n_units:
        raise ValueError(f"shape = {shape}: give the sites of all {params.n_units} units")
    q = np.asarray(wavenumbers, float)
    vectors = q.reshape(len(q), -1) if q.ndim in (1, 2) and q.size else q
    if vectors.ndim != 2 or vectors.shape[1] != len(shape) or not np.isfinite(vectors).all():
        raise ValueError(
            f"wavenumbers have shape {q.shape}; give finite ones, (n, {len(shape)}) for a lattice "
            f"of shape {shape}"
        )
    matrices = _matrices(Step(params, coupling), shape)
    modes = [_mode(*matrices(vector)) for vector in vectors]
    value, velocity = np.array([m[0] for m in modes]), np.array([m[1].real for m in modes])
    return Dispersion(q, -np.angle(value), np.log(np.abs(value)), velocity.reshape(q.shape))


def driven_wave(params, frequency, near, *, coupling=None):
    """Wave that a steady source sends along a ring, from the same linear theory.

    A source fixes the frequency; it is the wavenumber that is complex then.

    Parameters
    ----------
    params : HornParameters
        As in `dispersion`.
    frequency : float
        Of the source in rad a step, between 0 and pi.
    near : float
        Where the search for the wavenumber begins, in rad per site: one of `dispersion` with
        about this frequency and, for the wave towards higher index, a velocity above 0.
    coupling : DiffusiveCoupling | None
        Coupling of positions besides.

    Returns
    -------
    wavenumber : complex
        The field of the site at distance r is ``exp(1j * wavenumber * r)`` of that at the
        source: the real part in rad per site, the imaginary part is how the wave decays.
    velocity : float
        Of a slow front in sites a step: one over the slope of the real part over frequency.

    Raises
    ------
    ValueError
        As `dispersion`; if the frequency is not between 0 and pi; or if no wave is found.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> ring = hn.lattice((16,), 0.25, direction=0.0)
    >>> wavenumber, velocity = driven_wave(ring, 0.228, 0.3)
    >>> f"{wavenumber:.2f} rad per site, {velocity:.3f} sites a step"
    '0.22+0.87j rad per site, 0.014 sites a step'
    """
    if not 0 < frequency < np.pi:
        raise ValueError(f"frequency = {frequency}: give rad a step between 0 and pi")
    matrices = _matrices(Step(params, coupling), (params.n_units,))
    target, q = np.exp(-1j * frequency), complex(near)
    for _ in range(50):  # Newton's method
        value, velocity = _mode(*matrices(np.array([q])), target)
        slope = -1j * value * velocity[0]
        change = (target - value) / slope if slope else np.inf
        if not abs(change) < np.inf:
            break
        q += change / max(1.0, abs(change) / 0.3)
        if abs(change) < 1e-12:
            return q, float(1 / (1 / velocity[0]).real)
    raise ValueError(
        f"no wave of frequency {frequency:g} is found near the wavenumber {near:g}; see dispersion "
        "for where there is one"
    )


def _matrices(step, shape):
    """Return what makes the step's matrix at a wavevector, and its slopes along each axis."""
    kernel = _kernel(step, shape)
    used = np.flatnonzero(kernel.any(axis=(0, 1)))
    kernel, index = kernel[:, :, used], np.array(np.unravel_index(used, shape)).T
    offsets = (index + np.array(shape) // 2) % shape - np.array(shape) // 2
    if (parts := _parts(shape, index)) not in (1, step.params.n_units):
        raise ValueError(
            f"a lattice of shape {shape} falls into {parts} parts that nothing connects, so that "
            "waves of one know nothing of the others; couple neighbours along each axis, or give "
            "the shape of one part"
        )

    def make(vector):
        phases = np.exp(-1j * offsets @ vector)
        return kernel @ phases, np.einsum("abn,n,nk->kab", kernel, phases, -1j * offsets)

    return make


def _kernel(step, shape):
    """Return what an impulse at site 0 becomes, (n_state, n_state, n_units), once it is checked."""
    n, size = step.params.n_units, step.n_x + step.n_y
    rest = np.zeros((step.n_x, n)), np.zeros((step.n_y, n))
    drawn = step.argument(*rest, 0.0)
    if drawn.any() and step.params.feedback.any():
        raise ValueError("biases with feedback move the rest away from 0: set b_in and b_rec to 0")
    slope = 1 - np.tanh(drawn)[:, None] ** 2

    def carry(state):
        return np.concatenate(step.tangent(state[: step.n_x], state[step.n_x :], slope))

    impulses = np.zeros((size, n, size))
    impulses[:, 0] = np.eye(size)
    kernel = carry(impulses).transpose(0, 2, 1)
    # The same everywhere: then, and only then, the step is a convolution.
    probe = np.random.default_rng(0).normal(size=(size, n, 1))
    axes = tuple(range(-len(shape), 0))
    waves = np.fft.fftn(probe[..., 0].reshape(size, *shape), axes=axes)
    response = np.fft.fftn(kernel.reshape(size, size, *shape), axes=axes)
    expected = np.fft.ifftn(np.einsum("ab...,b...->a...", response, waves), axes=axes).real
    if not np.allclose(carry(probe)[..., 0], expected.reshape(size, n), rtol=0, atol=1e-9):
        raise ValueError(
            f"the network is not the same everywhere on a periodic lattice of shape {shape}; give "
            "equal units and weights, edges='periodic', and the shape= of the lattice"
        )
    return kernel


def _parts(shape, index):
    """Return into how many parts a lattice falls whose sites reach others at these indices."""
    n = int(np.prod(shape))
    site = np.array(np.unravel_index(np.arange(n), shape))
    there = (site[:, :, None] + index.T[:, None]) % np.array(shape)[:, None, None]
    there = np.ravel_multi_index(tuple(there), shape).ravel()
    here = np.repeat(np.arange(n), len(index))
    graph = sparse.coo_array((np.ones(here.size), (here, there)), shape=(n, n))
    return sparse.csgraph.connected_components(graph, directed=False)[0]


def _mode(matrix, slopes, target=None):
    """Return the eigenvalue of a wave, and its complex group velocity along each axis.

    It is the eigenvalue nearest to the target, or of the least damped mode that oscillates.
    """
    values = linalg.eigvals(matrix)
    if target is None:
        moving = np.flatnonzero(np.angle(values) < -1e-9)
        moving = moving[np.angle(values[moving]) > -np.pi + 1e-9]
        if not moving.size:
            return np.nan, np.full(len(slopes), np.nan)
        value = values[moving[np.abs(values[moving]).argmax()]]
    else:
        value = values[np.abs(values - target).argmin()]
    # Null vectors by SVD: where coupling vanishes, as delayed one at a quarter of a turn, the past
    # is defective, and the left eigenvectors of eig are far from precise.
    u, _, vh = linalg.svd(matrix - value * np.eye(len(matrix)))
    bra, ket = u[:, -1].conj(), vh[-1].conj()
    change = np.array([bra @ slope @ ket for slope in slopes]) / (bra @ ket)
    return value, 1j * change / value
