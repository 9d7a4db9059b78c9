"""The stability region of the semi-implicit Euler scheme."""

import numpy as np

from horn_neuro._quantities import floats, number

__all__ = ["is_stable"]


def is_stable(omega, gamma, h=1.0):
    """Say for which oscillators the discrete scheme is asymptotically stable.

    The characteristic polynomial of one undriven oscillator,
    ``z**2 - (2 - 2 gamma h - h**2 omega**2) z + (1 - 2 gamma h)``, has both
    roots inside the unit circle if and only if ``0 < gamma h < 1`` and
    ``0 < h**2 omega**2 < 4 (1 - gamma h)`` (Jury's criterion).

    Parameters
    ----------
    omega : array_like
        Natural angular frequency, rad per unit of model time.
    gamma : array_like
        Damping, per unit of model time.
    h : float
        Step of the scheme in model time.

    Returns
    -------
    stable : ndarray of bool
        The broadcast shape of `omega` and `gamma`.

    Raises
    ------
    ValueError
        If `h` is not above 0, or a value is no number.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.is_stable([0.2, 2.5], gamma=0.01)
    array([ True, False])
    """
    omega, gamma, h = floats("omega", omega), floats("gamma", gamma), number("h", h, above=0)
    with np.errstate(all="ignore"):  # what is beyond all numbers is not stable
        damping, stiffness = gamma * h, (h * omega) ** 2
    return (damping > 0) & (damping < 1) & (stiffness > 0) & (stiffness < 4 * (1 - damping))
