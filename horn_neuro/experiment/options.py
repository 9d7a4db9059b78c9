"""Options of an experiment: declared once, and checked once for all of them."""

import math
import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["Option", "Sizes"]


class Sizes(NamedTuple):
    """What --fast, nothing, and --full stand for.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.experiment.Sizes(fast=2, default=8, full=20).default
    8
    """

    fast: object
    default: object
    full: object


@dataclass(frozen=True)
class Option:
    """An option, as a class attribute of an `Experiment`; its instances have the value.

    Parameters
    ----------
    default : object | Sizes
        Its value where none is given. A sequence makes it a list of values.
    help : str
        What it is, and in which unit.
    kind : type | None
        int, float, str, bool or Path; None is that of the default.
    least, above, most : float | None
        Bounds of every value.
    choices : tuple
        All values that can be; none for any.
    different : int
        How many different values a list needs at least.
    many : bool
        Whether it is a list though its default is None.
    excludes, needs : tuple of str
        Options that this one would overrule, and options without which it says nothing.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> units = hn.experiment.Option(hn.experiment.Sizes(8, 32, 64), "oscillators", least=2)
    >>> units.resolve("units", None, "fast"), units.resolve("units", 16, "fast")
    (8, 16)
    >>> try:
    ...     units.resolve("units", 1, "default")
    ... except ValueError as error:
    ...     print(error)
    units = 1: give at least 2
    """

    default: object
    help: str
    kind: type | None = None
    least: float | None = None
    above: float | None = None
    most: float | None = None
    choices: tuple = ()
    different: int = 0
    many: bool = False
    excludes: tuple = ()
    needs: tuple = ()

    def __post_init__(self):
        sample = self.default[1] if isinstance(self.default, Sizes) else self.default
        if isinstance(sample, (list, tuple, range)):
            object.__setattr__(self, "many", True)
            sample = sample[0]
        if self.kind is None:
            object.__setattr__(self, "kind", type(sample))

    def resolve(self, name, value, size):
        """Return the checked value: the given one, or the default of a size.

        Raises
        ------
        ValueError
            If it is of another kind, out of bounds, or not among the choices.
        """
        if value is None:
            value = getattr(self.default, size) if isinstance(self.default, Sizes) else self.default
        if value is None:
            return None
        if not self.many:
            return self._check(name, value)
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            raise ValueError(f"{name} = {value!r}: give a list of values")
        values = tuple(self._check(name, one) for one in value)
        least = max(self.different, 1)
        if len(set(values)) < least:
            raise ValueError(f"{name} = {show(values)}: give at least {least} different values")
        if len(set(values)) < len(values):  # which would count twice in means and intervals
            raise ValueError(f"{name} = {show(values)}: give each value once")
        return values

    def _check(self, name, value):
        try:
            value = _convert(value, self.kind)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            raise ValueError(
                f"{name} = {value!r}: give a value of type {self.kind.__name__}"
            ) from None
        rules = [
            (
                not self.choices or value in self.choices,
                f"choose {', '.join(map(str, self.choices))}",
            ),
            (self.least is None or value >= self.least, f"give at least {self.least}"),
            (self.above is None or value > self.above, f"give a number above {self.above}"),
            (self.most is None or value <= self.most, f"give at most {self.most}"),
            (self.kind is not float or math.isfinite(value), "give a finite number"),
        ]
        for kept, mend in rules:
            if not kept:
                raise ValueError(f"{name} = {value}: {mend}")
        return value

    def add_to(self, parser, name):
        """Add it to an argument parser, which leaves the checks to `resolve`."""
        flag, text = "--" + name.replace("_", "-"), self.help
        if self.kind is bool:
            parser.add_argument(flag, action="store_true", help=text)
            return
        if isinstance(self.default, Sizes):
            sizes = zip(Sizes._fields, self.default, strict=True)
            text += " (" + "; ".join(f"{size} {show(value)}" for size, value in sizes) + ")"
        elif self.default is not None:
            text += f" ({show(self.default)})"
        marker = "{" + ",".join(map(str, self.choices)) + "}" if self.choices else None
        metavar = marker or {int: "N", float: "X", Path: "FILE"}.get(self.kind, "NAME")
        nargs, text = "+" if self.many else None, text.replace("%", "%%")
        parser.add_argument(flag, type=self.kind, nargs=nargs, metavar=metavar, help=text)


def _convert(value, kind):
    if kind is Path:
        return Path(value).expanduser()
    if isinstance(value, (bool, np.bool_)) != (kind is bool):
        raise TypeError
    if kind is int:
        return operator.index(value)
    if kind is str and not isinstance(value, (str, os.PathLike)):
        raise TypeError
    return kind(value)


def show(value):
    """Write a value as it is typed: a list with spaces, a range by its ends."""
    if not isinstance(value, (list, tuple, range)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, range) and value.step == 1:
        return f"{value[0]} to {value[-1]}"
    return " ".join(map(show, value))
