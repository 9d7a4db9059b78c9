"""Physical quantities at the door: checked by their dimension, never stripped of it."""

import numpy as np

__all__ = ["plain"]

# Units of this package, as Brian2 writes their dimensions.
_DIMENSIONS = {"1": "1", "s": "s", "Hz": "s^-1"}
_EXAMPLES = {"1": "a plain number", "s": "a duration, such as 1*ms", "Hz": "a rate, such as 20*Hz"}


def plain(name, value, unit="1"):
    """Return a value without its unit, in the unit that is asked for.

    Parameters
    ----------
    name : str
        What it is called, for the error.
    value : object
        A plain value, which is taken as it is, or a quantity of Brian2.
    unit : '1' | 's' | 'Hz'
        The unit.

    Returns
    -------
    value : object
        The plain value; of a quantity, an ndarray.

    Raises
    ------
    ValueError
        If it is a quantity of another dimension.
    """
    dimension = getattr(value, "dim", None)
    if dimension is None or callable(dimension):  # torch's tensors have a method of that name
        return value
    if str(dimension) != _DIMENSIONS[unit]:
        text = str(value) if np.ndim(value) == 0 else f"an array in {dimension}"
        raise ValueError(f"{name} = {text}: give {_EXAMPLES[unit]}")
    return np.asarray(value)
