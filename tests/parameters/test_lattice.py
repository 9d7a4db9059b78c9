"""Lattices, against double loops over their sites."""

import itertools
import tracemalloc
from functools import partial

import brian2 as b2
import numpy as np
import pytest
from scipy import sparse

import horn_neuro as hn
from horn_neuro.parameters import Grid
from horn_neuro.simulator.terms import Sizes, coupling_terms

CASES = {
    "ring": (7, "periodic", {"radius": 2}),
    "directed ring": (9, "periodic", {"direction": 0.0}),
    "line": (12, "open", {"width": 0.7}),
    "torus": ((5, 4), "periodic", {"radius": 1.5}),
    "sheet": ((4, 5), "open", {"radius": 1.5}),
    "gaussian": ((7, 8), "periodic", {"width": 1.0}),
    "up": ((5, 4), "open", {"radius": 1.5, "direction": np.pi / 2}),
    "oblique": ((7, 7), "absorbing", {"width": 0.9, "radius": 2.5, "direction": 2.0}),
    "thin": ((1, 12), "periodic", {}),
}


def ways(grid):
    """From each site to each other, (dx, dy) in spacings, by a loop over all images of it."""
    shape = grid.shape if len(grid.shape) == 2 else (1, *grid.shape)
    images = (-1, 0, 1) if grid.edges == "periodic" else (0,)
    sites = list(itertools.product(*map(range, shape)))
    for (i, post), (j, pre) in itertools.product(enumerate(sites), repeat=2):
        candidates = [
            (post[1] - pre[1] + a * shape[1], pre[0] - post[0] + b * shape[0])
            for a in images
            for b in images
        ]
        yield i, j, min(candidates, key=lambda way: np.hypot(*way))


def slow(grid, radius=None, width=None, direction=None):
    reach = radius or (1 if width is None else max(1, 3 * width))
    weights = np.zeros((grid.n_units, grid.n_units))
    for i, j, (dx, dy) in ways(grid):
        distance = np.hypot(dx, dy)
        if 0 < distance <= reach:
            weights[i, j] = 1 if width is None else np.exp(-(distance**2) / (2 * width**2))
            if direction is not None:
                weights[i, j] *= np.cos(np.arctan2(dy, dx) - direction)
    return weights


