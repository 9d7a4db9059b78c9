"""`lattice`: media, networks on a line or a sheet."""

import numpy as np

from horn_neuro._quantities import floats, number, whole
from horn_neuro.parameters.grid import Grid
from horn_neuro.parameters.horn import HornParameters
from horn_neuro.parameters.neighbourhood import reach_of
from horn_neuro.parameters.seeds import generator, resolve_seed

__all__ = ["lattice"]


def lattice(
    shape,
    weight=1.0,
    *,
    radius=None,
    width=None,
    direction=None,
    edges="periodic",
    spacing=1e-3,
    velocity=None,
    long_range=0,
    long_weight=None,
    sources=None,
    omega=2 * np.pi / 28,
    gamma=0.01,
    alpha=0.04,
    step=1e-3,
    seed=None,
):
    r"""Make a medium: a line or a sheet of oscillators with local coupling of velocities.

    Parameters
    ----------
    shape : int | tuple of int
        Number of sites, (n,) or (rows, columns); ``recording.data["x"]`` of a trial and time
        reshaped to it is a picture.
    weight : float
        What a unit's velocity adds to the argument of the tanh of its nearest neighbour,
        whatever the size of the lattice: `w_rec` is this times sqrt(n_units), by which the
        model divides. With 0 there is no coupling, and a `DiffusiveCoupling` can take its place.
    radius, width, direction : float | None
        Which neighbours: within a radius in spacings, by a Gaussian of distance, directed
        (`Grid.local`).
    edges : 'periodic' | 'open' | 'absorbing'
        Joined, open, or open with a border, an eighth of the sheet wide, in which damping
        grows from `gamma` to `omega`.
    spacing : float | brian2 Quantity
        Distance of neighbours in metres.
    velocity : float | brian2 Quantity | None
        Conduction velocity in m/s, which gives delays by distance; None is no delays.
    long_range : int
        How many units farther than the radius each unit hears besides, drawn at random.
    long_weight : float | None
        Their weight, in the unit of `weight`; None is the same.
    sources : sequence of (int | tuple of int) | None
        Sites, as an index or (row, column), that have an input channel each, with weight 1.
        None is one, the site in the middle.
    omega, gamma, alpha : array_like, shape (n_units,) or scalar
        As of `HornParameters`; the defaults are those of `effenberger_2025`.
    step : float | brian2 Quantity
        Duration of a step in seconds.
    seed : int | None
        Root of the randomness of long-range connections; None draws one.

    Returns
    -------
    params : HornParameters
        With `positions`, sparse `w_rec` and, by a velocity, sparse `delays`. There are no
        biases, and one readout that is 0.

    Raises
    ------
    ValueError
        If a value breaks a rule; see `Grid`.

    Notes
    -----
    Symmetric coupling of velocities without delays changes the damping of plane waves, not
    their frequency, so that nothing travels. Waves travel with directed coupling, with delays
    near a quarter of a period, and with coupling of positions. With directed coupling of
    nearest neighbours on a ring, those of small wavenumber have the group velocity
    ``alpha * weight`` in sites per step (in model time at h = 1).

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> sheet = hn.lattice((16, 16), 0.2, width=1.0, velocity=0.14, edges="absorbing")
    >>> sheet.positions.shape, sheet.max_delay
    ((256, 2), 21)
    >>> grid = hn.parameters.Grid((16, 16))  # springs between positions
    >>> springs = hn.DiffusiveCoupling(grid.local(0.01))
    >>> rec = hn.simulate(hn.lattice(grid.shape, 0), 20, coupling=springs, device="numpy")
    """
    grid = Grid(shape, edges, spacing)
    n, weight = grid.n_units, number("weight", weight)
    weights = grid.local(weight, radius=radius, width=width, direction=direction)
    seed = resolve_seed(seed)
    if whole("long_range", long_range, least=0):
        reach, _ = reach_of(grid.shape, edges == "periodic", radius, width)
        far = weight if long_weight is None else number("long_weight", long_weight)
        rng = generator(seed, "long_range")
        weights = weights + grid.long_range(long_range, far, rng=rng, beyond=reach)
    step = number("step", step, "s", above=0)
    delays = None if velocity is None else grid.delays(weights, velocity, step)
    weights.data *= np.sqrt(n)
    sites = _sites(grid, sources)
    w_in = np.zeros((n, len(sites)))
    w_in[sites, np.arange(len(sites))] = 1
    omega = floats("omega", omega)
    return HornParameters(
        omega=omega,
        gamma=grid.damping(gamma, omega),
        alpha=alpha,
        w_in=w_in,
        w_rec=weights,
        w_out=np.zeros((1, n)),
        delays=delays,
        positions=grid.positions,
        step=step,
        provenance={
            "factory": "lattice",
            "shape": grid.shape,
            "weight": weight,
            "radius": radius,
            "width": width,
            "direction": direction,
            "edges": edges,
            "spacing": grid.spacing,
            "velocity": None if velocity is None else number("velocity", velocity, "m/s"),
            "long_range": long_range,
            "long_weight": long_weight,
            "seed": seed,
        },
    )


def _sites(grid, sources):
    """Return the units that have inputs (list of int)."""
    if sources is None:
        sources = [tuple(size // 2 for size in grid.shape)]
    try:
        sites = [
            int(
                np.ravel_multi_index(
                    site if np.ndim(site) else np.unravel_index(site, grid.shape), grid.shape
                )
            )
            for site in sources
        ]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sources = {sources!r}: give sites of a lattice of shape {grid.shape}, as a list of "
            f"indices or of (row, column) ({error})"
        ) from None
    if not sites or len(set(sites)) < len(sites):
        raise ValueError(f"sources = {sources!r}: give at least one site, and each once")
    return sites
