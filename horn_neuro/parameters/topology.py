"""Recurrent topologies: weight matrices in the order [post, pre]."""

import numpy as np
from scipy import sparse

from horn_neuro._quantities import LARGEST, floats, number, random_source, usable, whole
from horn_neuro.parameters.connections import as_sparse

__all__ = [
    "dense_gaussian",
    "laplacian",
    "shuffled",
    "sparse_random",
]


def dense_gaussian(n_units, std, rng):
    """All-to-all weights drawn from N(0, std**2), self-coupling included.

    Parameters
    ----------
    n_units : int
        Number of units n.
    std : float
        Standard deviation of a weight. The model divides the sum by sqrt(n).
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    w_rec : ndarray, shape (n, n)
        Weights [post, pre].

    Examples
    --------
    >>> import horn_neuro as hn
    >>> weights = hn.parameters.dense_gaussian(100, std=0.5, rng=1)
    >>> weights.shape, round(float(weights.std()), 1)
    ((100, 100), 0.5)
    """
    n_units = whole("n_units", n_units)
    return random_source(rng).normal(0.0, number("std", std, least=0), (n_units, n_units))


def sparse_random(n_units, density, std, rng):
    """Gaussian weights on a random subset of the pairs, without self-coupling.

    Parameters
    ----------
    n_units : int
        Number of units n.
    density : float
        Probability of a connection, 0 to 1.
    std : float
        Standard deviation of an existing weight.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    w_rec : ndarray, shape (n, n)
        Weights [post, pre], zero on the diagonal.

    Raises
    ------
    ValueError
        If `density` is outside [0, 1].

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.sparse_random(100, density=0.1, std=0.5, rng=1).shape
    (100, 100)
    """
    density = number("density", density)
    if not 0 <= density <= 1:
        raise ValueError(f"density = {density}: give a probability between 0 and 1")
    n_units, rng = whole("n_units", n_units), random_source(rng)
    weights = dense_gaussian(n_units, std, rng)
    weights *= rng.random((n_units, n_units)) < density
    np.fill_diagonal(weights, 0.0)
    return weights


def laplacian(w):
    """Turn weights of velocities into weights of their differences: ``w - diag(w 1)``.

    Coupling by ``sum over pre of w (y_pre - y_post)`` is a matrix like any other:
    ``params.replace(w_rec=laplacian(w))``, on every device and in the twin. With
    delays, `y_post` is the present velocity if the diagonal of `delays` is 1.

    Parameters
    ----------
    w : array_like | scipy.sparse array, shape (n, n)
        Weights [post, pre] of the differences. Those of a unit to itself have no effect.

    Returns
    -------
    w_rec : ndarray | scipy.sparse.csr_array, shape (n, n)
        Weights [post, pre], sparse if `w` is; every row sums to 0.

    Raises
    ------
    ValueError
        If `w` is not square.

    See Also
    --------
    DiffusiveCoupling : by differences of positions, outside the tanh.

    Notes
    -----
    The sign is that of a diffusion; the Laplacian of graph theory is its negative.

    Examples
    --------
    Velocities that move together feel nothing of each other:

    >>> import numpy as np, horn_neuro as hn
    >>> coupled = hn.parameters.laplacian(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> coupled @ [3.0, 3.0], coupled @ [3.0, 1.0]
    (array([0., 0.]), array([-2.,  2.]))
    """
    weights = as_sparse("w", w, None) if sparse.issparse(w) else floats("w", w)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"w has shape {weights.shape}; give a square matrix, [post, pre]")
    if not sparse.issparse(weights) and not usable(weights).all():
        raise ValueError(f"w: every weight must be finite, and at most {LARGEST:g} in size")
    total = weights.sum(axis=1)
    return weights - (sparse.diags_array(total).tocsr() if sparse.issparse(w) else np.diag(total))


def shuffled(matrix, rng):
    """Permute the values of a matrix among the connections that there are.

    A control for structure: every value stays, self-connections among
    themselves, and only who is connected by which is lost.

    Parameters
    ----------
    matrix : array_like, shape (n, n)
        Weights or changes of weights [post, pre]; zeros stay where they are.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    shuffled : ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If the matrix is not square.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.shuffled([[9.0, 1.0, 0.0], [2.0, 9.0, 3.0], [0.0, 4.0, 9.0]], rng=1)
    array([[9., 4., 0.],
           [1., 9., 3.],
           [0., 2., 9.]])
    """
    result = floats("matrix", matrix).copy()
    if result.ndim != 2 or result.shape[0] != result.shape[1]:
        raise ValueError(f"matrix has shape {result.shape}; give a square one, [post, pre]")
    if not usable(result).all():
        raise ValueError(f"matrix: every value must be finite, and at most {LARGEST:g} in size")
    rng = random_source(rng)
    diagonal = np.eye(len(result), dtype=bool)
    for part in (diagonal, ~diagonal):
        there = part & (result != 0)
        result[there] = rng.permutation(result[there])
    return result
