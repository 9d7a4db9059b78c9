"""The state of a network between two steps."""

from dataclasses import dataclass

import numpy as np

__all__ = ["State"]


@dataclass(frozen=True, eq=False)
class State:
    """Positions, velocities and what delays and plasticity still need of the past.

    Parameters
    ----------
    x, y : array_like, shape (n_trials, n_units)
        Positions and velocities. One trial may be given as (n_units,).
    past_y : array_like, shape (n_trials, max_delay - 1, n_units) | None
        Velocities before y, the most recent first, for networks with delays;
        None stands for a past at rest.
    mean_x, mean_y : array_like, shape (n_trials, n_units) | None
        Running means of a `CovarianceRule`; None stands for 0.
    """

    x: np.ndarray
    y: np.ndarray
    past_y: np.ndarray | None = None
    mean_x: np.ndarray | None = None
    mean_y: np.ndarray | None = None

    def broadcast(self, n_trials, n_units, max_delay):
        """Return the state of `n_trials` trials of a network, or say what does not fit.

        Parameters
        ----------
        n_trials, n_units, max_delay : int
            Size of the simulation.

        Returns
        -------
        state : State
            All arrays in full shape, as float64.

        Raises
        ------
        ValueError
            If a shape does not fit or a value is not finite.
        """
        shapes = dict.fromkeys(("x", "y", "mean_x", "mean_y"), (n_trials, n_units))
        shapes["past_y"] = (n_trials, max_delay - 1, n_units)
        full = {}
        for name, shape in shapes.items():
            value = getattr(self, name)
            value = np.zeros(shape[1:]) if value is None else np.asarray(value, float)
            if value.shape not in (shape, shape[1:]):
                raise ValueError(
                    f"initial state: {name} has shape {value.shape}; this simulation asks for "
                    f"{shape}, or {shape[1:]} to start all trials alike"
                )
            if not np.isfinite(value).all():
                raise ValueError(f"initial state: {name} has values that are not finite")
            full[name] = np.broadcast_to(value, shape)
        return State(**full)

    @classmethod
    def zero(cls, n_units):
        """Return the state at rest, shape (n_units,)."""
        return cls(np.zeros(n_units), np.zeros(n_units))

    @classmethod
    def random(cls, n_trials, n_units, std, rng):
        """Draw x and y of every trial and unit from N(0, std**2).

        Parameters
        ----------
        n_trials, n_units : int
            Size of the simulation.
        std : float
            Standard deviation.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        state : State
        """
        return cls(*rng.normal(0.0, std, (2, n_trials, n_units)))
