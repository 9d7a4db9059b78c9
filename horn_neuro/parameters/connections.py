"""`Connections`: the connections of a network, one by one; sparse matrices of them."""

import numpy as np
from scipy import sparse

from horn_neuro._quantities import LARGEST, floats, usable

__all__ = ["Connections", "as_sparse", "delays_of", "join_parts", "parts_of"]


class Connections:
    """The connections of a network in the order of their receivers.

    Parameters
    ----------
    weights : ndarray | scipy.sparse array, shape (n_units, n_units)
        Weights [post, pre]; where one is 0 there is no connection.
    delays : ndarray of int | scipy.sparse array, shape (n_units, n_units) | None
        Delays in steps; None is 1 everywhere.

    Attributes
    ----------
    n_units : int
        Number of units.
    first : ndarray of int64, shape (n_units + 1,)
        Those of unit i are ``first[i]`` to ``first[i + 1]`` of the arrays below.
    post, pre : ndarray of int32, shape (n_connections,)
        Receivers, in ascending order, and senders.
    weights : ndarray, shape (n_connections,)
        Their weights.
    delay : ndarray of int32, shape (n_connections,) | None
        Their delays.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> found = hn.parameters.Connections(np.array([[0.0, 0.5], [0.0, 0.0]]))
    >>> len(found), found.post, found.pre
    (1, array([0], dtype=int32), array([1], dtype=int32))
    """

    def __init__(self, weights, delays=None):
        self.n_units = weights.shape[0]
        if sparse.issparse(weights):
            present = sparse.csr_array(weights, copy=True)
            present.sum_duplicates()
            present.eliminate_zeros()
            pre, self.weights = present.indices, present.data
            post = np.repeat(np.arange(self.n_units), np.diff(present.indptr))
        else:
            post, pre = np.nonzero(weights)
            self.weights = weights[post, pre]
        self.first = np.searchsorted(post, np.arange(self.n_units + 1)).astype(np.int64)
        self.post, self.pre = post.astype(np.int32), pre.astype(np.int32)
        self.delay = None
        if delays is not None:
            chosen = delays[post, pre]
            chosen = chosen.toarray() if sparse.issparse(chosen) else chosen
            self.delay = np.asarray(chosen).ravel().astype(np.int32)

    def __len__(self):
        return len(self.pre)

    @property
    def longest(self):
        """The longest delay of a connection (int), 1 without delays."""
        return 1 if self.delay is None else int(self.delay.max(initial=1))

    def by_lag(self):
        """Return the weights by delay, as sparse matrices (dict of int to csr_array)."""
        delay = np.ones(len(self), int) if self.delay is None else self.delay
        shape = self.n_units, self.n_units
        return {
            int(lag): sparse.csr_array(
                (self.weights[of], (self.post[of], self.pre[of])), shape=shape
            )
            for lag in np.unique(delay)
            for of in [delay == lag]
        }


def as_sparse(name, value, shape):
    """Check a sparse matrix, and return it without zeros, in order and read-only (csr_array)."""
    if value.dtype.kind not in "biuf" or value.ndim != 2:
        raise ValueError(
            f"{name} is a sparse array of {value.dtype} and shape {value.shape}; give a matrix of "
            "real numbers"
        )
    try:
        with np.errstate(all="ignore"):  # what float64 has no room for becomes infinite
            matrix = sparse.csr_array(value, dtype=np.float64, copy=True)
        # Indices out of bounds would be read out of bounds below.
        matrix.check_format(full_check=True)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no sparse matrix of numbers: {error}") from None
    if shape not in (None, matrix.shape):
        raise ValueError(f"{name} has shape {matrix.shape}, but w_in and w_out ask for {shape}")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if not usable(matrix.data).all():
        raise ValueError(
            f"{name} has entries that are not finite; every value must be finite, and at most "
            f"{LARGEST:g} in size"
        )
    return _frozen(matrix)


def delays_of(weights, delays, name="delays"):
    """Check delays, of which those of connections count, and return them read-only.

    Those of sparse weights are a csr_array of their connections. Of dense ones they are an
    ndarray of int64, with what they are for absent connections, and 0 for what cannot be.
    """
    if sparse.issparse(delays) and not sparse.issparse(weights):
        delays = delays.toarray()
    if sparse.issparse(delays):
        delays = as_sparse(name, delays, weights.shape)
    else:
        delays = floats(name, delays)
    if delays.shape != weights.shape:
        raise ValueError(
            f"{name} has shape {delays.shape}, but the network asks for {weights.shape}, order "
            "[post, pre]"
        )
    if not sparse.issparse(weights):
        post, pre = np.nonzero(weights)
        _check_delays(name, delays[post, pre], post, pre)
        # 0 is none, which a connection that comes later cannot have.
        whole = np.where(_is_delay(delays), delays, 0).astype(np.int64)
        whole.flags.writeable = False
        return whole
    post, pre = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr)), weights.indices
    chosen = delays[post, pre]
    chosen = np.asarray(chosen.toarray() if sparse.issparse(chosen) else chosen).ravel()
    _check_delays(name, chosen, post, pre)
    parts = (chosen.astype(np.int64), weights.indices.copy(), weights.indptr.copy())
    return _frozen(sparse.csr_array(parts, shape=weights.shape))


def _is_delay(values):
    return (values >= 1) & (values < 2**31) & (values == np.floor(values))


def _check_delays(name, delays, post, pre):
    bad = np.flatnonzero(~_is_delay(delays))
    if bad.size:
        k = bad[0]
        raise ValueError(
            f"{name}[{post[k]}, {pre[k]}] = {delays[k]}: a delay is a whole number of steps, at "
            "least 1 (1 is the undelayed step) and below 2**31, wherever there is a connection"
        )


def _frozen(matrix):
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False
    return matrix


def parts_of(name, matrix):
    """Return the three arrays of a csr_array by name, as files have them."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int64),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
    }


def join_parts(values):
    """Put the csr_arrays of a dict together whose arrays were taken apart by `parts_of`."""
    values = dict(values)
    for name in [key.removesuffix(".indptr") for key in values if key.endswith(".indptr")]:
        data, indices, indptr = (
            values.pop(f"{name}.{part}") for part in ("data", "indices", "indptr")
        )
        n = len(indptr) - 1
        values[name] = sparse.csr_array((data, indices, indptr), shape=(n, n))
    return values
