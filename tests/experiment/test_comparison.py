"""Two runs side by side."""

import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import horn_neuro as hn
from horn_neuro.analysis import Estimate, mean_interval
from horn_neuro.experiment import RunFolder
from horn_neuro.experiment.command import main


def make_run(path, seeds, rows, protocol="plv", **options):
    folder = RunFolder(path)
    folder.save_json("results.json", {"answer": ["It does."], "findings": rows})
    config = {
        "protocol": protocol,
        "command": f"horn-neuro {protocol} --out {path}",
        "options": {"seeds": seeds, "units": 32, **options},
        "versions": {"numpy": "2.0.0", "brian2": "2.9.0"},
        "seconds": len(str(path)),
    }
    folder.save_json("config.json", config)
    return path


@pytest.fixture
def runs(tmp_path):
    rows = {
        "PLV": Estimate(0.5, 0.4, 0.7, n=8, p_value=0.01),
        "rate": Estimate(20.0, 19.0, 21.0, unit="Hz", n=8),
        "undefined": Estimate(math.nan),
        "gone": Estimate(1.0),
    }
    a = make_run(tmp_path / "a", [1, 2], rows, coupling=0.8)
    rows = {
        "PLV": Estimate(0.6, 0.55, 0.62, n=8),
        "rate": Estimate(23.0, 22.5, 23.5, unit="Hz", n=8),
        "undefined": Estimate(2.0),
        "new": Estimate(3.0),
    }
    return a, make_run(tmp_path / "b", [3, 4], rows, law="uniform")


def test_what_differs_in_settings(runs):
    table = hn.compare(*runs).configuration
    assert list(table.index) == ["options.seeds", "options.coupling", "options.law"]
    assert table.loc["options.seeds"].tolist() == [[1, 2], [3, 4]]
    assert table.loc["options.coupling"].tolist() == [0.8, None]
    assert table.loc["options.law"].tolist() == [None, "uniform"]


def test_what_differs_in_findings(runs):
    table = hn.compare(*runs).findings
    assert list(table.index) == ["PLV", "rate", "undefined", "gone", "new"]
    plv = table.loc["PLV"]
    assert plv[["A", "A low", "A high", "B"]].tolist() == [0.5, 0.4, 0.7, 0.6]
    assert plv["difference"] == pytest.approx(0.1)
    assert plv["difference low"] == pytest.approx(0.1 - math.hypot(0.05, 0.2))
    assert plv["difference high"] == pytest.approx(0.1 + math.hypot(0.02, 0.1))
    assert table.loc["rate", "unit"] == "Hz"
    assert np.isnan(table.loc[["undefined", "gone", "new"], "difference"]).all()
    assert np.isnan(table.loc["gone", "B"])


def test_intervals_of_differences_hold_the_truth():
    """In about 95 of 100 pairs of independent samples with unequal variances."""
    from horn_neuro.experiment.comparison import _beside

    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        a, b = mean_interval(rng.normal(0, 1, 12)), mean_interval(rng.normal(0.5, 3, 8))
        row = _beside(a, b)
        held += row["difference low"] < 0.5 < row["difference high"]
    assert 368 <= held <= 394


def test_it_shows_itself(runs):
    both = hn.compare(*runs)
    assert repr(both) == "<Comparison | plv: 3 of the settings differ, 1 of 5 numbers are apart>"
    text = str(both)
    assert f"A: {runs[0]}" in text
    assert "  options.seeds\n    A: 1 2\n    B: 3 4\n" in text
    assert "20.0 [19.0, 21.0] Hz" in text
    assert "+3.0 [+1.9, +4.1] Hz *" in text
    assert max(len(line) for line in text.splitlines() if str(runs[0].parent) not in line) <= 100
    page = both._repr_html_()
    assert "<td>options.seeds</td><td>1 2</td><td>3 4</td>" in page
    assert "<td>rate</td><td>20.0 [19.0, 21.0] Hz</td><td>23.00 [22.50, 23.50] Hz</td>" in page
    same = hn.compare(runs[0], runs[0] / "report.html")
    assert "What differs: nothing" in str(same)


def test_kept_results_are_compared(runs, tmp_path):
    kept = tmp_path / "kept.json"
    found = {"PLV": {"value": 0.5, "low": 0.4, "high": 0.7}, "undefined": {"value": None}}
    content = {"protocol": "plv", "command": "horn-neuro plv", "versions": {"numpy": "2.1.0"}}
    kept.write_text(json.dumps(content | {"findings": found, "answer": []}))
    both = hn.compare(kept, runs[1])
    assert list(both.configuration.index) == ["command", "versions.numpy", "versions.brian2"]
    assert both.findings.loc["PLV", "difference"] == pytest.approx(0.1)


def test_runs_with_other_seeds_agree():
    """Those that are kept, of all protocols that have been run on two sets of seeds.

    But for chance: of quantities that agree, one in twenty lies apart, and in one of twenty
    comparisons more than the limit of a pair.
    """
    counts = []
    kept = sorted((Path(__file__).parents[2] / "benchmarks" / "results").glob("*_seeds_*.json"))
    pairs = [pair for pair in itertools.combinations(kept, 2) if len(set(map(stem, pair))) == 1]
    assert len({stem(first) for first, _ in pairs}) >= 5
    for pair in pairs:
        found = hn.compare(*pair).findings
        apart = (found["difference low"] > 0) | (found["difference high"] < 0)
        assert apart.sum() <= stats.binom.ppf(0.95, len(apart), 0.05), pair
        counts.append((apart.sum(), len(apart)))
    few, every = np.sum(counts, axis=0)
    assert few <= 0.05 * every


def stem(path):
    return path.stem.partition("_seeds_")[0]


def test_what_cannot_be_compared(runs, tmp_path):
    with pytest.raises(FileNotFoundError, match="no results at .*nowhere"):
        hn.compare(runs[0], tmp_path / "nowhere")
    other = make_run(tmp_path / "other", [1], {}, protocol="waves")
    with pytest.raises(ValueError, match=r"is a run of plv, and .* of waves: give two of one"):
        hn.compare(runs[0], other)
    note = tmp_path / "note.txt"
    note.write_text("[1, 2]")
    with pytest.raises(ValueError, match="holds no results of a protocol"):
        hn.compare(note, runs[0])
    results = runs[0] / "results.json"
    results.write_text(results.read_text().replace("0.5", "0.9"))
    with pytest.raises(ValueError, match="damaged"):
        hn.compare(*runs)


def test_from_the_command_line(runs, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["horn-neuro", "compare", *map(str, runs)])
    main()
    assert capsys.readouterr().out == f"{hn.compare(*runs)}\n"
    monkeypatch.setattr(sys, "argv", ["horn-neuro", "compare", "nowhere", str(runs[0])])
    with pytest.raises(SystemExit, match=r"^compare: no results at nowhere$"):
        main()
    monkeypatch.setattr(sys, "argv", ["horn-neuro", "compare", str(runs[0])])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "RUN_B" in capsys.readouterr().err
