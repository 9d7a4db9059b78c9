"""`DiffusiveCoupling`: positions that are drawn towards each other."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from horn_neuro._quantities import LARGEST, floats, usable
from horn_neuro.parameters.connections import Connections, as_sparse, delays_of

__all__ = ["DiffusiveCoupling"]


@dataclass(frozen=True, eq=False)
class DiffusiveCoupling:
    r"""Draw the positions of connected units towards each other.

    A force on the velocity of unit i, outside of the tanh and besides `w_rec`::

        y_i' = y_i + h (... + sum_j weights[i, j] (x_j - x_i))

    where x_j is the position of the sender as the receiver sees it: with a delay of d
    steps, that before step k + 1 - d, where a delay of 1 is the undelayed step. On a
    lattice of equal, symmetric weights it is the Laplacian of a chain of springs, which
    carries waves.

    Parameters
    ----------
    weights : array_like | scipy.sparse array, shape (n_units, n_units)
        Strength of each connection [post, pre] in 1 per unit of model time squared, as
        omega**2; not scaled by 1/sqrt(n). The diagonal plays no part and is 0.
    delays : array_like of int | scipy.sparse array | None, shape (n_units, n_units)
        Delays in steps, at least 1 where there is a connection; None is 1 everywhere.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite, the diagonal is not 0, or a
        connection has no delay.

    Notes
    -----
    Without delays and damping, a mode of the symmetric coupling with eigenvalue -mu has
    the frequency ``sqrt(omega**2 + mu)``: on a ring of nearest neighbours with weight c,
    ``mu = 2 c (1 - cos(q))`` at wavenumber q.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> ring = np.roll(np.eye(8), 1, 0) + np.roll(np.eye(8), -1, 0)
    >>> hn.DiffusiveCoupling(0.01 * ring).degree
    array([0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02])
    """

    weights: np.ndarray
    delays: np.ndarray | None = None

    def __post_init__(self):
        name, weights = "diffusive coupling: weights", self.weights
        if sparse.issparse(weights):
            weights = as_sparse(name, weights, None)
        else:
            weights = floats(name, weights).copy()
            weights.flags.writeable = False
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not weights.shape[0]:
            raise ValueError(f"{name} have shape {weights.shape}; give (n_units, n_units)")
        if not sparse.issparse(weights) and not usable(weights).all():
            raise ValueError(f"{name} have other values than finite numbers of at most {LARGEST:g}")
        object.__setattr__(self, "weights", weights)
        if self.weights.diagonal().any():
            raise ValueError(
                "diffusive coupling: weights have a diagonal; a unit is not drawn to itself, set "
                "it to 0"
            )
        if self.delays is not None:
            delays = delays_of(weights, self.delays, "diffusive coupling: delays")
            object.__setattr__(self, "delays", delays)

    @property
    def connections(self):
        """The connections one by one (`Connections`)."""
        return Connections(self.weights, self.delays)

    @property
    def degree(self):
        """Sum of the weights of each receiver, ndarray of shape (n_units,)."""
        return np.asarray(self.weights.sum(axis=1)).ravel()

    def check(self, params):
        """Raise ValueError unless the coupling suits a network and its step."""
        n, h = params.n_units, params.h
        if self.weights.shape[0] != n:
            raise ValueError(
                f"diffusive coupling: weights have shape {self.weights.shape}, but the network has "
                f"{n} units"
            )
        # Gershgorin: no mode is stiffer than this; see parameters/stability.py.
        stiffest = params.omega**2 + 2 * np.asarray(abs(self.weights).sum(axis=1)).ravel()
        if (h**2 * stiffest >= 4 * (1 - params.gamma * h)).any():
            raise ValueError(
                "diffusive coupling: weights are too strong for the step, h**2 (omega**2 + 2 sum "
                f"of weights) reaches {(h**2 * stiffest).max():.3g} and has to stay below "
                f"4 (1 - gamma h) = {4 * (1 - params.gamma.max() * h):.3g}; lower them, or h"
            )
