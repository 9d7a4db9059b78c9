"""Neighbourhoods on a grid: which offsets are near, their weights, the same at every site."""

import numpy as np
from scipy import sparse

from horn_neuro._quantities import number

__all__ = ["kernel_of", "offsets_within", "reach_of", "translated"]


def reach_of(shape, periodic, radius, width):
    """Check a radius and a width in spacings, and return them with their defaults filled in."""
    width = None if width is None else number("width", width, above=0)
    if radius is None:
        radius = 1.0 if width is None else max(1.0, 3 * width)
    radius = number("radius", radius)
    if radius < 1:
        raise ValueError(f"radius = {radius:g}: give at least 1, or no site has a neighbour")
    longest = max(shape)
    if periodic:
        longest = min(size for size in shape if size > 1 or size == longest)
        if longest > 1 and 2 * int(radius) >= longest:
            raise ValueError(
                f"radius = {radius:g} reaches around {longest} sites between periodic edges "
                f"from both sides; give less than {(longest + 1) // 2}, or edges='open'"
            )
    return radius, width


def offsets_within(shape, radius):
    """Return the index differences of receiver and sender within a radius, but none.

    Parameters
    ----------
    shape : tuple of int
        Number of sites along each axis.
    radius : float
        In spacings.

    Returns
    -------
    offsets : ndarray of int, shape (n_offsets, n_axes)
    """
    reach = [min(int(radius), size - 1) for size in shape]
    spans = [np.arange(-r, r + 1) for r in reach]
    offsets = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, len(spans))
    apart = np.linalg.norm(offsets, axis=1)
    return offsets[(apart > 0) & (apart <= radius)]


def kernel_of(vectors, width, direction):
    """Return the weight of each way, without a width and a direction 1 (`Grid.local`).

    Parameters
    ----------
    vectors : ndarray, shape (n_offsets, n_axes)
        Ways from senders to receivers in spacings.
    width, direction : float | None
        Standard deviation in spacings of a Gaussian; angle in rad.

    Returns
    -------
    kernel : ndarray, shape (n_offsets,)
    """
    distance = np.linalg.norm(vectors, axis=1)
    kernel = np.ones(len(vectors))
    if width is not None:
        kernel *= np.exp(-0.5 * (distance / width) ** 2)
    if direction is not None:
        direction = number("direction", direction)
        ahead = np.array([np.cos(direction), np.sin(direction)])[: vectors.shape[1]]
        cosine = vectors @ ahead / distance
        kernel *= np.where(np.abs(cosine) < 1e-12, 0, cosine)  # pi/2 is not exactly that
    return kernel


def translated(shape, periodic, offsets, kernel):
    """Return the matrix in which all sites have the same weights from the same offsets.

    Parameters
    ----------
    shape : tuple of int
        Number of sites along each axis.
    periodic : bool
        Whether opposite edges are joined.
    offsets : ndarray of int, shape (n_offsets, n_axes)
        Index differences of receiver and sender.
    kernel : ndarray, shape (n_offsets,)
        Their weights.

    Returns
    -------
    weights : scipy.sparse.csr_array, shape (n_units, n_units)
        Weights [post, pre].
    """
    n = int(np.prod(shape))
    pre = np.zeros((*shape, len(offsets)), np.int32)
    inside = np.ones(pre.shape, bool)
    for axis, size in enumerate(shape):
        index = np.arange(size, dtype=np.int32)[:, None] - offsets[:, axis].astype(np.int32)
        outside = (index < 0) | (index >= size)
        lift = tuple(slice(None) if a in (axis, len(shape)) else None for a in range(3))
        lift = lift[: len(shape) + 1]
        pre *= size
        pre += (index % size)[lift]
        if not periodic:
            inside &= ~outside[lift]
    inside = inside.reshape(n, len(offsets))
    first = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
    data = np.broadcast_to(kernel, inside.shape)[inside]
    weights = sparse.csr_array((data, pre.reshape(inside.shape)[inside], first), shape=(n, n))
    weights.sort_indices()
    return weights
