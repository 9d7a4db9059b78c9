"""`Program`: a network and what is recorded of it, ready for any device."""

import hashlib

import numpy as np

__all__ = ["Program"]

# Products of two such numbers are finite in float32.
LARGEST = 1e15


class Program:
    """A network and what is recorded of it, ready for any device.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    terms : sequence of Term
        The parts of the network.
    record : tuple of str
        What is recorded, of the names of the terms' tapes.
    state : State
        Where to start.

    Raises
    ------
    ValueError
        If the state does not suit the terms.

    Attributes
    ----------
    start : list
        The operations at the start of a step.
    tapes : list of Tape and SpikeTape
        The operations at its end.
    variables : list of str
        Brian2's variables, "object.variable", that a run hands back.
    kept : dict of str to int
        The given arrays that it hands back, and their numbers of values.
    """

    def __init__(self, sizes, terms, record, state):
        self.sizes, self.terms = sizes, tuple(terms)
        states = {name: shape for term in terms for name, shape in term.states.items()}
        self.initial = state.broadcast(sizes.n_trials, sizes.n_units, states)
        tapes = {name: tape for term in terms for name, tape in term.tapes().items()}
        self.tapes = [tapes[name] for name in record]
        self.start = [operation for term in terms for operation in term.start()]
        self.variables = [name for term in terms for name in term.variables]
        self.kept = {name: size for term in terms for name, size in term.kept.items()}

    @property
    def digest(self):
        """A hash (str) of all that generated code depends on; equal ones share a binary."""
        parts = [(type(term).__name__, term.key) for term in self.terms]
        names = [tape.name for tape in self.tapes]
        return hashlib.sha256(repr((self.sizes, parts, names)).encode()).hexdigest()

    def given(self):
        """Return the arrays that operations are given (dict of str to flat ndarray)."""
        return {
            name: self._typed(name, array)
            for term in self.terms
            for name, array in term.given(self.initial).items()
        }

    def values(self):
        """Return the values of Brian2's variables (dict of "object.variable" to flat ndarray)."""
        return {
            name: self._typed(name, array)
            for term in self.terms
            for name, array in term.values(self.initial).items()
        }

    def _typed(self, name, array):
        if array.dtype.kind == "i":
            return array.ravel()
        if self.sizes.dtype == "float32" and np.abs(array).max(initial=0.0) > LARGEST:
            raise ValueError(
                f"dtype = 'float32': {name.split('.')[-1]} reaches {np.abs(array).max():.3g}, and "
                f"float32 computes with at most {LARGEST:g}; choose float64"
            )
        return array.astype(self.sizes.dtype, copy=False).ravel()

    def state(self, results):
        """Return the state after a run (dict of str to ndarray)."""
        return {name: array for term in self.terms for name, array in term.state(results).items()}

    def seconds(self):
        """Estimate how long the numpy device takes, in seconds."""
        return self.sizes.n_steps * sum(term.seconds() for term in self.terms)

    def device_memory(self, gpu=False):
        """Estimate the memory of a run where it runs: records, units, and what terms need.

        Parameters
        ----------
        gpu : bool
            Whether it runs on a GPU.

        Returns
        -------
        size : int
            Bytes.
        """
        recorded = sum(tape.bytes(self.sizes.itemsize) for tape in self.tapes)
        units = 20 * self.sizes.size * self.sizes.itemsize
        terms = sum(term.gpu_memory() if gpu else term.memory() for term in self.terms)
        return recorded + units + terms

    def memory(self):
        """Estimate the peak memory, in which records stand twice: as taken and as handed over.

        Returns
        -------
        size : int
            Bytes.
        """
        recorded = sum(tape.bytes(self.sizes.itemsize) for tape in self.tapes)
        return recorded + self.device_memory()
