import json

import numpy as np
import pytest
from mne_connectivity import read_connectivity


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    out = tmp_path_factory.mktemp("protocol") / "run"
    return *protocol.main(["--fast", "--device", "numpy", "--out", str(out)]), out


def test_networks_are_matched(protocol):
    args = protocol.parse(["--fast", "--seeds", "5", "6"])
    networks = protocol.matched_networks(args, 5)
    equal, other = networks["homogeneous", "coupled"], networks["heterogeneous", "coupled"]
    assert np.array_equal(equal.w_rec, other.w_rec)
    assert np.ptp(equal.omega) == 0
    assert np.ptp(other.omega) > 0.05
    assert equal.omega[0] == pytest.approx(other.omega.mean())
    assert equal.gamma[0] == pytest.approx(other.gamma.mean())
    assert not networks["heterogeneous", "uncoupled"].w_rec.any()


def test_what_must_come_out(run):
    """Equal oscillators lock through their connections; unequal ones by similarity."""
    found, tests, _ = run
    assert len(found) == 8
    rest = {key[:2]: [s.summary() for s in value] for key, value in found.items()
            if key[2] == "rest"}  # fmt: skip

    def mean(condition, key):
        return np.mean([summary[key] for summary in rest[condition]])

    assert mean(("homogeneous", "coupled"), "ppc mean") > mean(
        ("heterogeneous", "coupled"), "ppc mean"
    )
    # Without connections nothing is locked over trials.
    for name in ("homogeneous", "heterogeneous"):
        assert abs(mean((name, "uncoupled"), "ppc_trials mean")) < 0.05
    free = found["heterogeneous", "uncoupled", "rest"][0]
    assert free.ppc[free.detuning < 5].mean() > free.ppc[free.detuning > 20].mean()
    difference = tests["Heterogeneous minus homogeneous, rest: ppc mean"]
    assert difference.low <= difference.value <= difference.high
    assert difference.p_value == pytest.approx(0.5)  # the smallest of two seeds


def test_leaves_everything_in_one_folder(run):
    _, tests, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("config.json", "results.json", "report.html", "example_plv.h5", "figures"),
    }
    assert len(list((folder / "figures").glob("*.png"))) == 5
    assert read_connectivity(folder / "example_plv.h5").get_data("dense").shape == (10, 12, 12)
    results = json.loads((folder / "results.json").read_text())
    assert set(results["tests"]) == set(tests)
    assert len(results["summaries"]["homogeneous coupled rest"]) == 2
