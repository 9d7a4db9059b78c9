"""`stack`: layers of a network as blocks of one."""

import numpy as np

from horn_neuro._quantities import LARGEST, floats, usable, whole
from horn_neuro.parameters.connections import Connections
from horn_neuro.parameters.horn import HornParameters

__all__ = ["stack"]


def stack(layers, forward, backward=None, *, forward_delays=None, backward_delays=None):
    r"""Put networks on top of each other, as one network with a block for each layer.

    Each layer keeps its own recurrence; the one above hears the velocities of the one
    below, and with `backward` the other way round::

        tanh argument of layer l: W_rec y / sqrt(n_l) + forward y_below + backward y_above + ...

    Inputs reach the first layer, and the last one is read out. The result is one
    `HornParameters` of all units, with `layer` telling them apart: whatever works for one
    layer works for it. Training leaves blocks absent that are absent (`HornParameters.mask`).

    Parameters
    ----------
    layers : sequence of HornParameters
        At least two, the lowest first, with the same `h` and `step`. Input weights of all
        but the first, and readouts of all but the last, are dropped. Positions, where all
        have them in as many dimensions, are laid side by side along the first one.
    forward : array_like, shape (n_upper, n_lower) | sequence of them
        Weights [post, pre] from each layer to the one above, not scaled, as those of inputs.
    backward : array_like, shape (n_lower, n_upper) | sequence of them | None
        Weights from each layer to the one below.
    forward_delays, backward_delays : int
        Delays of these connections in steps; None is 1.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If there are fewer than two layers, they differ in h or step, or a shape does not fit.

    Notes
    -----
    The scale of a network of n units, 1/sqrt(n), is that of all of them: recurrent weights
    and biases are multiplied by sqrt(n / n_l), so that every layer does what it did alone.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> lower, upper = (hn.effenberger_2025(n_units=16, seed=seed) for seed in (1, 2))
    >>> both = hn.stack([lower, upper], forward=0.1 * np.ones((16, 16)))
    >>> both.n_units, both.layer.tolist() == 16 * [0] + 16 * [1]
    (32, True)
    """
    if not isinstance(layers, list | tuple):
        raise ValueError(f"stack: layers = {layers!r}; give a list of HornParameters")
    if len(layers) < 2:
        raise ValueError(f"stack: {len(layers)} layers; give at least 2, the lowest first")
    for k, params in enumerate(layers):
        if not isinstance(params, HornParameters):
            raise ValueError(f"stack: layer {k} is {params!r}; give HornParameters")
        if (params.h, params.step) != (layers[0].h, layers[0].step):
            raise ValueError(
                f"stack: layer {k} has h = {params.h:g} and a step of {params.step:g} s, layer 0 "
                f"h = {layers[0].h:g} and {layers[0].step:g} s; give all layers the same"
            )
    sizes = [params.n_units for params in layers]
    ends = np.cumsum(sizes).tolist()
    spans = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    n = ends[-1]
    w_rec, delays = np.zeros((n, n)), np.ones((n, n), int)
    for params, span in zip(layers, spans, strict=True):
        connections = Connections(params.w_rec, params.delays)
        at = connections.post + span.start, connections.pre + span.start
        w_rec[at] = np.sqrt(n / params.n_units) * connections.weights
        if params.delays is not None:
            delays[at] = connections.delay
    for name, weights, delay, step in (
        ("forward", forward, forward_delays, 1),
        ("backward", backward, backward_delays, -1),
    ):
        gaps = list(zip(spans[::step], spans[::step][1:], strict=False))[::step]
        for k, (block, (pre, post)) in enumerate(
            zip(_blocks(name, weights, gaps), gaps, strict=True)
        ):
            shape = post.stop - post.start, pre.stop - pre.start
            if block.shape != shape:
                raise ValueError(
                    f"stack: {name} weights {k} have shape {block.shape}; these layers ask for "
                    f"{shape}, [post, pre]"
                )
            w_rec[post, pre] = np.sqrt(n) * block
            delays[post, pre] = 1 if delay is None else whole(f"stack: {name}_delays", delay)
    first, last = layers[0], layers[-1]
    w_in, w_out = np.zeros((n, first.n_inputs)), np.zeros((last.n_outputs, n))
    w_in[spans[0]], w_out[:, spans[-1]] = first.w_in, last.w_out
    joined = {
        name: np.concatenate([getattr(params, name) for params in layers])
        for name in ("omega", "gamma", "alpha", "feedback", "b_in")
    }
    return HornParameters(
        **joined,
        w_in=w_in,
        w_rec=w_rec,
        w_out=w_out,
        b_rec=np.concatenate([np.sqrt(n / params.n_units) * params.b_rec for params in layers]),
        b_out=last.b_out,
        delays=None if (delays == 1).all() else delays,
        layer=np.repeat(np.arange(len(layers)), sizes),
        positions=_side_by_side([params.positions for params in layers]),
        h=first.h,
        step=first.step,
        provenance={"stack": [params.provenance for params in layers]},
    )


def _side_by_side(positions):
    """Return the places of all layers, the next to the right of the one before it, or None."""
    if any(places is None or places.shape[1] != positions[0].shape[1] for places in positions):
        return None
    placed = [positions[0]]
    for places in positions[1:]:
        before = placed[-1][:, 0]
        steps = np.diff(np.unique(positions[0][:, 0]))
        gap = 2 * (steps.min() if steps.size else 1e-3)
        shift = before.max() + gap - places[:, 0].min()
        placed.append(np.column_stack([places[:, 0] + shift, places[:, 1:]]))
    return np.concatenate(placed)


def _blocks(name, weights, gaps):
    """Return one matrix for each gap between layers; none, or one for all of one gap."""
    if weights is None:
        return [np.zeros((post.stop - post.start, pre.stop - pre.start)) for pre, post in gaps]
    stacked = isinstance(weights, list | tuple) or np.ndim(weights) == 3
    blocks = list(weights) if stacked else [weights]
    if len(gaps) == 1 and all(np.ndim(row) == 1 for row in blocks):
        blocks = [weights]  # a matrix as a list of rows
    if len(blocks) != len(gaps):
        raise ValueError(
            f"stack: {len(blocks)} {name} weights for {len(gaps)} gaps between layers; give one "
            "matrix for each"
        )
    blocks = [floats(f"stack: {name}", block) for block in blocks]
    if not all(usable(block).all() for block in blocks):
        raise ValueError(
            f"stack: {name} has weights that are not finite; every one must be a number, of at "
            f"most {LARGEST:g} in size"
        )
    return blocks
