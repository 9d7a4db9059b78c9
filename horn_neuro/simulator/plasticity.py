"""Learning rules as Brian2 equations, and their values."""

from dataclasses import dataclass

import numpy as np

from horn_neuro.parameters import CovarianceRule, PhaseRule

__all__ = ["KINDS", "PLASTIC", "Kind", "kind_of", "rule_values"]

# A connection keeps what arrives at it: the velocity of its sender, as old as
# its delay. All other signals of a rule are those after the step.
PLASTIC = """
dw/dt = learns(t)*rate*({change}) : 1 (clock-driven)
recurrent_sum_post = w*arriving : 1 (summed)
arriving : 1
rate : Hz (shared, constant)
gain : 1 (shared, constant)
bound : 1 (shared, constant)
"""
_SHIFT = """
cosine_of_shift : 1 (shared, constant)
sine_of_shift : 1 (shared, constant)
"""


@dataclass(frozen=True)
class Kind:
    """A learning rule in Brian2's terms.

    Parameters
    ----------
    change : str
        Change of a weight in 1/rate.
    equations : str
        What the units have besides.
    code : str
        What the units compute after their state update.
    means : tuple of str
        Those of their variables that are updated with the state.
    """

    change: str
    equations: str
    code: str
    means: tuple = ()


KINDS = {
    "covariance": Kind(
        change="received_post*(gain*(arriving - mean_y_pre)/omega_pre - received_post*w)",
        equations=f"""
        dmean_x/dt = (x - mean_x)/memory : 1
        dmean_y/dt = (y - mean_y)/memory : 1
        memory : second (shared, constant)
        received : 1
        {_SHIFT}""",
        code="received = cosine_of_shift*(x - mean_x) + sine_of_shift*(y - mean_y)/omega",
        means=("mean_x", "mean_y"),
    ),
    "phase": Kind(
        change="gain*(shifted_cosine_post*cosine_pre + shifted_sine_post*sine_pre) - w",
        equations=f"""
        cosine : 1  # of the phase
        sine : 1
        shifted_cosine : 1
        shifted_sine : 1
        {_SHIFT}""",
        code="""
        amplitude = sqrt(x**2 + (y/omega)**2)
        cosine = x/(amplitude + int(amplitude == 0))
        sine = -y/omega/(amplitude + int(amplitude == 0))
        shifted_cosine = cosine_of_shift*cosine - sine_of_shift*sine
        shifted_sine = sine_of_shift*cosine + cosine_of_shift*sine""",
    ),
}


def kind_of(rule):
    """Return the name of a rule's kind in `KINDS`."""
    return {CovarianceRule: "covariance", PhaseRule: "phase"}[type(rule)]


def rule_values(rule, learning, state):
    """Lay out the values of a rule the way the Brian2 network keeps them.

    Parameters
    ----------
    rule : CovarianceRule | PhaseRule
        The rule.
    learning : ndarray of bool, shape (n_steps,)
        When weights learn.
    state : State
        Initial state, with running means.

    Returns
    -------
    values : dict of str to ndarray
        Flat arrays by "object.variable".
    """
    values = {
        "learns.values": learning.astype(float),
        "horn.cosine_of_shift": np.array([np.cos(rule.shift)]),
        "horn.sine_of_shift": np.array([np.sin(rule.shift)]),
        **{
            f"recurrent.{name}": np.array([getattr(rule, name)])
            for name in ("rate", "gain", "bound")
        },
    }
    kind = kind_of(rule)
    if kind == "covariance":
        values["horn.memory"] = np.array([rule.memory])
    for name in KINDS[kind].means:
        values[f"horn.{name}"] = getattr(state, name).T.ravel()
    return values
