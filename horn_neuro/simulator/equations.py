"""The network as Brian2 equations, and the integrator that steps them."""

from brian2.stateupdaters.base import (
    StateUpdateMethod,
    UnsupportedEquationsException,
    extract_method_options,
)

__all__ = [
    "CONTINUOUS",
    "CROSSING",
    "KICKS",
    "METHOD",
    "OSCILLATOR",
    "SPIKING",
    "SemiImplicitEuler",
]

# horn_model, one step of size h = dt/tau. The recurrence reads the velocities
# of other units, so both sums are complete before the state update runs.
OSCILLATOR = """
dy/dt = (alpha*tanh(i_in + i_rec + feedback*x) - omega**2*x - 2*gamma*y)/tau : 1
dx/dt = y/tau : 1
i_in = input_sum + b_in : 1
i_rec = (recurrent_sum + b_rec)/sqrt(n_units) : 1
input_sum : 1  # W_in s
omega : 1 (constant)  # rad per unit of model time
gamma : 1 (constant)  # per unit of model time
alpha : 1 (constant)
feedback : 1 (constant)
b_in : 1 (constant)
b_rec : 1 (constant)
tau : second (shared, constant)  # one unit of model time, step/h
n_units : 1 (shared, constant)
"""

CONTINUOUS = "recurrent_sum : 1  # W_rec y, each velocity as old as its delay"

# The semi-implicit scheme knows the position before the step: x - y*dt/tau.
CROSSING = "x >= 0 and x < y*dt/tau and y >= omega*spike_threshold"

# Spikes kick synaptic oscillators of the receiving units (see SpikeCoupling).
SPIKING = """
recurrent_sum = synaptic_y : 1
dsynaptic_y/dt = (-omega**2*synaptic_x - 2*synaptic_damping*synaptic_y)/tau : 1
dsynaptic_x/dt = synaptic_y/tau : 1
synaptic_damping : 1 (constant)  # per unit of model time
charge : 1 (constant)
graded : 1 (shared, constant)  # 1: spikes carry the sender's velocity, 0: they are alike
strength : 1  # what the last spike carried
"""

# Poisson kicks are parameters of the group, so that a compiled network can be
# run again with other rates and amplitudes.
KICKS = """
kick : 1  # what the kicks added to y since the last recorded step
kick_rate : Hz (constant)
kick_amplitude : 1 (constant)
"""


class SemiImplicitEuler(StateUpdateMethod):
    """Semi-implicit (symplectic) Euler: each equation sees the values just updated before it.

    The method option ``order`` lists the variables in the order of their
    updates. With the velocity first, ``order=("y", "x")``, one step is::

        y' = y + dt f(x, y)
        x' = x + dt y'

    The scheme is of first order; explicit Euler would be unstable at the
    parameters of Effenberger et al. (2025).
    """

    def __call__(self, equations, variables=None, method_options=None):
        """Return the abstract code of one step, as Brian2 asks of every method."""
        options = extract_method_options(method_options, {"order": None})
        if equations.is_stochastic:
            raise UnsupportedEquationsException("semi-implicit Euler: no stochastic equations")
        rates = {
            name: expression
            for name, expression in equations.get_substituted_expressions(variables)
            if name in equations.diff_eq_names
        }
        order = options["order"] or tuple(rates)
        if set(order) != set(rates):
            raise ValueError(
                f"order = {tuple(order)}: name each of {', '.join(sorted(rates))} once"
            )
        return "\n".join(f"{name} = {name} + dt*({rates[name]})" for name in order)


METHOD = "semi_implicit_euler"

if METHOD not in StateUpdateMethod.stateupdaters:
    StateUpdateMethod.register(METHOD, SemiImplicitEuler())
