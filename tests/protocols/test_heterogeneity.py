import numpy as np
import pytest


def test_networks_differ_in_what_they_should(experiment):
    run = experiment("heterogeneity")("fast")
    equal, mixed, drawn = (run.network(1.0, level, 3) for level in (0, 0.5, 1))
    assert np.ptp(equal.omega) == 0
    assert mixed.omega.std() == pytest.approx(drawn.omega.std() / 2)
    assert equal.omega.mean() == pytest.approx(drawn.omega.mean())
    assert np.array_equal(equal.w_rec, drawn.w_rec)
    delayed = run.network(1.0, 1, 3, delayed=True)
    assert delayed.max_delay == 10
    assert np.array_equal(delayed.w_rec, drawn.w_rec)


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
    assert list(networks) == [
        *("equal", "heterogeneous", "heterogeneous, delays"),
        *("trained, heterogeneous", "trained, homogeneous", "pixels themselves"),
    ]
    assert networks["trained, heterogeneous"][0]["separability"] > 0.7
    assert networks["equal"][0]["separability"] < 0.7
    assert len(networks["heterogeneous, delays"][0]["learning"]) == 1


def test_too_many_digits_leave_no_folder(experiment, tmp_path):
    with pytest.raises(ValueError, match=r"train = 5000, but embedded \(train\) has 4000"):
        experiment("heterogeneity").run(train=5000, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
