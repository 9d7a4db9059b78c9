"""The state of a network between two steps."""

import numpy as np

from horn_neuro._quantities import floats, number, numbers, random_source, usable, whole

__all__ = ["State"]


class State:
    """Positions, velocities, and what the parts of a network still need of the past.

    Each part of a simulation declares the arrays that it needs besides x and y:
    `past_y` (velocities before y, of networks with delays), `mean_x` and `mean_y`
    (a `CovarianceRule`), `synaptic_x`, `synaptic_y`, `emitted` and `past_emitted`
    (a `SpikeCoupling`: its synapses, and spikes on their way). `Recording.final_state`
    has all of them.

    Parameters
    ----------
    x, y : array_like, shape (n_trials, n_units)
        Positions and velocities. One trial may be given as (n_units,).
    past_y : array_like, shape (n_trials, max_delay - 1, n_units) | None
        Velocities before y, the most recent first, for networks with delays;
        None stands for a past at rest.
    **others : array_like, shape (n_trials, n_units) or (n_trials, n_lags, n_units)
        Other arrays by name; what is not given stands for 0.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> state = hn.State([0.5, 0.0], [0.0, 0.1])
    >>> state.x.shape, state["y"].shape, list(state)
    ((2,), (2,), ['x', 'y'])
    """

    def __init__(self, x, y, past_y=None, **others):
        given = {"x": x, "y": y, "past_y": past_y, **others}
        self._arrays = {
            name: numbers(f"state: {name}", value).copy()
            for name, value in given.items()
            if value is not None
        }

    def __getitem__(self, name):
        return self._arrays[name]

    def __getattr__(self, name):
        try:
            return self.__dict__["_arrays"][name]
        except KeyError:
            raise AttributeError(f"the state has no {name}; it has {', '.join(self)}") from None

    @property
    def past_y(self):
        """Velocities before y, ndarray of shape (n_trials, max_delay - 1, n_units), or None."""
        return self._arrays.get("past_y")

    def __iter__(self):
        return iter(self.__dict__.get("_arrays", ()))

    def __repr__(self):
        shapes = (f"{name} {value.shape}" for name, value in self._arrays.items())
        return f"State({', '.join(shapes)})"

    def broadcast(self, n_trials, n_units, declared):
        """Return the state of `n_trials` trials of a network, or say what does not fit.

        Parameters
        ----------
        n_trials, n_units : int
            Size of the simulation.
        declared : dict of str to tuple
            The arrays that it needs, and their shapes between trials and units.

        Returns
        -------
        state : State
            All arrays in full shape, as float64.

        Raises
        ------
        ValueError
            If a shape does not fit, a value is not finite, or an array belongs to
            another kind of simulation.
        """
        foreign = [name for name in self if name not in declared]
        if foreign:
            raise ValueError(
                f"initial state: it has {', '.join(foreign)}, which this simulation has no use "
                f"for; it was left by another kind, and this one starts from {', '.join(declared)}"
            )
        full = {}
        for name, between in declared.items():
            shape = (n_trials, *between, n_units)
            value = floats(f"initial state: {name}", self._arrays.get(name, np.zeros(shape[1:])))
            if value.shape not in (shape, shape[1:]):
                raise ValueError(
                    f"initial state: {name} has shape {value.shape}; this simulation asks for "
                    f"{shape}, or {shape[1:]} to start all trials alike"
                )
            if not usable(value).all():
                raise ValueError(f"initial state: {name} has values that are not finite")
            full[name] = np.broadcast_to(value, shape)
        state = State.__new__(State)
        state._arrays = full  # not copied, where trials start alike
        return state

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
        rng : int | numpy.random.Generator
            The source of randomness, or its seed.

        Returns
        -------
        state : State
        """
        shape = 2, whole("n_trials", n_trials), whole("n_units", n_units)
        return cls(*random_source(rng).normal(0.0, number("std", std, least=0), shape))
