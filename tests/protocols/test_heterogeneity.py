import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    out = tmp_path_factory.mktemp("protocol") / "run"
    argv = ["--fast", "--gains", "0.1", "4", "--device", "numpy", "--out", str(out)]
    return *protocol.main(argv), out


def test_networks_differ_in_what_they_should(protocol):
    args = protocol.parse(["--fast"])
    equal, mixed, drawn = (protocol.make_network(1.0, level, 3, args) for level in (0, 0.5, 1))
    assert np.ptp(equal.omega) == 0
    assert mixed.omega.std() == pytest.approx(drawn.omega.std() / 2)
    assert equal.omega.mean() == pytest.approx(drawn.omega.mean())
    assert np.array_equal(equal.w_rec, drawn.w_rec)
    delayed = protocol.make_network(1.0, 1, 3, args, delayed=True)
    assert delayed.max_delay == 10
    assert np.array_equal(delayed.w_rec, drawn.w_rec)


def test_the_edge_lies_between_weak_and_strong_connections(run):
    cells, _, _, _ = run
    assert len(cells) == 4
    weak, strong = ([c for c in cells if c.gain == gain] for gain in (0.1, 4.0))
    for before, after in zip(weak, strong, strict=True):
        assert before.gain < before.critical < after.gain
        assert before.critical == pytest.approx(after.critical, rel=1e-3)
        assert before.lyapunov < -0.005 < after.lyapunov
        assert before.memory < after.memory
    # Equal, weakly coupled units remember for their decay time, 1/gamma = 40 ms or so.
    assert 20 < weak[0].memory < 80


def test_avalanches_have_their_surrogates(run):
    _, bursts, _, _ = run
    assert list(bursts) == [0.1, 4.0]
    for both in bursts.values():
        assert list(both) == ["network", "shifted"]
        assert len(both["network"]["sizes"]) > 50


def test_kinds_of_networks(run):
    _, _, networks, _ = run
    assert list(networks) == [
        *("equal", "heterogeneous", "heterogeneous, delays"),
        *("trained, heterogeneous", "trained, homogeneous", "pixels themselves"),
    ]
    assert networks["trained, heterogeneous"][0]["separability"] > 0.7
    assert networks["equal"][0]["separability"] < 0.7
    assert len(networks["heterogeneous, delays"][0]["learning"]) == 1


def test_leaves_everything_in_one_folder(run):
    cells, *_, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("config.json", "results.json", "cells.json", "report.html", "figures"),
    }
    assert len(list((folder / "figures").glob("*.png"))) == 4
    results = json.loads((folder / "results.json").read_text())
    assert results["cells"][0]["lyapunov"] == cells[0].lyapunov
    assert results["cells"] == json.loads((folder / "cells.json").read_text())


def test_too_many_digits_leave_no_folder(protocol, tmp_path):
    with pytest.raises(ValueError, match="--train 5000, but embedded .train. has 4000"):
        protocol.main(["--train", "5000", "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
