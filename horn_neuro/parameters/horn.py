"""`HornParameters`: the single source of truth about one network."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from horn_neuro._quantities import LARGEST, floats, number, numbers, plain, spread, usable
from horn_neuro.parameters.connections import Connections, as_sparse, delays_of, parts_of
from horn_neuro.parameters.stability import is_stable

__all__ = ["HornParameters"]

LONGEST_STEP = 0.1  # s; more is rather a number of ms

# Symbolic shapes: n units, i inputs, o outputs.
_SHAPES = {
    "omega": "n",
    "gamma": "n",
    "alpha": "n",
    "feedback": "n",
    "w_in": "ni",
    "b_in": "n",
    "w_rec": "nn",
    "b_rec": "n",
    "w_out": "on",
    "b_out": "o",
}


@dataclass(frozen=True, eq=False, repr=False)
class HornParameters:
    r"""All parameters of one harmonic oscillator recurrent network.

    One step of size `h` of the model is::

        y' = y + h (alpha tanh(w_in s + b_in + (w_rec y + b_rec)/sqrt(n) + feedback x)
                    - omega**2 x - 2 gamma y)
        x' = x + h y'

    and the readout of the last position is ``w_out x + b_out``.

    ========== ====== ========== ========================== ========
    field      symbol shape      unit                       default
    ========== ====== ========== ========================== ========
    omega      ω      (n,)       rad per unit of model time required
    gamma      γ      (n,)       1 per unit of model time   required
    alpha      α      (n,)       position per model time^2  required
    w_in       W_in   (n, n_in)  1                          required
    w_rec      W_rec  (n, n)     1, order [post, pre]       required
    w_out      W_out  (n_out, n) 1                          required
    b_in       b_in   (n,)       1                          0
    b_rec      b_rec  (n,)       1                          0
    b_out      b_out  (n_out,)   1                          0
    feedback   v      (n,)       1, not scaled by 1/sqrt(n) 0
    delays     d      (n, n)     whole steps, [post, pre]   None (1)
    layer             (n,)       number of the layer        None (0)
    positions         (n, 1..3)  m                          None
    h          h      scalar     model time per step        1.0
    step       dt     scalar     seconds per step           0.001
    provenance        dict       where the values come from {}
    ========== ====== ========== ========================== ========

    Parameters
    ----------
    omega, gamma, alpha, feedback, b_in, b_rec : array_like, shape (n,) or scalar
        A scalar stands for the same value in every unit.
    w_in : array_like, shape (n, n_in)
        Input weights.
    w_rec : array_like | scipy.sparse array, shape (n, n)
        Recurrent weights [post, pre], acting on the velocities y. A sparse one stays
        sparse, a `scipy.sparse.csr_array`, in files and in simulations.
    w_out : array_like, shape (n_out, n)
        Weights of the linear readout of the last position.
    b_out : array_like, shape (n_out,) or scalar
        Bias of the readout.
    delays : array_like of int | scipy.sparse array, shape (n, n) | None
        Delay of every connection in steps, at least 1. A delay of 1 is the
        undelayed step, and None means 1 everywhere. With a sparse `w_rec` they are
        kept for its connections.
    layer : array_like of int, shape (n,) | None
        The layer of every unit, from 0 on (see `stack`); None is one layer.
    positions : array_like, shape (n, 1), (n, 2) or (n, 3) | None
        Where every unit is, in metres, no two at the same place (see `lattice`). They are
        for measures and maps; nothing in the equations depends on them.
    h : float
        Step of the integration scheme in model time.
    step : float | brian2 Quantity
        Duration of a step in seconds, the only bridge to physical time.
    provenance : dict
        JSON-like record of the origin. It is saved with the parameters and
        takes no part in comparisons.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite, a delay is not a whole
        number of at least 1, or a unit lies outside the stability region.

    Notes
    -----
    Instances are frozen and their arrays read-only; `replace` makes a changed
    copy. Equations: the public code of Effenberger et al., PNAS 122(4), 2025,
    doi:10.1073/pnas.2412830122.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> weights = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> params = hn.HornParameters(
    ...     omega=[0.2, 0.3],  # rad a step
    ...     gamma=0.01,
    ...     alpha=0.04,
    ...     w_in=np.ones((2, 1)),
    ...     w_rec=weights,
    ...     w_out=np.ones((1, 2)),
    ... )
    >>> params.frequency_hz.round(1)
    array([31.9, 47.9])
    >>> params.replace(w_rec=2 * weights) == params
    False
    """

    omega: np.ndarray
    gamma: np.ndarray
    alpha: np.ndarray
    w_in: np.ndarray
    w_rec: np.ndarray
    w_out: np.ndarray
    b_in: np.ndarray = 0.0
    b_rec: np.ndarray = 0.0
    b_out: np.ndarray = 0.0
    feedback: np.ndarray = 0.0
    delays: np.ndarray | None = None
    layer: np.ndarray | None = None
    positions: np.ndarray | None = None
    h: float = 1.0
    step: float = 1e-3
    provenance: dict = field(default_factory=dict)

    def __post_init__(self):
        sizes = self._sizes()
        for name, symbols in _SHAPES.items():
            shape = tuple(sizes[symbol] for symbol in symbols)
            value = getattr(self, name)
            if name == "w_rec" and sparse.issparse(value):
                self._set(name, as_sparse(name, value, shape))
            else:
                self._freeze(name, _as_float_array(name, value, shape))
        if self.delays is not None:
            self._set("delays", delays_of(self.w_rec, self.delays))
        if self.layer is not None:
            self._freeze("layer", _as_layer(self.layer, sizes["n"]))
        if self.positions is not None:
            self._freeze("positions", _as_positions(self.positions, sizes["n"]))
        self._set("h", number("h", self.h, above=0))
        self._set("step", number("step", self.step, "s", above=0))
        self._set("provenance", _as_json(self.provenance))
        if self.step > LONGEST_STEP:
            raise ValueError(
                f"step = {self.step:g}: give seconds, such as 0.001, at most {LONGEST_STEP:g}"
            )
        if (self.omega < 0).any():
            k = int(np.flatnonzero(self.omega < 0)[0])
            raise ValueError(
                f"omega[{k}] = {self.omega[k]:g}: give a frequency above 0, in rad a step"
            )
        unstable = np.flatnonzero(~is_stable(self.omega, self.gamma, self.h))
        if unstable.size:
            k = unstable[0]
            raise ValueError(
                f"unstable unit {k} (of {unstable.size}): omega = {self.omega[k]:g}, "
                f"gamma = {self.gamma[k]:g}, h = {self.h:g}; the rule is 0 < gamma h < 1 and "
                "0 < h^2 omega^2 < 4 (1 - gamma h); lower h, omega or gamma (omega is in rad a "
                "step; horn_neuro.network takes Hz)"
            )

    def _sizes(self):
        """Read n, n_in and n_out off the three weight matrices."""
        for name in ("w_in", "w_rec", "w_out"):
            value = getattr(self, name)
            if not sparse.issparse(value):
                value = floats(name, value)
                self._set(name, value)
            if value.ndim != 2:
                raise ValueError(
                    f"{name} has {value.ndim} dimensions: a weight matrix has 2; see the table in "
                    "the docstring of HornParameters"
                )
            if 0 in value.shape:
                raise ValueError(
                    f"{name} has shape {value.shape}: every dimension must be at least 1"
                )
        return {
            "n": np.shape(self.w_rec)[0],
            "i": np.shape(self.w_in)[1],
            "o": np.shape(self.w_out)[0],
        }

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def _freeze(self, name, array):
        array.flags.writeable = False
        self._set(name, array)

    @property
    def n_units(self):
        """Number of oscillators n (int)."""
        return self.w_rec.shape[0]

    @property
    def n_inputs(self):
        """Number of input channels n_in (int)."""
        return self.w_in.shape[1]

    @property
    def n_outputs(self):
        """Number of readouts n_out (int)."""
        return self.w_out.shape[0]

    @property
    def max_delay(self):
        """Longest delay of a connection in steps (int), 1 without delays or connections."""
        return Connections(self.w_rec, self.delays).longest

    @property
    def mask(self):
        """Which recurrent weights may learn, ndarray of bool of shape (n, n), or None: all.

        Connections that a sparse `w_rec` lacks stay absent, and so do those between
        layers that are not connected at all.
        """
        if sparse.issparse(self.w_rec):
            return self.w_rec.toarray() != 0
        if self.layer is None:
            return None
        each = np.eye(self.layer.max() + 1)[self.layer]  # (unit, layer)
        blocks = each.T @ (self.w_rec != 0) @ each
        return (blocks > 0)[np.ix_(self.layer, self.layer)]

    @property
    def frequency_hz(self):
        """Natural frequency of every stepped unit in Hz, shape (n,).

        ``2 asin(omega h / 2) / (2 pi step)``, without the little that damping changes about it.
        """
        return np.arcsin(self.omega * self.h / 2) / (np.pi * self.step)

    @property
    def decay_time(self):
        """Time constant step / (gamma h) of every unit's free decay in seconds, shape (n,)."""
        with np.errstate(over="ignore"):  # without end, as far as numbers go
            return self.step / (self.gamma * self.h)

    @property
    def fingerprint(self):
        """SHA-256 (str) over all values, equal exactly for equal parameters."""
        digest = hashlib.sha256()
        for name, value in self._values().items():
            digest.update(name.encode())
            if value is not None:
                array = np.asarray(value)
                digest.update(repr((array.shape, array.dtype.str)).encode() + array.tobytes())
        return digest.hexdigest()

    def _values(self):
        """Return every field but the provenance, by name; of sparse ones, their three arrays."""
        values = {}
        for name in (f.name for f in dataclasses.fields(self) if f.name != "provenance"):
            value = getattr(self, name)
            if name in ("layer", "positions") and value is None:
                continue  # as in files and fingerprints of older versions
            values |= parts_of(name, value) if sparse.issparse(value) else {name: value}
        return values

    def replace(self, **changes):
        """Return a copy with some fields changed, validated anew.

        Parameters
        ----------
        **changes
            New values of fields, by name.

        Returns
        -------
        params : HornParameters

        Raises
        ------
        TypeError
            If a name is not a field.
        ValueError
            If a new value breaks a rule.

        Examples
        --------
        >>> import horn_neuro as hn
        >>> params = hn.effenberger_2025(4, seed=1)
        >>> slower = params.replace(omega=params.omega / 2)
        >>> bool((slower.frequency_hz < params.frequency_hz).all())
        True
        """
        if "w_rec" in changes and "omega" not in changes:
            given = changes["w_rec"]
            shape = (given if sparse.issparse(given) else floats("w_rec", given)).shape
            if shape != self.w_rec.shape:
                raise ValueError(
                    f"w_rec has shape {shape}, but this network has {self.n_units} units: give "
                    f"{self.w_rec.shape}, order [post, pre], or make a new network"
                )
        return dataclasses.replace(self, **changes)

    def save(self, path):
        """Save as a safetensors file, read back by `load_parameters`.

        Parameters
        ----------
        path : str | Path
            The file to write; replaced only once the new one is complete.
        """
        from horn_neuro.parameters.storage import save_parameters

        save_parameters(self, path)

    def __eq__(self, other):
        if not isinstance(other, HornParameters):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self):
        return hash(self.fingerprint)

    def __repr__(self):
        connections = Connections(self.w_rec, self.delays)
        weights = connections.weights if sparse.issparse(self.w_rec) else self.w_rec
        delays = "none"
        if self.delays is not None:
            delays = f"{spread(connections.delay) if len(connections) else 1} steps"
        layers = "" if self.layer is None else f", {self.layer.max() + 1} layers"
        return (
            f"<HornParameters | {self.n_units} units{layers}, {self.n_inputs} inputs, "
            f"{self.n_outputs} outputs\n"
            f"  omega {spread(self.omega)} rad ({spread(self.frequency_hz)} Hz), "
            f"gamma {spread(self.gamma)} ({spread(1e3 * self.decay_time)} ms), "
            f"alpha {spread(self.alpha)}, feedback {spread(self.feedback)}\n"
            f"  w_rec std {weights.std() if weights.size else 0:.4g}, "
            f"{len(connections)} of {self.n_units**2} connections, "
            f"delays {delays}, h {self.h:g}, step {1e3 * self.step:g} ms>"
        )

    def _repr_html_(self):
        """Return its words, and a picture of weights and units, for notebooks."""
        from horn_neuro.report.networks import network_in_a_notebook

        return network_in_a_notebook(self)


