"""`Grid`: sites on a line or a sheet, coupled to those near by, with delays by distance."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from horn_neuro._quantities import floats, number, random_source, whole
from horn_neuro.parameters.connections import as_sparse
from horn_neuro.parameters.delays import distance_delays
from horn_neuro.parameters.neighbourhood import (
    kernel_of,
    offsets_within,
    reach_of,
    translated,
)

__all__ = ["Grid"]

EDGES = ("periodic", "open", "absorbing")


@dataclass(frozen=True)
class Grid:
    """Sites at equal distances on a line or a sheet, and what follows from where they are.

    Everything between sites is a `scipy.sparse.csr_array` in the order [post, pre]; memory and
    time are linear in its connections.

    Parameters
    ----------
    shape : int | tuple of int
        Number of sites, (n,) of a line or (rows, columns) of a sheet. Units are in the order of
        NumPy: ``values.reshape(shape)`` is a picture, its first row at the top.
    edges : 'periodic' | 'open' | 'absorbing'
        Periodic ones are joined, to a ring or a torus. Absorbing ones are open, with a border
        of growing `damping`.
    spacing : float | brian2 Quantity
        Distance of neighbours in metres.

    Raises
    ------
    ValueError
        If a value breaks a rule.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> grid = hn.parameters.Grid((3, 4))
    >>> grid.positions[:2]  # (x, y) in metres, the first row at the top
    array([[0.   , 0.002],
           [0.001, 0.002]])
    >>> near = grid.local(0.1)
    >>> near.shape, near.nnz
    ((12, 12), 48)
    >>> grid.delays(near, velocity=0.2).data[:4]  # steps of 1 ms
    array([5, 5, 5, 5])
    """

    shape: tuple[int, ...]
    edges: str = "periodic"
    spacing: float = 1e-3

    def __post_init__(self):
        shape = self.shape if isinstance(self.shape, tuple | list) else (self.shape,)
        shape = tuple(whole("shape", size) for size in shape)
        if len(shape) not in (1, 2) or np.prod(shape, dtype=float) >= 2**31:
            raise ValueError(
                f"shape = {self.shape!r}: give the sites of a line, (n,), or of a sheet, "
                "(rows, columns), fewer than 2**31"
            )
        object.__setattr__(self, "shape", shape)
        if self.edges not in EDGES:
            raise ValueError(f"edges = {self.edges!r}: choose from {', '.join(EDGES)}")
        object.__setattr__(self, "spacing", number("spacing", self.spacing, "m", above=0))

    @property
    def n_units(self):
        """Number of sites (int)."""
        return int(np.prod(self.shape))

    @property
    def positions(self):
        """Where each site is in metres, ndarray of shape (n_units, 1) or (n_units, 2).

        The first coordinate grows along a line or along a row, the second from the last row
        to the first.
        """
        index = np.indices(self.shape).reshape(len(self.shape), -1)
        return self.spacing * self._as_vectors(*index, bottom=self.shape[0] - 1)

    def _as_vectors(self, *index, bottom=0):
        """Turn index along each axis, or differences of it, into vectors in spacings."""
        if len(index) == 2:
            index = index[1], bottom - index[0]
        return np.stack(index, axis=-1).astype(float)

    def displacements(self, post, pre):
        """Return the shortest ways from senders to receivers.

        Parameters
        ----------
        post, pre : array_like of int, shape (n,)
            Receivers and senders.

        Returns
        -------
        vectors : ndarray, shape (n, 1) or (n, 2)
            Differences of `positions` in metres, across periodic edges where that is shorter.
        """
        ways = []
        for size, to, start in zip(
            self.shape,
            np.unravel_index(post, self.shape),
            np.unravel_index(pre, self.shape),
            strict=True,
        ):
            way = to - start
            if self.edges == "periodic":
                way = (way + (size - 1) // 2) % size - (size - 1) // 2
            ways.append(way)
        return self.spacing * self._as_vectors(*ways)

    def distances(self, weights):
        """Return the distance of each connection, as `displacements`.

        Parameters
        ----------
        weights : scipy.sparse array, shape (n_units, n_units)
            Where there are connections.

        Returns
        -------
        distances : scipy.sparse.csr_array, shape (n_units, n_units)
            In metres. That of a unit to itself is an explicit 0.
        """
        weights = as_sparse("weights", weights, (self.n_units, self.n_units))
        post = np.repeat(np.arange(self.n_units, dtype=np.int32), np.diff(weights.indptr))
        ways = self.displacements(post, weights.indices)
        parts = np.linalg.norm(ways, axis=1), weights.indices, weights.indptr
        return sparse.csr_array(parts, shape=weights.shape)

    def delays(self, weights, velocity, step=1e-3):
        """Return the delay of each connection: distance over conduction velocity.

        Parameters
        ----------
        weights : scipy.sparse array, shape (n_units, n_units)
            Where there are connections.
        velocity : float | brian2 Quantity
            Conduction velocity in m/s.
        step : float | brian2 Quantity
            Duration of a step in seconds, as that of the network.

        Returns
        -------
        delays : scipy.sparse.csr_array of int64, shape (n_units, n_units)
            Whole steps, rounded; 1, the undelayed step, for a unit to itself.

        Raises
        ------
        ValueError
            If a delay is shorter than a step; leave delays out to have none.
        """
        distances = self.distances(weights)
        distances.data /= number("step", step, "s", above=0)
        return distance_delays(distances, number("velocity", velocity, "m/s", above=0))

    def local(self, weight=1.0, *, radius=None, width=None, direction=None):
        """Connect each site with those around it, in the same way everywhere.

        Parameters
        ----------
        weight : float
            Weight of a connection; with `width` or `direction`, the largest that there can be.
        radius : float | None
            Reach in spacings; on a sheet, 1 gives the four nearest neighbours and 1.5 gives
            eight. None is 1, or three times the `width`.
        width : float | None
            Standard deviation in spacings of a Gaussian of distance, by which weights are
            multiplied; None multiplies by nothing.
        direction : float | None
            Angle in rad, 0 to the right and pi/2 up, of directed coupling: weights are
            multiplied by the cosine between the way from sender to receiver and this direction,
            so that what is ahead is excited, what is behind is inhibited, and the matrix is
            antisymmetric. None multiplies by nothing.

        Returns
        -------
        weights : scipy.sparse.csr_array, shape (n_units, n_units)
            Weights [post, pre], without self-connections: a `w_rec`, which the model divides
            by sqrt(n_units), or weights of a `DiffusiveCoupling`, which it does not.

        Raises
        ------
        ValueError
            If the reach does not fit between periodic edges, or the coupling leaves sites, or
            parts of the lattice, unconnected.

        Examples
        --------
        >>> import horn_neuro as hn
        >>> grid = hn.parameters.Grid((5, 5))
        >>> grid.local(0.1).sum(axis=1)[:3].round(1)
        array([0.4, 0.4, 0.4])
        """
        weight = number("weight", weight)
        radius, width = reach_of(self.shape, self.edges == "periodic", radius, width)
        offsets = offsets_within(self.shape, radius)
        kernel = kernel_of(self._as_vectors(*offsets.T), width, direction)
        offsets, kernel = offsets[kernel != 0], kernel[kernel != 0]
        weights = translated(self.shape, self.edges == "periodic", offsets, kernel)
        parts, _ = sparse.csgraph.connected_components(weights, directed=False)
        if parts > 1:
            raise ValueError(
                f"a lattice of shape {self.shape} falls into {parts} parts that nothing connects, "
                f"with radius = {radius:g} and direction = {direction}; raise radius, or turn "
                "direction"
            )
        weights.data *= weight
        weights.eliminate_zeros()
        return weights

    def long_range(self, per_unit, weight=1.0, *, rng, beyond=1.0):
        """Let each site hear some that are far, drawn at random.

        Parameters
        ----------
        per_unit : int
            How many each hears.
        weight : float
            Weight of every connection.
        rng : int | numpy.random.Generator
            The source of randomness, or its seed.
        beyond : float
            In spacings; those at most as far are not drawn. With the `radius` of `local`, the
            sum of both has every connection once.

        Returns
        -------
        weights : scipy.sparse.csr_array, shape (n_units, n_units)
            Weights [post, pre].

        Raises
        ------
        ValueError
            If they would be more than half of the sites that are far enough.
        """
        n, weight, rng = self.n_units, number("weight", weight), random_source(rng)
        per_unit = whole("per_unit", per_unit, least=0)
        beyond = number("beyond", beyond, least=0)
        far = n - 1 - len(offsets_within(self.shape, beyond))
        if per_unit > far / 2:
            raise ValueError(
                f"per_unit = {per_unit}: at least {max(far, 0)} of {n} sites are more than "
                f"{beyond:g} spacings away, and sparse connections are at most half of them"
            )
        post = np.repeat(np.arange(n), per_unit)
        pre = rng.integers(n, size=post.size)
        while True:
            order = np.argsort(post * n + pre)  # of one receiver, the same sender twice in a row
            pre = pre[order]
            bad = np.linalg.norm(self.displacements(post, pre), axis=1)
            bad = bad <= (1 + 1e-9) * beyond * self.spacing
            bad[1:] |= (pre[1:] == pre[:-1]) & (post[1:] == post[:-1])
            if not bad.any():
                break
            pre[bad] = rng.integers(n, size=bad.sum())
        first = per_unit * np.arange(n + 1)
        weights = sparse.csr_array((np.full(len(pre), weight), pre, first), shape=(n, n))
        weights.eliminate_zeros()
        return weights

    def damping(self, gamma, most, border=None):
        """Return the damping of each site, which grows quadratically in an absorbing border.

        Parameters
        ----------
        gamma : array_like, shape (n_units,) or scalar
            Damping inside.
        most : array_like, shape (n_units,) or scalar
            Damping at the outermost sites.
        border : int | None
            Sites that the border is wide; None is an eighth of the shorter side.

        Returns
        -------
        gamma : ndarray, shape (n_units,)
            Without absorbing edges, the same everywhere.
        """
        gamma = np.broadcast_to(floats("gamma", gamma), self.n_units).copy()
        if self.edges != "absorbing":
            return gamma
        most = floats("most", most)
        sides = [size for size in self.shape if size > 1] or [1]
        border = max(1, min(sides) // 8) if border is None else whole("border", border)
        depth = np.zeros(self.shape)
        for axis, size in enumerate(self.shape):
            if size > 1:
                index = np.arange(size)
                deep = np.maximum(0, border - np.minimum(index, size - 1 - index)) / border
                lift = tuple(slice(None) if a == axis else None for a in range(len(self.shape)))
                depth = np.maximum(depth, deep[lift])
        return gamma + (most - gamma) * depth.ravel() ** 2
