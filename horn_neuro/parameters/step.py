"""`Step`: one step of a network in NumPy, and its Jacobian."""

import numpy as np

from horn_neuro.parameters.connections import Connections

__all__ = ["Step"]


class Step:
    """One step of a network, for whoever linearises, checks or draws it.

    The state is the positions and velocities of now and, with delays, of the steps
    before: x of shape (n_x, n_units, ...) and y of (n_y, n_units, ...), the most recent
    first; further axes are copies of the network, such as trials.

    Parameters
    ----------
    params : HornParameters
        The network.
    coupling : DiffusiveCoupling | None
        Coupling of positions besides.

    Attributes
    ----------
    n_x, n_y : int
        How many positions and velocities of each unit the state has.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> step = hn.parameters.Step(hn.effenberger_2025(4, seed=1))
    >>> x, y = step(np.ones((1, 4)), np.zeros((1, 4)), drive=0.0)
    >>> x.shape, step.jacobian().shape
    ((1, 4), (8, 8))

    References
    ----------
    Effenberger et al., PNAS 122(4), 2025, doi:10.1073/pnas.2412830122.
    """

    def __init__(self, params, coupling=None):
        self.params, n = params, params.n_units
        recurrent = Connections(params.w_rec, params.delays)
        scale = 1 / np.sqrt(n)
        self._velocities = _by_age(recurrent, scale)
        self.n_x, self.n_y = 1, recurrent.longest
        self._positions, self._degree = [], np.zeros(n)
        if coupling is not None:
            coupling.check(params)
            self.n_x = coupling.connections.longest
            self._positions = _by_age(coupling.connections)
            self._degree = coupling.degree
        self._bias = params.b_in + scale * params.b_rec
        self._decay = 1 - 2 * params.gamma * params.h
        self._stiffness = params.h * (params.omega**2 + self._degree)

    def drive_of(self, inputs):
        """Return what inputs add inside the tanh.

        Parameters
        ----------
        inputs : ndarray, shape (..., n_inputs)
            Inputs of any number of steps.

        Returns
        -------
        drive : ndarray, shape (..., n_units)
        """
        return inputs @ self.params.w_in.T

    def _columns(self, vector, like):
        return vector.reshape(-1, *[1] * (like.ndim - 2))

    def argument(self, x, y, drive):
        """Return the argument of tanh, shape (n_units, ...); drive as in `__call__`."""
        feedback = self._columns(self.params.feedback, x)
        return (
            drive + self._columns(self._bias, x) + self._sum(self._velocities, y) + feedback * x[0]
        )

    @staticmethod
    def _sum(weights, past):
        if not weights:
            return np.zeros_like(past[0])
        shape = past.shape[1:]
        flat = past.reshape(len(past), shape[0], -1)
        return sum(w @ flat[lag] for lag, w in weights).reshape(shape)

    def __call__(self, x, y, drive):
        """Take the step.

        Parameters
        ----------
        x : ndarray, shape (n_x, n_units, ...)
            Positions.
        y : ndarray, shape (n_y, n_units, ...)
            Velocities.
        drive : float | ndarray, shape (n_units, ...)
            W_in s, what the input adds inside the tanh.

        Returns
        -------
        x, y : ndarray
            After the step, in the same shapes.
        """
        return self._move(x, y, self.params.alpha, np.tanh(self.argument(x, y, drive)))

    def tangent(self, dx, dy, slope):
        """Carry small deviations through the step: the Jacobian times them.

        Parameters
        ----------
        dx, dy : ndarray, shape (n_x, n_units, ...) and (n_y, n_units, ...)
            Deviations.
        slope : ndarray, shape (n_units, ...)
            Derivative of tanh at its `argument`; 1 for small signals around rest.

        Returns
        -------
        dx, dy : ndarray
            After the step.
        """
        feedback = self._columns(self.params.feedback, dx)
        felt = self._sum(self._velocities, dy) + feedback * dx[0]
        return self._move(dx, dy, self.params.alpha, slope * felt)

    def _move(self, x, y, alpha, drawn):
        h = self.params.h
        pull = self._columns(h * alpha, x) * drawn + h * self._sum(self._positions, x)
        decay, stiffness = self._columns(self._decay, x), self._columns(self._stiffness, x)
        velocity = decay * y[0] + pull - stiffness * x[0]
        position = x[0] + h * velocity
        return np.concatenate([position[None], x[:-1]]), np.concatenate([velocity[None], y[:-1]])

    def jacobian(self, slope=None):
        """Return the Jacobian of the step.

        Parameters
        ----------
        slope : ndarray, shape (n_units,) | None
            Derivative of tanh at each unit; None is 1, small signals around rest.

        Returns
        -------
        jacobian : ndarray, shape (size, size)
            Of the state [x, y] in the order of memory, size = (n_x + n_y) n_units.
        """
        n = self.params.n_units
        slope = np.ones(n) if slope is None else np.asarray(slope, float)
        size = (self.n_x + self.n_y) * n
        each = np.eye(size).reshape(-1, n, size)
        dx, dy = self.tangent(each[: self.n_x], each[self.n_x :], slope[:, None])
        return np.concatenate([dx, dy]).reshape(size, size)


def _by_age(connections, scale=1.0):
    """Return weights by age, as dense matrices where that is faster."""
    dense = 4 * len(connections) > connections.n_units**2
    weights = connections.by_lag().items()
    return [(lag - 1, scale * (w.toarray() if dense else w)) for lag, w in weights]
