"""Vortices of phase, the centres of spirals: where, of which charge, how long."""

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["vortex_lifetimes", "vortices", "winding_number"]


def winding_number(phase, periodic=False):
    """Turns of the phase around every square of four neighbouring sites.

    Parameters
    ----------
    phase : array_like, shape (rows, columns, ...)
        In rad.
    periodic : bool
        Whether the edges are joined.

    Returns
    -------
    charge : ndarray of int, shape (rows - 1, columns - 1, ...), or as `phase` if periodic
        1 where the phase grows by a turn on the way right, down, left, up; -1 where it falls.

    Raises
    ------
    ValueError
        If there are no squares, or phases are not finite.

    Notes
    -----
    The sum over an area is the winding number around its edge. Of independent phases, a third
    of the squares has a charge.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> row, column = np.indices((4, 4)) - 1.5
    >>> hn.analysis.winding_number(np.arctan2(row, column))  # turns once around the middle
    array([[0, 0, 0],
           [0, 1, 0],
           [0, 0, 0]])
    """
    phase = np.asarray(phase, float)
    if phase.ndim < 2 or min(phase.shape[:2]) < 2 or not np.isfinite(phase).all():
        raise ValueError(
            f"phase has shape {phase.shape}; give finite values of a sheet, (rows, columns, ...)"
        )
    if periodic:
        phase = np.concatenate([phase, phase[:1]])
        phase = np.concatenate([phase, phase[:, :1]], axis=1)
    # A step of half a turn has no sense; wrapped once for both squares, their charges cancel.
    down, right = ((np.diff(phase, axis=k) + np.pi) % (2 * np.pi) - np.pi for k in (0, 1))
    turns = right[:-1] + down[:, 1:] - right[1:] - down[:, :-1]
    return np.rint(turns / (2 * np.pi)).astype(int)


def vortices(phase, periodic=False):
    """List the vortices of a phase map.

    Parameters
    ----------
    phase : array_like, shape (rows, columns)
        In rad.
    periodic : bool
        Whether the edges are joined.

    Returns
    -------
    where : ndarray, shape (n, 2)
        Row and column of each, in the middle of four sites.
    charge : ndarray of int, shape (n,)
        As `winding_number`.

    Raises
    ------
    ValueError
        As `winding_number`, or if it is not one map.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> row, column = np.indices((4, 4)) - 1.5
    >>> where, charge = hn.analysis.vortices(np.arctan2(row, column))
    >>> where, charge
    (array([[1.5, 1.5]]), array([1]))
    """
    if np.ndim(phase) != 2:
        raise ValueError(f"phase has shape {np.shape(phase)}; give one map, (rows, columns)")
    charges = winding_number(phase, periodic)
    where = np.argwhere(charges)
    return where + 0.5, charges[tuple(where.T)]


def vortex_lifetimes(phase, reach=2.0, periodic=False):
    """Follow vortices from sample to sample.

    Parameters
    ----------
    phase : array_like, shape (rows, columns, n_times)
        In rad.
    reach : float
        How far one may move in a sample, in sites.
    periodic : bool
        Whether the edges are joined.

    Returns
    -------
    lifetimes : ndarray of int, shape (n_vortices,)
        Samples that each was seen in, one of the same charge within reach being the same; those
        that the record cuts off are among them.

    Raises
    ------
    ValueError
        If it is no sheet over time.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> row, column, time = np.indices((6, 6, 20))
    >>> phase = np.arctan2(row - 2.5, column - 2.5) + 0.3 * time  # a spiral that turns
    >>> hn.analysis.vortex_lifetimes(phase)
    array([20])
    """
    phase = np.asarray(phase, float)
    if phase.ndim != 3:
        raise ValueError(f"phase has shape {phase.shape}; give a sheet, (rows, columns, n_times)")
    size = np.array(phase.shape[:2])
    lifetimes, ages = [], np.zeros(0, int)
    before, kind = np.zeros((0, 2)), np.zeros(0, int)
    for k in range(phase.shape[2]):
        where, charge = vortices(phase[:, :, k], periodic)
        apart = np.abs(before[:, None] - where)
        if periodic:
            apart = np.minimum(apart, size - apart)
        cost = np.linalg.norm(apart, axis=2)
        cost[(kind[:, None] != charge) | (cost > reach)] = 1e6
        old, new = linear_sum_assignment(cost)
        same = cost[old, new] < 1e6
        now = np.ones(len(where), int)
        now[new[same]] += ages[old[same]]
        lifetimes.append(np.delete(ages, old[same]))
        ages, before, kind = now, where, charge
    return np.concatenate([*lifetimes, ages])
