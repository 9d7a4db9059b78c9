"""Kicks: random or given impulses on the velocities."""

from dataclasses import dataclass

import numpy as np

from horn_neuro._quantities import floats, spread, usable, whole
from horn_neuro.parameters import generator

__all__ = ["DrawnKicks", "PoissonKicks"]

MARKS = ("fixed", "signed", "gaussian")


@dataclass(frozen=True, eq=False, repr=False)
class PoissonKicks:
    """Independent Poisson kicks on the velocity of every unit.

    In every step a unit is kicked with probability ``rate * step``. A kick is
    added to y at the end of the step, so that x feels it from the next step on.

    Parameters
    ----------
    rate : float | array_like, shape (n_units,)
        Kicks per second of one unit, in Hz; at most one kick per step.
    amplitude : float | array_like, shape (n_units,)
        Size of a kick, in the unit of y (position per unit of model time).
    marks : 'fixed' | 'signed' | 'gaussian'
        Whether a kick is ``amplitude``, ``amplitude`` with a random sign, or
        ``amplitude`` times a standard normal number.

    Raises
    ------
    ValueError
        If a rate is negative, a value is not finite, or `marks` is unknown.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> kicks = hn.PoissonKicks(rate=50, amplitude=0.1)  # Hz for each unit; added to the velocity
    >>> recording = hn.simulate(params, 200, kicks=kicks, record="kicks", seed=1, device="numpy")
    >>> int((recording.data["kicks"] != 0).sum())  # about 4 units * 0.2 s * 50 Hz
    48
    """

    rate: float
    amplitude: float
    marks: str = "signed"

    def __post_init__(self):
        for name in ("rate", "amplitude"):
            unit = "Hz" if name == "rate" else "1"
            value = floats(f"kicks: {name}", getattr(self, name), unit)
            if value.ndim > 1 or not usable(value).all():
                raise ValueError(
                    f"kicks: {name} = {getattr(self, name)!r}; give a finite number, "
                    "or one for each unit"
                )
            object.__setattr__(self, name, value)
        if (self.rate < 0).any():
            raise ValueError(f"kicks: rate = {self.rate.min():g} Hz; a rate is at least 0")
        if not isinstance(self.marks, str) or self.marks not in MARKS:
            raise ValueError(f"kicks: marks = {self.marks!r}; choose one of {', '.join(MARKS)}")

    def __repr__(self):
        rate, amplitude = spread(self.rate), spread(self.amplitude)
        return f"<PoissonKicks | {rate} Hz, amplitude {amplitude}, {self.marks}>"

    def check(self, n_trials, n_steps, params):
        """Raise ValueError unless the kicks suit a network and its step."""
        for name in ("rate", "amplitude"):
            value = getattr(self, name)
            if value.ndim and value.shape != (params.n_units,):
                raise ValueError(
                    f"kicks: {name} has shape {value.shape}; give one number, or one for each "
                    f"of the {params.n_units} units"
                )
        limit = 1 / params.step
        if (self.rate > limit * (1 + 1e-12)).any():
            raise ValueError(
                f"kicks: rate = {self.rate.max():g} Hz is above 1/step = {limit:g} Hz: there is at "
                "most one kick per step; lower the rate, or shorten the step"
            )

    def draw(self, n_trials, n_steps, params, seed):
        """Draw all kicks beforehand, to give them to several simulators.

        Parameters
        ----------
        n_trials, n_steps : int
            Size of the simulation.
        params : HornParameters
            The network, for its number of units and its step.
        seed : int
            Root seed; the source is named "kicks".

        Returns
        -------
        kicks : DrawnKicks
            Of shape (n_trials, n_steps, n_units).

        Examples
        --------
        >>> import horn_neuro as hn
        >>> params = hn.effenberger_2025(4, seed=1)
        >>> drawn = hn.PoissonKicks(rate=50, amplitude=0.1).draw(2, 100, params, seed=1)
        >>> drawn.values.shape
        (2, 100, 4)
        """
        n_trials, n_steps = whole("n_trials", n_trials), whole("n_steps", n_steps)
        self.check(n_trials, n_steps, params)
        rng = generator(seed, "kicks")
        shape = (n_trials, n_steps, params.n_units)
        kicked = rng.random(shape) < self.rate * params.step
        mark = {
            "fixed": lambda: 1.0,
            "signed": lambda: rng.choice([-1.0, 1.0], shape),
            "gaussian": lambda: rng.standard_normal(shape),
        }[self.marks]()
        return DrawnKicks(np.where(kicked, self.amplitude * mark, 0.0))


@dataclass(frozen=True, eq=False, repr=False)
class DrawnKicks:
    """Kicks given beforehand, one value for each trial, step and unit.

    Parameters
    ----------
    values : array_like, shape (n_trials, n_steps, n_units)
        What is added to y at the end of each step.

    Raises
    ------
    ValueError
        If the shape is not three-dimensional or a value is not finite.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> push = np.zeros((1, 100, 2))  # trials, steps, units
    >>> push[0, 10, 1] = 0.5
    >>> params = hn.network(np.zeros((2, 2)), frequency_hz=20)
    >>> recording = hn.simulate(params, 100, kicks=hn.DrawnKicks(push), device="numpy")
    >>> (recording.data["x"] != 0).any("time").values
    array([[False,  True]])
    """

    values: np.ndarray

    def __post_init__(self):
        values = floats("kicks: values", self.values)
        if values.ndim != 3 or not usable(values).all():
            raise ValueError(
                f"kicks: values of shape {values.shape}; give finite numbers of shape "
                "(n_trials, n_steps, n_units)"
            )
        object.__setattr__(self, "values", values)

    marks = "drawn"

    def __repr__(self):
        n_trials, n_steps, n_units = self.values.shape
        return (
            f"<DrawnKicks | {n_trials} trials, {n_steps} steps, {n_units} units, "
            f"{np.count_nonzero(self.values)} kicks>"
        )

    def check(self, n_trials, n_steps, params):
        """Raise ValueError unless the kicks have the shape of the simulation."""
        expected = (n_trials, n_steps, params.n_units)
        if self.values.shape != expected:
            raise ValueError(
                f"kicks: values have shape {self.values.shape}, but the simulation has "
                f"(n_trials, n_steps, n_units) = {expected}"
            )
