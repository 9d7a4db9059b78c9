"""What units hear from others: operations between Brian2's own.

Brian2 integrates equations; sums over units and delays are done here, and recording in
`tapes`: by NumPy in a process, and by `kernels/cpp.h` or `kernels/cuda.h` in a compiled
program. An operation names its arrays: "object.variable" is a variable of Brian2,
a plain name one of the arrays that a program is given (see `Term.given`). Units of
all trials are one Brian2 group, trials innermost: index = unit * n_trials + trial.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

__all__ = ["Copy", "Gather", "Product", "Remember", "Row"]


@dataclass(frozen=True)
class Row:
    """Row k of a given array at step k.

    Parameters
    ----------
    name : str
        The given array, shape (n_steps, width).
    width : int
        Length of a row.
    """

    name: str
    width: int

    def python(self, arrays):
        """Return a function of the step that returns the row."""
        rows = arrays[self.name].reshape(-1, self.width)
        return lambda k: rows[k]

    def code(self, names):
        """Return the row as C++."""
        return f"{names[self.name]} + k * {self.width}"


def _source(source, arrays):
    if isinstance(source, Row):
        return source.python(arrays)
    array = arrays[source]
    return lambda k: array


def _code(source, names):
    return source.code(names) if isinstance(source, Row) else names[source]


@dataclass(frozen=True)
class Copy:
    """Copy a row of a given array into a variable.

    Parameters
    ----------
    row : Row
        Where from.
    out : str
        Where to.
    """

    row: Row
    out: str

    def python(self, arrays):
        """Return a function that does it at step k."""
        row, out = self.row.python(arrays), arrays[self.out]

        def copy(k):
            out[:] = row(k)

        return copy

    def code(self, names):
        """Return C++ for the setup, and for step k."""
        return "", f"horn::copy({self.row.code(names)}, {self.row.width}, {names[self.out]});"


@dataclass(frozen=True)
class Product:
    """``out = weights @ signal`` for all trials.

    Parameters
    ----------
    weights : str
        Given array, shape (units, sources).
    signal : str | Row
        Shape (sources, trials).
    out : str
        Shape (units, trials).
    units, sources, trials : int
        Sizes.
    """

    weights: str
    signal: str
    out: str
    units: int
    sources: int
    trials: int

    def python(self, arrays):
        """Return a function that does it at step k."""
        weights = arrays[self.weights].reshape(self.units, self.sources)
        signal = _source(self.signal, arrays)
        out = arrays[self.out].reshape(self.units, self.trials)
        # Of one source, NumPy makes no product by BLAS, and a slow one.
        product = np.multiply if self.sources == 1 else np.matmul
        return lambda k: product(weights, signal(k).reshape(self.sources, self.trials), out=out)

    def code(self, names):
        """Return C++ for the setup, and for step k."""
        return "", (
            f"horn::product({names[self.weights]}, {_code(self.signal, names)}, {self.units}, "
            f"{self.sources}, {self.trials}, {names[self.out]});"
        )


@dataclass(frozen=True)
class Remember:
    """Keep a signal in a ring of past values: slot ``k % ring`` belongs to step k.

    Parameters
    ----------
    signal : str
        Shape (size,).
    past : str
        Given array, shape (ring, size).
    ring, size : int
        Sizes.
    """

    signal: str
    past: str
    ring: int
    size: int

    def python(self, arrays):
        """Return a function that does it at step k."""
        signal, past = arrays[self.signal], arrays[self.past].reshape(self.ring, self.size)

        def remember(k):
            past[k % self.ring] = signal

        return remember

    def code(self, names):
        """Return C++ for the setup, and for step k."""
        slot = f"{names[self.past]} + k % {self.ring} * {self.size}"
        return "", f"horn::copy({names[self.signal]}, {self.size}, {slot});"


@dataclass(frozen=True)
class Gather:
    """A weighted sum over incoming connections, each of which may have a delay.

    Connections are given by their receiver, in ascending order: those of unit i
    are ``first[i]`` to ``first[i + 1]`` of the weights and of the array `column`, which
    says what they see: the sender, less `units` for each step of delay over the first.

    Parameters
    ----------
    weights : str
        Shape (n_connections,), or (n_connections, trials) if `arriving` is set.
    signal : str | Row
        What the senders show, shape (senders, trials), or, with delays, the given ring of
        past ones, shape (ring, units, trials).
    out : str
        Shape (units, trials).
    ring : int
        Length of the ring; 1 without delays.
    units, trials : int
        Sizes.
    arriving : str | None
        Where to keep what arrives at each connection, shape (n_connections, trials).
    add : bool
        Whether to add to `out` instead of replacing it.
    of : str
        What the names of the arrays of connections begin with.
    senders : int | None
        How many there are, without delays; None is as many as units.
    """

    weights: str
    signal: str | Row
    out: str
    ring: int
    units: int
    trials: int
    arriving: str | None = None
    add: bool = False
    of: str = ""
    senders: int | None = None

    def python(self, arrays):
        """Return a function that does it at step k."""
        column, first = arrays[f"{self.of}column"], arrays[f"{self.of}first"]
        # One trial is a vector, of which scipy makes a product in half the time.
        each = (self.trials,) if self.trials > 1 else ()
        out = arrays[self.out].reshape(self.units, *each)
        seen, senders = self._window(arrays, each), self.senders or self.ring * self.units
        column = column + (self.ring - 1) * self.units  # from the oldest slot on
        if self.arriving is None:
            matrix = (arrays[self.weights], column, first)
            matrix = sparse.csr_array(matrix, shape=(self.units, senders))

            def summed(k):
                return matrix @ seen(k)

        else:
            weights = arrays[self.weights].reshape(-1, *each)
            arriving = arrays[self.arriving].reshape(-1, *each)
            ones = (np.ones(len(column), weights.dtype), np.arange(len(column)), first)
            ones = sparse.csr_array(ones, shape=(self.units, len(column)))

            def summed(k):
                arriving[:] = seen(k)[column]
                return ones @ (weights * arriving)

        def gather(k):
            if self.add:
                out[:] += summed(k)
            else:
                out[:] = summed(k)

        return gather

    def _window(self, arrays, each):
        """Return a function of the step that shows the senders, the oldest slot first."""
        if self.ring == 1:
            signal = _source(self.signal, arrays)
            return lambda k: signal(k).reshape(-1, *each)
        signal = arrays[self.signal].reshape(self.ring, self.units, *each)
        twice = np.concatenate([signal, signal])  # each slot twice: no window is in two pieces

        def seen(k):
            slot = k % self.ring
            twice[slot] = twice[slot + self.ring] = signal[slot]
            window = twice[slot + 1 : slot + 1 + self.ring]
            return window.reshape(-1, *window.shape[2:])

        return seen

    def code(self, names):
        """Return C++ for the setup, and for step k."""
        first, column = names[f"{self.of}first"], names[f"{self.of}column"]
        name = f"gather_{self.out.replace('.', '_')}"
        shape = f"{self.ring}, {self.units}, {self.trials}"
        setup = f"static horn::Gather {name}({first}, {column}, {shape});"
        if self.arriving is None:
            step = f"{name}.sum<{str(self.add).lower()}>({names[self.weights]}, "
        else:
            step = f"{name}.each({names[self.weights]}, {names[self.arriving]}, "
        return setup, f"{step}{_code(self.signal, names)}, k, {names[self.out]});"
