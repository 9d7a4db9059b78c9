"""The integrator that steps the equations in Brian2."""

from brian2.stateupdaters.base import (
    StateUpdateMethod,
    UnsupportedEquationsException,
    extract_method_options,
)

from horn_neuro.simulator.equations import METHOD

__all__ = ["SemiImplicitEuler"]


class SemiImplicitEuler(StateUpdateMethod):
    """Semi-implicit (symplectic) Euler: each equation sees the values just updated before it.

    The method option ``order`` lists the variables in the order of their
    updates. With the velocity first, ``order=("y", "x")``, one step is::

        y' = y + dt f(x, y)
        x' = x + dt y'

    The scheme is of first order; explicit Euler would be unstable at the
    parameters of `effenberger_2025`.
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


if METHOD not in StateUpdateMethod.stateupdaters:
    StateUpdateMethod.register(METHOD, SemiImplicitEuler())
