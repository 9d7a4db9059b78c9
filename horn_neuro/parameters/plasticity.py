"""Unsupervised learning rules of the recurrent weights."""

from dataclasses import dataclass

import numpy as np

from horn_neuro._quantities import floats, usable
from horn_neuro.parameters.connections import Connections

__all__ = ["CovarianceRule", "PhaseRule"]

# What is allowed, and the words for it.
_FIELDS = {
    "rate": (lambda v: v >= 0, "at least 0 Hz"),
    "gain": (lambda v: True, "a finite number, negative for the opposite rule"),
    "shift": (lambda v: True, "a finite angle in rad"),
    "bound": (lambda v: v > 0, "above 0, the largest weight that can be"),
    "memory": (lambda v: v > 0, "above 0 s"),
}

_UNITS = {"rate": "Hz", "memory": "s"}


@dataclass(frozen=True)
class _Rule:
    """What all rules share; see the subclasses."""

    rate: float
    gain: float = 1.0
    shift: float = 0.0
    bound: float = 10.0

    def __post_init__(self):
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            given = floats(f"{type(self).__name__}: {name}", value, _UNITS.get(name, "1"))
            allowed, words = _FIELDS[name]
            if given.ndim or not (usable(given) and allowed(given)):
                raise ValueError(f"{type(self).__name__}: {name} = {value!r}; give {words}")
            object.__setattr__(self, name, float(given))

    def check(self, params):
        """Raise ValueError unless the rule suits a network."""
        kind = type(self).__name__
        weights = Connections(params.w_rec).weights
        if not len(weights):
            raise ValueError(
                f"{kind}: w_rec has no connection that could learn; a connection is there where "
                "its weight is not zero: start from small random weights"
            )
        largest = np.abs(weights).max()
        if largest > self.bound:
            raise ValueError(
                f"{kind}: bound = {self.bound:g}, but w_rec has a weight of {largest:g} already; "
                "raise the bound or scale the weights"
            )
        if self.rate * params.step >= 1:
            raise ValueError(
                f"{kind}: rate = {self.rate:g} Hz changes all of a weight in one step of "
                f"{params.step:g} s; stay below {1 / params.step:g} Hz"
            )


@dataclass(frozen=True)
class CovarianceRule(_Rule):
    r"""Connect what varies together, with a decay in the manner of Oja.

    The weight from unit j to unit i learns by::

        dw[i, j]/dt = rate p_i (gain q_j - p_i w[i, j])

    where ``q_j = (y_j - <y_j>)/omega_j`` is the velocity that arrives at the
    connection (as old as its delay), and ``p_i = cos(shift) (x_i - <x_i>) +
    sin(shift) (y_i - <y_i>)/omega_i`` the state of the receiver after the step:
    with a `shift` of 0 its position, of pi/2 its velocity. Means run: ``memory
    d<x>/dt = x - <x>``. Where activity is stationary the weights settle at gain
    times the regression of q_j on p_i.

    Parameters
    ----------
    rate : float
        Learning rate in Hz, at an amplitude p of 1.
    gain : float
        Weight for a sender that does what the receiver does; negative for an
        anti-Hebbian rule.
    shift : float
        Phase in rad by which the receiver's signal is rotated, see above.
    bound : float
        No weight leaves [-bound, bound].
    memory : float
        Time constant of the running means, in seconds.

    Raises
    ------
    ValueError
        If a value breaks its rule.

    References
    ----------
    Oja, J. Math. Biology 15, 1982, doi:10.1007/BF00275687; Sejnowski, J. Math.
    Biology 4, 1977, doi:10.1007/BF00275079.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> rule = hn.CovarianceRule(rate=0.5, gain=5.0, shift=np.pi / 2)
    >>> shown = np.sin(0.2 * np.arange(300))[:, None]
    >>> recording = hn.simulate(params, shown, plasticity=rule, device="numpy")
    >>> bool(np.abs(recording.final_w_rec[0] - params.w_rec).max() > 0)
    True
    """

    memory: float = 1.0

    def check(self, params):
        """Raise ValueError unless the rule suits a network."""
        super().check(params)
        if self.memory <= params.step:
            raise ValueError(
                f"CovarianceRule: memory = {self.memory:g} s is not above the step of "
                f"{params.step:g} s; give the time of many cycles"
            )


@dataclass(frozen=True)
class PhaseRule(_Rule):
    r"""Strengthen connections between units that keep a phase to each other.

    The weight from unit j to unit i relaxes to what their phases say::

        dw[i, j]/dt = rate (gain cos(phi_i - phi_j + shift) - w[i, j])

    with ``x = A cos(phi)`` and ``y = -A omega sin(phi)`` of both units after the
    step, so that phi grows with time. A unit at rest has no phase: the cosine
    counts as 0, and its weights only decay.

    Parameters
    ----------
    rate : float
        Learning rate in Hz.
    gain : float
        Weight of a perfectly locked pair; negative for an anti-Hebbian rule.
    shift : float
        Phase lead in rad of the sender at which the weight is largest.
    bound : float
        No weight leaves [-bound, bound].

    Raises
    ------
    ValueError
        If a value breaks its rule.

    References
    ----------
    Aoki and Aoyagi, PRL 102, 034101, 2009, doi:10.1103/PhysRevLett.102.034101
    (coupled phase oscillators with plastic weights).

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> shown = np.sin(0.2 * np.arange(300))[:, None]
    >>> rule = hn.PhaseRule(rate=5.0, gain=2.0)
    >>> recording = hn.simulate(params, shown, plasticity=rule, device="numpy")
    >>> bool(np.abs(recording.final_w_rec[0] - params.w_rec).max() > 0)
    True
    """
