"""The oscillators as Brian2 equations."""

__all__ = ["CROSSING", "METHOD", "OSCILLATOR"]

# The name that integrator.py gives to its scheme in Brian2.
METHOD = "semi_implicit_euler"

# horn_model, one step of size h = dt/tau. What units hear from others is complete
# before the state update runs (see operations.py): terms add input_sum, W_in s, and
# recurrent_sum, W_rec y, and some of them a force.
OSCILLATOR = """
dy/dt = (alpha*tanh(i_in + i_rec + feedback*x) - omega**2*x - 2*gamma*y{force})/tau : 1
dx/dt = y/tau : 1
i_in = input_sum + b_in : 1
i_rec = (recurrent_sum + b_rec)/sqrt(n_units) : 1
omega : 1 (constant)  # rad per unit of model time
gamma : 1 (constant)  # per unit of model time
alpha : 1 (constant)
feedback : 1 (constant)
b_in : 1 (constant)
b_rec : 1 (constant)
tau : second (shared, constant)  # one unit of model time, step/h
n_units : 1 (shared, constant)
"""

# The semi-implicit scheme knows the position before the step: x - y*dt/tau.
CROSSING = "x >= 0 and x < y*dt/tau and y >= omega*spike_threshold"