def _as_float_array(name, value, shape):
    array = floats(name, value)
    if array.ndim == 0 and len(shape) == 1:
        array = np.full(shape, array)
    if array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape}, but w_in, w_rec and w_out ask for {shape}; "
            "see the table in the docstring of HornParameters"
        )
    bad = np.argwhere(~usable(array))
    if bad.size:
        index = tuple(int(k) for k in bad[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, index))}] = {array[index]} ({len(bad)} such entries): "
            f"every value must be finite, and at most {LARGEST:g} in size"
        )
    return array.copy()


def _as_layer(value, n_units):
    array = numbers("layer", value)
    if array.shape != (n_units,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"layer: {array.dtype} of shape {array.shape}; give one whole number for each of the "
            f"{n_units} units"
        )
    if set(array.tolist()) != set(range(array.max() + 1)):
        raise ValueError(f"layer: {sorted(set(array.tolist()))}; number the layers from 0 on")
    return array.astype(np.int64)


def _as_positions(value, n_units):
    array = floats("positions", value, "m").copy()
    if array.ndim != 2 or array.shape[0] != n_units or array.shape[1] not in (1, 2, 3):
        raise ValueError(
            f"positions has shape {array.shape}; give 1 to 3 coordinates in metres for each of "
            f"the {n_units} units, ({n_units}, 2) on a sheet"
        )
    bad = np.flatnonzero(~usable(array).all(axis=1))
    if bad.size:
        raise ValueError(
            f"positions[{bad[0]}] = {array[bad[0]]}: every coordinate must be finite, and at most "
            f"{LARGEST:g} in size"
        )
    order = np.lexsort(array.T)
    same = np.flatnonzero((array[order[1:]] == array[order[:-1]]).all(axis=1))
    if same.size:
        first, second = sorted(order[same[0] : same[0] + 2].tolist())
        raise ValueError(
            f"positions: units {first} and {second} are at the same place ({same.size} such "
            "pairs); give each unit a place of its own"
        )
    return array


def _as_json(provenance):
    """Return a record that a file can hold; numbers of NumPy and torch become plain ones."""
    if not isinstance(provenance, dict):
        raise ValueError(f"provenance = {provenance!r}: give a dict")
    try:
        text = json.dumps(provenance, default=lambda value: plain("a value", value).tolist())
        return json.loads(text)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"provenance: {error}; give a dict of texts, numbers, lists and dicts"
        ) from None
