"""Values at the door: numbers, and physical quantities that are never stripped of their unit."""

import operator
from numbers import Integral

import numpy as np

__all__ = [
    "LARGEST",
    "floats",
    "number",
    "numbers",
    "plain",
    "random_source",
    "spread",
    "usable",
    "whole",
]

# Larger numbers are refused: products of a few of these, over many steps, are finite.
LARGEST = 1e50

# Units of this package, as Brian2 writes their dimensions.
_DIMENSIONS = {"1": "1", "s": "s", "Hz": "s^-1", "m": "m", "m/s": "m s^-1"}
_EXAMPLES = {
    "1": "a plain number",
    "s": "a duration, such as 1*ms",
    "Hz": "a rate, such as 20*Hz",
    "m": "a length, such as 1*mm",
    "m/s": "a velocity, such as 0.2*metre/second",
}


def plain(name, value, unit="1"):
    """Return a value without its unit, in the unit that is asked for.

    Parameters
    ----------
    name : str
        What it is called, for the error.
    value : object
        A plain value, a tensor of torch or a quantity of Brian2.
    unit : '1' | 's' | 'Hz' | 'm' | 'm/s'
        The unit.

    Returns
    -------
    value : object
        The plain value, which is taken as it is; of tensors and quantities, an ndarray.

    Raises
    ------
    ValueError
        If it is a quantity of another dimension or of another package, or hides values
        behind a mask.
    """
    if type(value) in (int, float, np.ndarray):
        return value
    if isinstance(value, list | tuple):  # NumPy would drop the units in it
        return [plain(name, part, unit) for part in value]
    if hasattr(value, "detach"):  # a tensor, or a parameter of a network
        value = value.detach().cpu()
        return (value.double() if value.is_floating_point() else value).numpy()
    dimension = getattr(value, "dim", None)
    if dimension is not None and not callable(dimension):
        if str(dimension) != _DIMENSIONS[unit]:
            text = str(value) if np.ndim(value) == 0 else f"an array in {dimension}"
            raise ValueError(f"{name} = {text}: give {_EXAMPLES[unit]}")
        return np.asarray(value)
    # Of the class: an xarray may have a coordinate of that name.
    if any(hasattr(type(value), attribute) for attribute in ("unit", "units", "dimensionality")):
        raise ValueError(
            f"{name} = {value!r}: give {_EXAMPLES[unit]}; of quantities, those of Brian2 are known"
        )
    if np.ma.is_masked(value):
        raise ValueError(f"{name} has masked values: fill them, or leave them out")
    return value


def floats(name, value, unit="1"):
    """Return numbers as an ndarray of float64, or raise ValueError; arguments as of `plain`."""
    with np.errstate(all="ignore"):  # what float64 has no room for becomes infinite
        return numbers(name, value, unit).astype(np.float64, copy=False)


def usable(array):
    """Say which numbers can be computed with: finite ones of at most `LARGEST` in size."""
    return (array >= -LARGEST) & (array <= LARGEST)


def numbers(name, value, unit="1"):
    """Return numbers as an ndarray of the type that they have; otherwise as `floats`."""
    try:
        array = np.asarray(plain(name, value, unit))
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        if str(error).startswith(name):
            raise
        raise ValueError(f"{name} is not an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        text = f"{value!r}" if array.ndim == 0 else f"an array of {array.dtype}"
        raise ValueError(f"{name} = {text}: give real numbers")
    return array


def number(name, value, unit="1", *, least=-np.inf, above=-np.inf, below=np.inf):
    """Return one number (float), of at least `least`, above `above` and below `below`.

    It is 0, or of a size that can be computed with, and divided by; all else raises ValueError.
    """
    array = floats(name, value, unit)
    finite = array.ndim == 0 and np.isfinite(array)
    sized = finite and (array == 0 or 1 / LARGEST <= abs(array) <= LARGEST)
    if not (sized and array >= least and above < array < below):
        bound = f" of at least {least:g}" if least > -np.inf else ""
        bound = f" above {above:g}" if above > -np.inf else bound
        bound += f" below {below:g}" if below < np.inf else ""
        size = f", in size between {1 / LARGEST:g} and {LARGEST:g}" if finite > sized else ""
        raise ValueError(f"{name} = {value!r}: give a finite number{bound}{size}")
    return float(array) + 0.0  # -0.0 is 0


def whole(name, value, least=1, below=2**31):
    """Return a whole number (int) of at least `least` and below `below`, or raise ValueError."""
    try:
        count = int(operator.index(plain(name, value)))
    except (RuntimeError, TypeError):
        count = least - 1
    if count < least:
        raise ValueError(f"{name} = {value!r}: give a whole number of at least {least}")
    if count >= below:
        raise ValueError(f"{name} is too large: give a whole number below 2**31")
    return count


def spread(values):
    """Return numbers as a short text: "0.2" if they are equal, "0.1..0.3" if not."""
    low, high = np.min(values), np.max(values)
    return f"{low:.4g}" if low == high else f"{low:.4g}..{high:.4g}"


def random_source(rng):
    """Return a generator of random numbers, of a seed a new one, or raise ValueError."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, Integral) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise ValueError(f"rng = {rng!r}: give a seed, a whole number from 0 on, or a generator")
