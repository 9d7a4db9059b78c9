"""The dispersion relation against all eigenvalues of the ring, formulas, and simulated pulses."""

import numpy as np
import pytest
from scipy import linalg, sparse

import horn_neuro as hn
from horn_neuro.analysis import dispersion, driven_wave
from horn_neuro.parameters import Step

N = 24


def network(w, n=N, **values):
    silent = {"w_in": np.ones((n, 1)), "w_out": np.zeros((1, n)), "w_rec": np.sqrt(n) * w}
    base = {"omega": 2 * np.pi / 28, "gamma": 0.01, "alpha": 0.04}
    return hn.HornParameters(**{**base, **silent, **values})


def directed(n=N):
    ahead = np.roll(np.eye(n), 1, 0)  # from site k - 1 to site k
    return ahead - ahead.T


def symmetric(n=N):
    return np.roll(np.eye(n), 1, 0) + np.roll(np.eye(n), -1, 0)


MEDIA = {
    "silent": lambda: (network(0 * symmetric()), None),
    "symmetric": lambda: (network(0.3 * symmetric()), None),
    "directed": lambda: (network(1.0 * directed(), feedback=0.1), None),
    "delayed": lambda: (network(symmetric(), delays=np.full((N, N), 7)), None),
    "springs": lambda: (network(0.3 * directed()), hn.DiffusiveCoupling(0.02 * symmetric())),
    "delayed springs": lambda: (
        network(0 * symmetric()),
        hn.DiffusiveCoupling(0.01 * symmetric(), np.full((N, N), 4)),
    ),
}


@pytest.mark.parametrize("name", MEDIA)
def test_every_wave_is_an_eigenvalue_of_the_ring(name):
    """The Jacobian of the whole ring knows nothing of wavenumbers."""
    params, coupling = MEDIA[name]()
    waves = dispersion(params, 2 * np.pi * np.arange(N) / N, coupling=coupling)
    expected = linalg.eigvals(Step(params, coupling).jacobian())
    for value in np.exp(waves.growth - 1j * waves.frequency):
        assert np.abs(expected - value).min() < 1e-9
    assert waves.growth.max() == pytest.approx(np.log(np.abs(expected).max()), abs=1e-9)


@pytest.mark.parametrize("name", MEDIA)
def test_group_velocity_is_the_slope_of_the_frequency(name):
    params, coupling = MEDIA[name]()
    q, small = np.linspace(0.1, 3.0, 12), 1e-5
    low, high = (dispersion(params, q + s, coupling=coupling).frequency for s in (-small, small))
    slope = (high - low) / (2 * small)
    np.testing.assert_allclose(dispersion(params, q, coupling=coupling).velocity, slope, atol=1e-7)


def test_what_travels_and_what_does_not():
    """Group velocity about alpha g, unless coupling is symmetric and undelayed."""
    half = [np.pi / 2]
    assert abs(dispersion(network(0.2 * symmetric()), half).velocity[0]) < 2e-3
    assert dispersion(network(directed()), [0.0]).velocity[0] == pytest.approx(0.04, rel=0.05)
    delayed = network(symmetric(), delays=np.full((N, N), 8))  # 7 steps, a quarter period
    # What has waited was larger by what it would have decayed since.
    expected = 0.04 * np.exp(7 * 0.01)
    assert dispersion(delayed, half).velocity[0] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("weight", [0.05, 0.1, 0.25, 0.5])
