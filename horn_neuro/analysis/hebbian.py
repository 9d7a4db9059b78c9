"""Do weights, or their changes, go with what the units do together?"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from horn_neuro._quantities import random_source

__all__ = [
    "Alignment",
    "align",
    "explained_share",
    "hebbian_product",
    "lagged_correlation",
    "pair_correlation",
    "shuffled_pairs",
]


def _shifted(post, pre, lag):
    """Cut both signals so that `pre` is `lag` steps older than `post`."""
    n_steps = post.shape[2]
    if not 0 <= lag < n_steps - 1:
        raise ValueError(f"lag = {lag}: give 0 to {n_steps - 2} steps for this record")
    return post[:, :, lag:], pre[:, :, : n_steps - lag]


def lagged_correlation(post, pre, lag=0):
    """Pearson correlation of the activity of all pairs, over trials and steps.

    Parameters
    ----------
    post, pre : array_like, shape (n_trials, n_units, n_steps)
        Activity of receiving and of sending units, such as x and y.
    lag : int
        Steps by which `pre` is older.

    Returns
    -------
    correlation : ndarray, shape (n_units, n_units)
        [post, pre]; 0 for units that do not move.

    Raises
    ------
    ValueError
        If the lag does not fit the record.

    Examples
    --------
    One unit does what another did two steps ago:

    >>> import numpy as np, horn_neuro as hn
    >>> signal = np.random.default_rng(1).normal(size=202)
    >>> y = np.stack([signal[2:], signal[:-2]])[None]  # trials, units, steps
    >>> round(float(hn.analysis.lagged_correlation(y, y, lag=2)[1, 0]), 3)
    1.0
    """
    post, pre = _shifted(np.asarray(post, float), np.asarray(pre, float), lag)

    def standard(signal):
        flat = signal.transpose(1, 0, 2).reshape(signal.shape[1], -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.divide(flat, norm, out=np.zeros_like(flat), where=norm > 0)

    return standard(post) @ standard(pre).T


def hebbian_product(post, pre, lag=0):
    """Sum of products of the activity of all pairs: the update of a plain Hebbian rule.

    Parameters
    ----------
    post, pre : array_like, shape (n_trials, n_units, n_steps)
        Activity of receiving and of sending units.
    lag : int
        Steps by which `pre` is older.

    Returns
    -------
    product : ndarray, shape (n_units, n_units)
        [post, pre], mean over trials.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> y = [[[1.0, 2.0, 0.0], [0.0, 1.0, 2.0]]]  # trials, units, steps
    >>> hn.analysis.hebbian_product(y, y, lag=1)
    array([[2., 0.],
           [5., 2.]])
    """
    post, pre = _shifted(np.asarray(post, float), np.asarray(pre, float), lag)
    return np.einsum("bit,bjt->ij", post, pre, optimize=True) / len(post)


def _off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


def pair_correlation(weights, activity):
    """Pearson correlation of two matrices over pairs of units.

    Parameters
    ----------
    weights, activity : array_like, shape (n_units, n_units)
        [post, pre]; the diagonal is left out.

    Returns
    -------
    r : float

    Examples
    --------
    >>> w = [[9, 1, 2], [3, 9, 4], [5, 6, 9]]
    >>> round(pair_correlation(w, [[0, 2, 4], [6, 0, 8], [10, 12, 7]]), 6)
    1.0
    """
    pairs = (_off_diagonal(np.asarray(matrix)) for matrix in (weights, activity))
    return float(stats.pearsonr(*pairs)[0])


def shuffled_pairs(matrix, rng):
    """Deal the entries of a matrix out to the pairs at random: a change without a reason.

    Parameters
    ----------
    matrix : array_like, shape (n_units, n_units)
        Such as changes of weights [post, pre].
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    shuffled : ndarray, shape (n_units, n_units)
        The same entries off the diagonal, in another order; the diagonal stays.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.analysis.shuffled_pairs([[0, 1, 2], [3, 0, 4], [5, 6, 0]], rng=1)
    array([[0, 5, 1],
           [3, 0, 2],
           [6, 4, 0]])
    """
    shuffled = np.array(matrix)
    off = ~np.eye(len(shuffled), dtype=bool)
    shuffled[off] = random_source(rng).permutation(shuffled[off])
    return shuffled


def explained_share(update, product):
    """Share of an update's variance over pairs that a Hebbian product explains linearly.

    Parameters
    ----------
    update, product : array_like, shape (n_units, n_units)
        What the weights change by, and the product; the diagonal is left out.

    Returns
    -------
    share : float
        Squared Pearson correlation, with the sign of the correlation.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> update = [[0, 1, 2], [3, 0, 4], [5, 6, 0]]
    >>> opposite = [[0, -1, -2], [-3, 0, -4], [-5, -6, 0]]
    >>> round(hn.analysis.explained_share(update, opposite), 6)
    -1.0
    """
    r = pair_correlation(update, product)
    return float(np.sign(r) * r**2)


@dataclass(frozen=True, eq=False)
class Alignment:
    """Correlation of a weight matrix with a matrix of activity, and its null.

    Parameters
    ----------
    value : float
        Pearson correlation over pairs, or partial correlation.
    null : ndarray, shape (n_permutations,)
        The same where the units of one matrix are relabelled at random.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> alignment = hn.analysis.Alignment(0.5, null=np.linspace(-0.4, 0.4, 99))
    >>> alignment.p_value, round(alignment.z, 2)
    (0.01, 2.14)
    """

    value: float
    null: np.ndarray

    @property
    def p_value(self):
        """Two-sided probability (float) under the null, 1 / (1 + n_permutations) at least."""
        exceeding = np.sum(np.abs(self.null) >= abs(self.value))
        return float((1 + exceeding) / (1 + len(self.null)))

    @property
    def z(self):
        """Effect size (float): distance from the null's mean in its standard deviations."""
        return float((self.value - self.null.mean()) / self.null.std())

    def to_dict(self):
        """Return the numbers without the null, for JSON."""
        at_floor = bool(self.p_value * (1 + len(self.null)) < 1.5)  # no permutation reaches it
        return {"value": self.value, "z": self.z, "p_value": self.p_value, "at_floor": at_floor}


