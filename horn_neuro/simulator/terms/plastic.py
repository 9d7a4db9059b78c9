"""Connections that learn, as Brian2 synapses; every trial has weights of its own."""

import numpy as np

from horn_neuro.simulator.equations import METHOD
from horn_neuro.simulator.operations import Copy, Row
from horn_neuro.simulator.terms.wired import Wired

__all__ = ["Covariance", "Phase"]

# A connection keeps what arrives at it: the velocity of its sender, as old as
# its delay. All other signals of a rule are those after the step.
_SYNAPSES = """
dw/dt = learns*rate*({change}) : 1 (clock-driven)
arriving : 1
learns : 1 (shared)  # the switch
rate : Hz (shared, constant)
gain : 1 (shared, constant)
bound : 1 (shared, constant)
"""
_SHIFT = """
cosine_of_shift : 1 (shared, constant)
sine_of_shift : 1 (shared, constant)
"""


class _Plastic(Wired):
    """Connections whose weights follow a rule.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    connections : Connections
        The connections, with the weights to start from.
    rule : CovarianceRule | PhaseRule
        The rule.
    learning : ndarray of bool, shape (n_steps,)
        When weights learn.
    """

    # Of a subclass: the change of a weight in 1/rate, and what units compute for it.
    change = code = None
    variables = ("recurrent.w",)
    name = "sparse"

    def __init__(self, sizes, connections, rule, learning):
        super().__init__(sizes, connections)
        self.rule, self.learning = rule, learning
        # Brian2 makes the synapses when it makes the program.
        pairs = connections.post.tobytes(), connections.pre.tobytes()
        self.key += pairs

    @property
    def size(self):
        """Number of connections of all trials (int)."""
        return len(self.connections) * self.sizes.n_trials

    def build(self, horn, clock):
        """Add Brian2's objects and code."""
        import brian2

        synapses = brian2.Synapses(
            horn,
            horn,
            _SYNAPSES.format(change=self.change),
            method=METHOD,
            clock=clock,
            order=2,  # after the state of the units, and after what they make of it
            name="recurrent",
        )
        trials = self.sizes.n_trials
        post, pre = (
            np.repeat(index.astype(np.int64) * trials, trials)
            + np.tile(np.arange(trials), len(index))
            for index in (self.connections.post, self.connections.pre)
        )
        synapses.connect(i=pre, j=post)
        horn.run_regularly(self.code, when="groups", order=1)
        # Whatever the rate, the activity or the precision: no weight runs away.
        synapses.run_regularly("w = clip(w, -bound, bound)", when="groups", order=3)
        return [synapses]

    def start(self):
        """Return the operations at the start of a step."""
        gather = self.gather("recurrent.w", arriving="recurrent.arriving")
        return [Copy(Row("learns", 1), "recurrent.learns"), *gather]

    def tapes(self):
        """Return what can be recorded."""
        return {"w_rec": self.tape("w_rec", "recurrent.w", self.size)}

    def given(self, state):
        """Return the arrays that operations are given."""
        given = {**super().given(state), "learns": self.learning.astype(float)}
        del given["weights"]  # Brian2 has them
        return given

    def values(self, state):
        """Return the values of Brian2's variables."""
        rule, weights = self.rule, self.connections.weights
        names = ("rate", "gain", "bound")
        return {
            "recurrent.w": np.repeat(weights, self.sizes.n_trials),
            "horn.cosine_of_shift": np.array([np.cos(rule.shift)]),
            "horn.sine_of_shift": np.array([np.sin(rule.shift)]),
            **{f"recurrent.{name}": np.array([getattr(rule, name)]) for name in names},
            **super().values(state),
        }

    def matrices(self, flat):
        """Spread weights over matrices [post, pre].

        Parameters
        ----------
        flat : ndarray, shape (n_samples, n_connections * n_trials)
            Weights as Brian2 keeps them.

        Returns
        -------
        weights : ndarray, shape (n_trials, n_units, n_units, n_samples)
        """
        n, trials = self.sizes.n_units, self.sizes.n_trials
        full = np.zeros((trials, n, n, len(flat)), flat.dtype)
        by_trial = flat.reshape(len(flat), -1, trials).transpose(2, 1, 0)
        full[:, self.connections.post, self.connections.pre] = by_trial
        return full

    def seconds(self):
        """Estimate the seconds of a step on the numpy device (benchmarks/plasticity.md)."""
        return 1.9e-8 * self.size

    def memory(self):
        """Estimate the bytes: weights and what arrives, and Brian2's indices both ways."""
        return super().memory() + self.size * (2 * self.sizes.itemsize + 24)

    def gpu_memory(self):
        """Estimate the bytes it takes on a GPU: the same."""
        return self.memory()


class Covariance(_Plastic):
    """Connections that learn by a `CovarianceRule`."""

    change = "received_post*(gain*(arriving - mean_y_pre)/omega_pre - received_post*w)"
    equations = f"""
    recurrent_sum : 1  # W_rec y, each velocity as old as its delay
    dmean_x/dt = (x - mean_x)/memory : 1
    dmean_y/dt = (y - mean_y)/memory : 1
    memory : second (shared, constant)
    received : 1
    {_SHIFT}
    """
    code = "received = cosine_of_shift*(x - mean_x) + sine_of_shift*(y - mean_y)/omega"
    order = ("mean_x", "mean_y")
    variables = ("recurrent.w", "horn.mean_x", "horn.mean_y")

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {**super().values(state), "horn.memory": np.array([self.rule.memory])}


class Phase(_Plastic):
    """Connections that learn by a `PhaseRule`."""

    change = "gain*(shifted_cosine_post*cosine_pre + shifted_sine_post*sine_pre) - w"
    equations = f"""
    recurrent_sum : 1  # W_rec y, each velocity as old as its delay
    cosine : 1  # of the phase
    sine : 1
    shifted_cosine : 1
    shifted_sine : 1
    {_SHIFT}
    """
    code = """
    amplitude = sqrt(x**2 + (y/omega)**2)
    cosine = x/(amplitude + int(amplitude == 0))
    sine = -y/omega/(amplitude + int(amplitude == 0))
    shifted_cosine = cosine_of_shift*cosine - sine_of_shift*sine
    shifted_sine = sine_of_shift*cosine + cosine_of_shift*sine
    """