def test_where_delayed_coupling_vanishes_the_slope_is_exact(weight):
    """At a quarter of a turn a site hears nothing, and its past is a defective matrix."""
    params = network(weight * symmetric(), delays=np.full((N, N), 7))
    q = np.pi / 2 + np.array([-1e-4, 0, 1e-4])
    below, _, above = dispersion(params, q).frequency
    assert dispersion(params, q).velocity[1] == pytest.approx((above - below) / 2e-4, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "near"),
    [("symmetric", 0.3), ("directed", 0.3), ("delayed", np.pi / 2), ("springs", 1.0)],
)
def test_a_driven_wave_is_that_of_the_whole_ring(name, near):
    """The steady state of all sites, solved at once, turns and decays from site to site alike."""
    n = 240
    coupling = hn.DiffusiveCoupling(0.02 * symmetric(n)) if name == "springs" else None
    weights = {"symmetric": 0.1, "delayed": 0.6, "directed": 0.5, "springs": 0.0}[name]
    matrix = (directed if name == "directed" else symmetric)(n)
    delays = np.full((n, n), 7) if name == "delayed" else None
    params = network(weights * sparse.csr_array(matrix), n, delays=delays)
    frequency = dispersion(params, [near], coupling=coupling).frequency[0]
    wavenumber, velocity = driven_wave(params, frequency, near, coupling=coupling)
    small = 1e-6
    ahead, behind = (
        driven_wave(params, frequency + s, wavenumber.real, coupling=coupling)[0].real
        for s in (small, -small)
    )
    assert velocity == pytest.approx(2 * small / (ahead - behind), rel=1e-4)
    jacobian = Step(params, coupling).jacobian()
    push = np.zeros(len(jacobian))
    push[n + n // 2] = 1.0  # the velocity of the site in the middle, if positions come first
    state = np.linalg.solve(np.exp(-1j * frequency) * np.eye(len(jacobian)) - jacobian, push)
    away = state[n // 2 : n // 2 + 12]
    np.testing.assert_allclose(away[5:] / away[4:-1], np.exp(1j * wavenumber), rtol=2e-3)


def test_chain_of_springs_has_its_formula():
    q = np.linspace(0.1, 3, 9)
    coupling = hn.DiffusiveCoupling(0.01 * symmetric())
    params = network(0 * symmetric(), gamma=1e-9)
    stiffness = params.omega[0] ** 2 + 0.02 * (1 - np.cos(q))
    expected = 2 * np.arcsin(np.sqrt(stiffness) / 2)
    np.testing.assert_allclose(dispersion(params, q, coupling=coupling).frequency, expected)


def test_sheets_have_two_wavenumbers():
    """Along one axis, a sheet coupled along both is the ring and a constant."""
    rows, columns = 5, 9
    sheet = 0.01 * (
        np.kron(symmetric(rows), np.eye(columns)) + np.kron(np.eye(rows), symmetric(columns))
    )
    params = network(0 * sheet, n=45)
    q = np.array([[0.3, 1.1], [0.0, 2.0]])
    found = dispersion(params, q, shape=(rows, columns), coupling=hn.DiffusiveCoupling(sheet))
    stiffness = params.omega[0] ** 2 + 0.02 * (2 - np.cos(q).sum(axis=1))
    speed = 0.01 * np.sin(q) / np.sqrt(stiffness)[:, None]
    np.testing.assert_allclose(found.velocity, speed, rtol=0.04, atol=1e-12)


def test_a_packet_travels_at_the_group_velocity():
    n, q = 120, 1.0
    params, coupling = network(0 * np.eye(n), n), hn.DiffusiveCoupling(0.02 * symmetric(n))
    site = np.arange(n)
    packet = np.exp(-0.5 * ((site - 40) / 8) ** 2 - 1j * q * site)
    wave = dispersion(params, [q], coupling=coupling)
    start = hn.State(packet.real, (1j * wave.frequency[0] * packet).real)
    x = (
        hn.simulate(params, 300, initial=start, coupling=coupling, record="x", device="numpy")
        .data["x"]
        .values[0]
    )
    power = x[:, [0, -1]] ** 2
    first, last = (np.average(site, weights=p) for p in power.T)
    assert (last - first) / 299 == pytest.approx(wave.velocity[0], rel=0.05)


def test_sparse_networks_are_the_same():
    params, _ = MEDIA["delayed"]()
    thin = params.replace(
        w_rec=sparse.csr_array(params.w_rec), delays=sparse.csr_array(params.delays)
    )
    q = [0.4, 2.0]
    np.testing.assert_allclose(dispersion(thin, q).velocity, dispersion(params, q).velocity)


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        ({"omega": np.linspace(0.2, 0.3, N)}, {}, "not the same everywhere"),
        ({"w_rec": np.triu(np.ones((N, N)))}, {}, "not the same everywhere"),
        ({}, {"shape": (5, 5)}, "shape"),
        ({}, {"shape": (4, 6)}, "wavenumbers have shape"),
        ({"feedback": 0.1, "b_in": 0.2}, {}, "biases with feedback"),
        (
            {"w_rec": np.roll(np.eye(N), 2, 0) + np.roll(np.eye(N), -2, 0)},
            {},
            "falls into 2 parts that nothing connects",
        ),
    ],
)
def test_other_networks_are_refused(values, options, words):
    with pytest.raises(ValueError, match=words):
        dispersion(network(directed(), **values), [0.1], **options)


def test_driven_waves_that_are_not_there_are_refused():
    params = network(0.3 * symmetric())
    with pytest.raises(ValueError, match="frequency = 4: give rad a step"):
        driven_wave(params, 4, 0.3)
    with pytest.raises(ValueError, match="no wave of frequency 1 is found near"):
        driven_wave(network(0 * symmetric()), 1.0, 0.3)