@pytest.mark.parametrize("name", CASES)
def test_local_coupling_is_that_of_a_double_loop(name):
    shape, edges, kinds = CASES[name]
    grid = Grid(shape, edges)
    found, expected = grid.local(0.3, **kinds), 0.3 * slow(grid, **kinds)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-15)
    assert found.nnz == (np.abs(expected) > 1e-12).sum()
    if "direction" in kinds:
        np.testing.assert_allclose(found.toarray(), -found.toarray().T, atol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_delays_are_distance_over_velocity(name):
    shape, edges, kinds = CASES[name]
    grid = Grid(shape, edges, spacing=2e-3)
    weights = grid.local(**kinds) + grid.long_range(1, rng=np.random.default_rng(1), beyond=2)
    found = grid.delays(weights, velocity=0.3, step=5e-4).toarray()
    for i, j, way in ways(grid):
        expected = round(np.hypot(*way) * 2e-3 / 0.3 / 5e-4) if weights[i, j] else 0
        assert found[i, j] == expected


def test_positions_are_a_picture():
    grid = Grid((2, 3), spacing=b2.mm)
    x, y = grid.positions.T.reshape(2, 2, 3)
    np.testing.assert_allclose(x, [[0, 1e-3, 2e-3]] * 2)
    np.testing.assert_allclose(y, [[1e-3] * 3, [0] * 3])
    np.testing.assert_allclose(Grid(3).positions, [[0], [1e-3], [2e-3]])
    ahead = grid.displacements([1], [0])
    np.testing.assert_allclose(ahead, [[1e-3, 0]])
    np.testing.assert_allclose(Grid((4, 4)).displacements([0], [12]), [[0, -1e-3]])


def test_long_range_connections():
    grid = Grid((12, 12), "open")
    weights = grid.long_range(5, 0.2, rng=np.random.default_rng(1), beyond=3)
    assert (np.diff(weights.indptr) == 5).all()
    assert weights.has_canonical_format
    assert (weights.data == 0.2).all()
    assert grid.distances(weights).data.min() > 3e-3
    again = grid.long_range(5, 0.2, rng=np.random.default_rng(1), beyond=3)
    assert (again != weights).nnz == 0
    crowded = Grid(8).long_range(2, rng=np.random.default_rng(1)).toarray()
    assert (crowded.sum(axis=1) == 2).all()
    assert not crowded[Grid(8).local().toarray() != 0].any()


def test_absorbing_edges():
    gamma = Grid((17, 20), "absorbing").damping(0.01, 0.2, border=3).reshape(17, 20)
    for row, column in itertools.product(range(17), range(20)):
        outside = max(0, 3 - min(row, 16 - row, column, 19 - column)) / 3
        assert gamma[row, column] == pytest.approx(0.01 + 0.19 * outside**2)
    assert (Grid((17, 20), "open").damping(0.01, 0.2) == 0.01).all()


def reflected(gamma):
    """Energy left in the middle half, of a pulse on springs that has passed the edges."""
    n = 128
    pulse = np.exp(-(((np.arange(n) - n / 2) / 4) ** 2))[None]
    springs = hn.DiffusiveCoupling(Grid(n, "open").local(0.5))
    params = hn.lattice(n, 0, edges="open", omega=0.05, gamma=gamma)
    end = hn.simulate(
        params, 190, initial=hn.State(pulse, 0 * pulse), coupling=springs, record=(), device="numpy"
    ).final_state
    return (end.y[0, 32:96] ** 2 + 0.5 * np.gradient(end.x[0])[32:96] ** 2).sum()


def test_absorbing_edges_reflect_little():
    gamma = Grid(128, "absorbing").damping(1e-4, 0.2, border=24)
    assert reflected(gamma) < 0.02 * reflected(1e-4)


def test_a_sparse_lattice_is_its_dense_loop():
    rng = np.random.default_rng(3)
    params = hn.lattice(
        (4, 5), 0.7, radius=1.5, direction=1.0, velocity=0.3, long_range=2, edges="open",
        sources=[(0, 0), 7], seed=2,
    )  # fmt: skip
    drive, n = rng.normal(size=(40, 2)), 20
    w, delays = params.w_rec.toarray() / np.sqrt(n), params.delays.toarray()
    assert set(delays[w != 0].tolist()) >= {3, 5, 7}
    x, y, past = np.zeros(n), np.zeros(n), [np.zeros(n)] * params.max_delay
    for k in range(40):
        total = np.zeros(n)
        for i, j in itertools.product(range(n), repeat=2):
            if w[i, j]:
                total[i] += w[i, j] * past[delays[i, j] - 1][j]
        total[0] += drive[k, 0]
        total[7] += drive[k, 1]
        y = y + params.alpha * np.tanh(total) - params.omega**2 * x - 2 * params.gamma * y
        x = x + y
        past = [y, *past[:-1]]
    last = hn.simulate(params, drive, device="numpy").final_state
    np.testing.assert_allclose(last.x[0], x, rtol=1e-10, atol=1e-14)


def test_a_medium_of_any_size_is_the_same():
    """The response next to a source does not depend on how far the edges are."""
    traces = []
    for n in (31, 61):
        params = hn.lattice(n, 0.5, direction=0.0)
        pulse = np.r_[1.0, np.zeros(11)][:, None]
        data = hn.simulate(params, pulse, device="numpy").data["x"].values[0]
        traces.append(data[n // 2 - 3 : n // 2 + 4])
    np.testing.assert_allclose(traces[0], traces[1], rtol=1e-12)
    assert traces[0][4, -1] * traces[0][2, -1] < 0


def peak_of(call):
    """What a call returns, and the bytes that it had at most."""
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shapes", [(2**10, 2**12), ((32, 32), (64, 64))], ids=["line", "sheet"])
@pytest.mark.parametrize("velocity", [None, 1 / 7])
def test_memory_is_linear_in_connections(shapes, velocity):
    """Of networks that hear from far, of making them, and of what a simulation of them holds."""
    stored, peaks = [], []
    for shape in shapes:
        make = partial(hn.lattice, shape, 0.1, long_range=3, velocity=velocity, seed=1)
        params, peak = peak_of(make)
        neighbours = 2 if np.ndim(shape) == 0 else 4
        assert params.w_rec.nnz == (neighbours + 3) * params.n_units
        values = [np.size(value) for value in params._values().values() if value is not None]
        sizes = Sizes(params.n_units, 1, 1, 5, params.step)
        (term,) = coupling_terms(sizes, params, "auto")
        past = {"past_y": np.zeros((1, params.max_delay - 1, params.n_units))}
        given, peak_of_it = peak_of(lambda term=term, past=past: term.given(past))
        held = {name: array.size for name, array in given.items()}
        if velocity is not None:  # nothing is forgotten that is still to be heard
            longest = params.delays.data.max()
            assert held.pop("past_y") == longest * params.n_units
            peak_of_it -= 8 * longest * params.n_units
        stored.append(sum(values) + sum(held.values()))
        peaks.append(peak + peak_of_it)
    assert stored[1] == pytest.approx(4 * stored[0], rel=0.01)
    assert peaks[1] < 4.4 * peaks[0]


def test_positions_stay(tmp_path):
    params = hn.lattice((3, 4), 0.2, seed=1)
    params.save(tmp_path / "net.safetensors")
    again = hn.load_parameters(tmp_path / "net.safetensors")
    assert again == params
    assert np.array_equal(again.positions, params.positions)
    assert np.array_equal(params.replace(alpha=0.1).positions, params.positions)
    assert params.replace(positions=None) != params
    assert np.array_equal(hn.HornNetwork(params).to_parameters().positions, params.positions)
    with pytest.raises(ValueError, match="read-only"):
        params.positions[0] = 1


def test_stacked_layers_lie_side_by_side():
    lower, upper = hn.lattice((3, 4), 0.2), hn.lattice((2, 2), 0.1, edges="open")
    both = hn.stack([lower, upper], np.ones((4, 12)))
    np.testing.assert_allclose(both.positions[:12], lower.positions)
    np.testing.assert_allclose(both.positions[12:] - upper.positions, [[0.005, 0]] * 4)
    assert hn.stack([lower, upper.replace(positions=None)], np.ones((4, 12))).positions is None


SMALL = hn.effenberger_2025(3, seed=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SMALL.replace(positions=np.zeros(3)), r"positions has shape \(3,\); give 1 to 3"),
        (lambda: SMALL.replace(positions=np.zeros((2, 2))), r"positions has shape \(2, 2\)"),
        (lambda: SMALL.replace(positions=np.zeros((3, 4))), r"positions has shape \(3, 4\)"),
        (lambda: SMALL.replace(positions=[[0], [1], [np.nan]]), r"positions\[2\] = \[nan\]: every"),
        (lambda: SMALL.replace(positions=[[0, 1], [1, 1], [0, 1]]), "units 0 and 2 are at the"),
        (lambda: SMALL.replace(positions=[[0], [1], [2]] * b2.ms), "positions = an array in s"),
        (lambda: Grid((2, 2, 2)), r"shape = \(2, 2, 2\): give the sites"),
        (lambda: Grid((2.5, 2)), "shape = 2.5: give a whole"),
        (lambda: Grid(()), r"shape = \(\)"),
        (lambda: Grid(4, "closed"), "edges = 'closed': choose from periodic, open, absorbing"),
        (lambda: Grid(4, spacing=0), "spacing = 0"),
        (lambda: Grid(4, spacing=1 * b2.ms), "spacing = .*ms: give a length"),
        (lambda: Grid(4).local(radius=2), "radius = 2 reaches around 4 sites.*less than 2"),
        (lambda: Grid((2, 9)).local(), "radius = 1 reaches around 2 sites"),
        (lambda: Grid(4).local(radius=0.5), "radius = 0.5: give at least 1"),
        (lambda: Grid(9).local(width=0), "width = 0"),
        (lambda: Grid(9).local(np.inf), "weight = inf"),
        (lambda: Grid(9).local(direction=np.pi / 2), "falls into 9 parts that nothing connects"),
        (lambda: Grid((5, 7)).local(direction=0), "falls into 5 parts.*raise radius, or turn"),
        (lambda: Grid(8).long_range(3, rng=np.random.default_rng(1)), "at least 5 of 8 sites"),
        (lambda: Grid(8).distances(sparse.eye_array(7)), r"weights has shape \(7, 7\)"),
        (lambda: hn.lattice(9, velocity=2.0), "delays under one step, of 0.5 steps.*at most 1"),
        (lambda: Grid(9).delays(Grid(9).local(), 1.5), "velocity = 1.5 gives .* of 0.667 "),
        (lambda: hn.lattice(9, velocity=2 * b2.metre), "velocity = .*give a velocity"),
        (lambda: hn.lattice(9, velocity=0), "velocity = 0"),
        (lambda: hn.lattice(9, sources=[9]), r"sources = \[9\]: give sites of a lattice"),
        (lambda: hn.lattice(9, sources=[]), r"sources = \[\]: give at least one"),
        (lambda: hn.lattice((5, 5), sources=[(1, 2), 7]), "each once"),
        (lambda: hn.lattice(9, long_range=-1), "long_range = -1"),
        (lambda: hn.lattice((5, 5), omega=[0.1, 0.2]), r"omega has shape \(2,\)"),
    ],
)
def test_what_cannot_be(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("direction", [0.0, np.pi])
def test_directed_coupling_carries_a_packet(direction):
    """At the group velocity alpha * weight, and the way it points; symmetric coupling does not."""
    n, place = 240, np.arange(240)
    packet = np.exp(-(((place - n / 2) / 15) ** 2))[None]

    def speed(**kind):
        params = hn.lattice(n, 0.5, edges="open", gamma=0.002, **kind)
        start = hn.State(1e-3 * packet, 0 * packet)
        data = hn.simulate(params, 500, initial=start, every=10, device="numpy").data
        energy = (params.omega[0] * data["x"].values[0]) ** 2 + data["y"].values[0] ** 2
        centre = place @ energy / energy.sum(axis=0)
        return np.polyfit(data["step"].values, centre, 1)[0]

    assert speed(direction=direction) == pytest.approx(0.02 * np.cos(direction), rel=0.02)
    assert abs(speed()) < 1e-4
