"""What is recorded: operations at the end of a step (see `operations`)."""

from dataclasses import dataclass

import numpy as np

__all__ = ["SpikeTape", "Tape"]


@dataclass(frozen=True)
class Tape:
    """Record a variable: one array, one copy a sample, one file.

    Parameters
    ----------
    name : str
        Name of the record.
    signal : str
        The variable, shape (size,).
    size, n_samples, every : int
        Sizes; a sample is taken every so many steps.
    """

    name: str
    signal: str
    size: int
    n_samples: int
    every: int

    @property
    def shape(self):
        """Shape of the record."""
        return self.n_samples, self.size

    def bytes(self, itemsize):
        """Return the bytes of the whole record (int)."""
        return self.size * self.n_samples * itemsize

    def python(self, arrays):
        """Return a function that does it at step k, and the record."""
        signal = arrays[self.signal]
        record = np.empty(self.shape, signal.dtype)

        def tape(k):
            if k % self.every == 0:
                record[k // self.every] = signal

        return tape, record

    def code(self, names):
        """Return C++ for the setup, for step k, and for the end."""
        signal, name = names[self.signal], f"tape_{self.name}"
        setup = (
            f'static horn::Tape {name}("{self.name}", {self.size} * sizeof({signal}[0]), '
            f"{self.n_samples});"
        )
        step = f"if (k % {self.every} == 0) {name}.add({signal});"
        return setup, step, f"{name}.close();"


@dataclass(frozen=True)
class SpikeTape:
    """Record at every step which units have spiked, eight in a byte.

    Parameters
    ----------
    name : str
        Name of the record.
    signal : str
        The variable, shape (size,): 1 where a unit spikes, 0 elsewhere.
    size, n_steps : int
        Sizes.
    """

    name: str
    signal: str
    size: int
    n_steps: int

    @property
    def shape(self):
        """Shape of the record: steps, and the bytes of a step."""
        return self.n_steps, -(-self.size // 8)

    def bytes(self, itemsize):
        """Return the bytes of the whole record (int)."""
        return self.n_steps * self.shape[1]

    def python(self, arrays):
        """Return a function that does it at step k, and the record."""
        signal = arrays[self.signal]
        record = np.empty(self.shape, np.uint8)

        def tape(k):
            record[k] = np.packbits(signal != 0, bitorder="little")

        return tape, record

    def code(self, names):
        """Return C++ for the setup, for step k, and for the end."""
        name = f"tape_{self.name}"
        setup = f'static horn::SpikeTape {name}("{self.name}", {self.size}, {self.n_steps});'
        return setup, f"{name}.add({names[self.signal]});", f"{name}.close();"