def by_growth(change, values, share=0.1):
    """Average a quantity of pairs over those whose weights grew or shrank most.

    Parameters
    ----------
    change : array_like, shape (n_units, n_units)
        Of weights [post, pre]; both directions of a pair are added.
    values : array_like, shape (n_units, n_units)
        A quantity without direction, such as phase-locking; its lower triangle counts.
    share : float
        Of the pairs, at least one.

    Returns
    -------
    means : dict of str to float
        Of the "grown", the "shrunk", and "all" pairs.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> change = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, -0.5, 0.0]])
    >>> locking = np.array([[1.0, 0.9, 0.5], [0.9, 1.0, 0.1], [0.5, 0.1, 1.0]])
    >>> hn.analysis.by_growth(change, locking)
    {'grown': 0.9, 'shrunk': 0.1, 'all': 0.5}
    """
    lower = np.tril_indices(len(change), -1)
    change, values = np.asarray(change), np.asarray(values)[lower]
    order = np.argsort((change + change.T)[lower])
    n = max(1, int(share * len(order)))
    parts = {"grown": order[-n:], "shrunk": order[:n], "all": slice(None)}
    return {name: float(values[part].mean()) for name, part in parts.items()}


def align(weights, activity, confound=None, *, n_permutations=999, rng=None):
    """Correlate weights with activity over pairs, against a null that keeps both matrices.

    The null relabels the units of the weight matrix, rows and columns
    together (the quadratic assignment procedure): it keeps every weight, the
    degrees and variances of all units, and breaks only who is who.

    Parameters
    ----------
    weights, activity : array_like, shape (n_units, n_units)
        [post, pre]; the diagonal is left out.
    confound : array_like, shape (n_units, n_units) | None
        What to control for, such as differences of frequency: both matrices
        are replaced by what a linear regression on it leaves.
    n_permutations : int
        Size of the null.
    rng : int | numpy.random.Generator | None
        The source of randomness, or its seed; None takes a fixed one.

    Returns
    -------
    alignment : Alignment

    Raises
    ------
    ValueError
        If the shapes differ, or a matrix is constant.

    References
    ----------
    Krackhardt, Social Networks 1988, doi:10.1016/0378-8733(88)90004-4.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> rng = np.random.default_rng(1)
    >>> activity = rng.normal(size=(20, 20))
    >>> weights = activity + rng.normal(size=(20, 20))
    >>> found = hn.analysis.align(weights, activity, n_permutations=99)
    >>> round(found.value, 2), found.p_value
    (0.69, 0.01)
    """
    weights, activity = np.asarray(weights, float), np.asarray(activity, float)
    if weights.shape != activity.shape or weights.shape[0] != weights.shape[1]:
        raise ValueError(
            f"weights have shape {weights.shape}, activity {activity.shape}; give two square "
            "matrices of the same units"
        )
    rng = random_source(0 if rng is None else rng)
    n = len(weights)
    other = None if confound is None else _off_diagonal(np.asarray(confound, float))

    def residual(values):
        values = values - values.mean()
        if other is not None:
            centred = other - other.mean()
            values = values - centred * (centred @ values) / (centred @ centred)
        norm = np.linalg.norm(values)
        if norm < 1e-12 * max(1.0, np.abs(values).max()):
            raise ValueError("a matrix does not vary over pairs: there is nothing to correlate")
        return values / norm

    target = residual(_off_diagonal(activity))
    value = residual(_off_diagonal(weights)) @ target
    null = np.empty(n_permutations)
    for k in range(n_permutations):
        order = rng.permutation(n)
        null[k] = residual(_off_diagonal(weights[np.ix_(order, order)])) @ target
    return Alignment(float(value), null)
