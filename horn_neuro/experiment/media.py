"""Media of waves that several experiments share."""

import horn_neuro as hn
from horn_neuro.parameters import Grid

__all__ = ["GAMMA", "PERIOD", "QUARTER", "medium"]

GAMMA, PERIOD = 0.005, 28  # damping a step, and steps of a period
QUARTER = PERIOD // 4  # steps of delay between neighbours, near a quarter of a period
_SPACING, _STEP = 1e-3, 1e-3  # m, s


def medium(name, shape, weight, *, wait=QUARTER, edges="periodic", **options):
    """Make a lattice of one kind.

    Parameters
    ----------
    name : 'symmetric' | 'symmetric, delayed' | 'directed' | 'springs'
        Coupling of velocities with all neighbours, the same with delays, or with those behind;
        or coupling of positions.
    shape : tuple of int
        As in `horn_neuro.lattice`.
    weight : float
        Of a neighbour, as in `horn_neuro.lattice` or, of springs, `DiffusiveCoupling`; 0 leaves
        the units alone.
    wait : int
        Steps of delay from one neighbour to the next, of the delayed kind.
    edges : 'periodic' | 'open' | 'absorbing'
        As in `horn_neuro.lattice`.
    **options
        Others of `horn_neuro.lattice`.

    Returns
    -------
    params : HornParameters
    coupling : dict
        Options of `horn_neuro.simulate` that belong to it: the springs, or nothing.
    """
    kinds = {
        "symmetric": {},
        "symmetric, delayed": {"velocity": _SPACING / (wait * _STEP)},
        "directed": {"direction": 0.0},
        "springs": {},
    }
    springs = name == "springs"
    options = {"gamma": GAMMA, "seed": 0, "edges": edges} | kinds[name] | options
    params = hn.lattice(shape, 0.0 if springs else weight, **options)
    if not springs or not weight:
        return params, {}
    grid = Grid(shape, "open" if edges == "absorbing" else edges)
    return params, {"coupling": hn.DiffusiveCoupling(grid.local(weight))}
