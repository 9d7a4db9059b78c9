"""`Connections`: the connections of a network, one by one."""

import numpy as np
from scipy import sparse

__all__ = ["Connections"]


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
    """

    def __init__(self, weights, delays=None):
        self.n_units = weights.shape[0]
        if sparse.issparse(weights):
            present = sparse.coo_array(weights)
            present.sum_duplicates()
            post, pre = present.coords
            kept = np.lexsort((pre, post))
            kept = kept[present.data[kept] != 0]
            post, pre, self.weights = post[kept], pre[kept], present.data[kept]
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
