import numpy as np
import pytest


def test_networks_differ_in_what_they_should(experiment):
    run = experiment("heterogeneity")("fast")
    equal, mixed, drawn = (run.network(1.0, level, 3) for level in (0, 0.5, 1))
    assert np.ptp(equal.omega) == 0
    assert mixed.omega.std() == pytest.approx(drawn.omega.std() / 2)
    assert equal.omega.mean() == pytest.approx(drawn.omega.mean())
    assert np.array_equal(equal.w_rec, drawn.w_rec)
    equal, delayed = (run.network(1.0, 1, 3, d) for d in ("equal delays", "heterogeneous delays"))
    assert np.array_equal(delayed.w_rec, drawn.w_rec)
    assert np.ptp(equal.delays) == 0
    assert set(np.unique(delayed.delays)) == set(range(1, 10))
    assert delayed.delays.mean() == pytest.approx(equal.delays.mean(), abs=0.5)


def test_the_edge_lies_between_weak_and_strong_connections(fast):
    cells = fast("heterogeneity").result["cells"]
    assert len(cells) == 4
    weak, strong = ([c for c in cells if c["coupling"] == g] for g in (0.1, 4.0))
    for before, after in zip(weak, strong, strict=True):
        assert before["coupling"] < before["critical"] < after["coupling"]
        assert before["critical"] == pytest.approx(after["critical"], rel=1e-3)
        assert before["lyapunov"] < -0.005 < after["lyapunov"]
        assert before["memory"] < after["memory"]
    # Equal, weakly coupled units remember for their decay time, 1/gamma = 40 ms or so.
    assert 20 < weak[0]["memory"] < 80
    edge = fast("heterogeneity").findings.rows[
        "Heterogeneity 0: coupling at the edge, linear theory"
    ]
    assert edge.value == pytest.approx(weak[0]["critical"])


def test_avalanches_have_their_surrogates(fast):
    bursts = fast("heterogeneity").result["bursts"]
    assert list(bursts) == [0.1, 4.0]
    for both in bursts.values():
        assert list(both) == ["network", "shifted"]
        assert len(both["network"]["sizes"]) > 50


def test_kinds_of_networks(fast):
    networks = fast("heterogeneity").result["networks"]
    delays = ("no delays", "equal delays", "heterogeneous delays")
    assert list(networks)[:6] == [f"{u}, {d}" for u in ("equal", "heterogeneous") for d in delays]
    assert list(networks)[-1] == "pixels themselves"
    trained = [v for name, v in networks.items() if name.startswith("trained")]
    assert max(row[0]["separability"] for row in trained) > 0.7
    assert networks["equal, no delays"][0]["separability"] < 0.7
    assert len(networks["heterogeneous, equal delays"][0]["learning"]) == 1


def test_the_unit_of_a_test_is_the_seed(experiment):
    """Four cells of two seeds are two values, each a mean over couplings; Holm for the rest."""
    run = experiment("heterogeneity")("fast", seeds=(1, 2))
    rng, keys = np.random.default_rng(1), ("learned", "separability", "susceptibility", "second")
    cells = [
        {"seed": s, "level": v, "coupling": g, "critical": 1.0, "lyapunov": 0.0, "memory": 1.0}
        | dict(zip(keys, rng.random(4) + v, strict=True))
        for s in (1, 2)
        for v in (0.0, 1.0)
        for g in (0.4, 1.6)
    ]
    networks = {
        f"{u}, {d} delays": [{"separability": 0.1, "test": s + 0.1 * (d[0] == "h")} for s in (0, 1)]
        for u in ("equal", "heterogeneous")
        for d in ("no", "equal", "heterogeneous")
    }
    result = {"cells": cells, "bursts": {}, "networks": networks, "middle": 1.6}
    rows = run.findings(result).rows
    row = rows["Most minus least heterogeneous: learned"]
    means = [
        [
            np.mean([c["learned"] for c in cells if c["seed"] == s and c["level"] == v])
            for s in (1, 2)
        ]
        for v in (1.0, 0.0)
    ]
    assert (row.n, row.p_value) == (2, 0.5)
    assert row.value == pytest.approx(100 * np.mean(np.subtract(*means)))
    assert rows["Most minus least heterogeneous: separability"].p_value == 1
    assert rows["Heterogeneous minus equal delays: test"].value == pytest.approx(10)


def test_too_many_digits_leave_no_folder(experiment, tmp_path):
    with pytest.raises(ValueError, match=r"train = 5000, but embedded \(train\) has 4000"):
        experiment("heterogeneity").run(train=5000, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
