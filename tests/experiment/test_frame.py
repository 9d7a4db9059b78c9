"""The frame with an experiment of a few lines: counting, which takes no time."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from horn_neuro.analysis import mean_interval
from horn_neuro.experiment import Experiment, Findings, Option, Sizes, command
from horn_neuro.experiment.command import main, run_command

ROOT = Path(__file__).parents[2]


class Count(Experiment):
    title = "Counting"
    takes = Sizes("a second", "a minute", "an hour")
    resumes = True
    seeds = Option(Sizes((1, 2), range(1, 9), range(1, 33)), "of the numbers", least=0, different=2)
    units = Option(Sizes(3, 30, 300), "numbers a seed", least=2, most=1000)
    scale = Option(1.0, "of the numbers", above=0, excludes=("law",))
    law = Option(None, "uniform or normal", kind=str, choices=("uniform", "normal"))
    shift = Option(None, "of the law", kind=float, needs=("law",))
    loud = Option(False, "whether to shout")
    made: ClassVar = []

    def measure(self):
        self.expect(len(self.seeds), "seed")
        numbers = []
        for seed in self.seeds:
            self.step(f"seed {seed}")
            numbers.append(self.keep(f"seed {seed}", lambda s=seed: self.draw(s)))
        self.config["last"] = np.float64(numbers[-1][-1])
        return np.array(numbers)

    def draw(self, seed):
        self.made.append(seed)
        if seed == 99:
            raise ValueError("seed = 99: too many red balloons")
        if seed == 98:
            os.kill(os.getpid(), signal.SIGINT)
        return self.scale * np.random.default_rng(seed).standard_normal(self.units)

    def findings(self, numbers):
        mean = mean_interval(numbers.mean(axis=1))
        word = {1: "above", 0: "not clearly away from", -1: "below"}[mean.sign]
        sentence = f"The mean is {word} zero ({mean:+}, {mean.n} seeds), "
        return Findings([sentence + "and " * 20 + "that is all.", "Twice."], {"Mean": mean})

    def figures(self, numbers):
        figure, ax = plt.subplots()
        ax.plot(numbers.T)
        return {"All numbers": (figure, "Which numbers?")}


@pytest.fixture(autouse=True)
def _forget():
    Count.made.clear()


def test_sizes_and_options_are_values_of_an_instance():
    fast, default, own = Count("fast"), Count(), Count("full", units=7, seeds=[4, 5])
    assert (fast.units, default.units, own.units) == (3, 30, 7)
    assert (fast.seeds, default.seeds, own.seeds) == ((1, 2), tuple(range(1, 9)), (4, 5))
    assert (own.scale, own.law, own.loud) == (1.0, None, False)
    assert own.command == "Count.run(size='full', units=7, seeds=[4, 5])"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 1}, "units = 1: give at least 2"),
        ({"units": 0}, "units = 0: give at least 2"),
        ({"units": 1001}, "units = 1001: give at most 1000"),
        ({"units": 2.5}, "units = 2.5: give a value of type int"),
        ({"scale": 0}, "scale = 0.0: give a number above 0"),
        ({"scale": float("nan")}, "scale = nan: give a number above 0"),
        ({"scale": float("inf")}, "scale = inf: give a finite number"),
        ({"law": "normal", "shift": float("nan")}, "shift = nan: give a finite number"),
        ({"scale": True}, "scale = True: give a value of type float"),
        ({"units": True}, "units = True: give a value of type int"),
        ({"loud": "no"}, "loud = 'no': give a value of type bool"),
        ({"law": 1}, "law = 1: give a value of type str"),
        ({"seeds": 3}, "seeds = 3: give a list of values"),
        ({"seeds": "12"}, "seeds = '12': give a list of values"),
        ({"seeds": [1, 2, 1]}, "seeds = 1 2 1: give each value once"),
        ({"law": "cauchy"}, "law = cauchy: choose uniform, normal"),
        ({"seeds": [3, 3]}, "seeds = 3 3: give at least 2 different values"),
        ({"seeds": []}, "seeds = : give at least 2 different values"),
        ({"seeds": [1, -2]}, "seeds = -2: give at least 0"),
        ({"size": "huge"}, "size = 'huge': choose fast, default, full"),
        ({"color": 1}, "there is no option color; there are seeds, units, scale"),
        ({"scale": 2, "law": "normal"}, "scale would overrule law: give one of them"),
        ({"shift": 2}, "shift says nothing without law: give both, or neither"),
    ],
)
def test_what_cannot_be_stops_at_the_door(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        Count.run(out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_random_numbers_are_the_users(monkeypatch):
    def draw(self, seed):
        torch.manual_seed(seed)
        return [random.random(), np.random.normal(), torch.rand(1).item()]

    def state():
        words, place = np.random.get_state()[1:3]
        return random.getstate(), words.tolist(), place, torch.get_rng_state().tolist()

    monkeypatch.setattr(Count, "draw", draw)
    before = state()
    Count.run("fast")
    assert state() == before


def test_from_python_only_what_is_asked_for_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = Count.run("fast", seeds=range(3))
    assert result.shape == (3, 3)
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(Count.run("fast", seeds=range(3), out="run"), result)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        *("report.html", "results.json", "findings.csv", "config.json", "figures"),
    }
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["options"]["seeds"] == [0, 1, 2]
    assert config["last"] == result[-1, -1]
    assert config["command"] == "Count.run(size='fast', seeds=range(0, 3))"
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["findings"]["Mean"]["value"] == pytest.approx(result.mean())
    assert results["findings"]["Mean"]["n"] == 3
    table = pd.read_csv(tmp_path / "run" / "findings.csv", index_col="quantity")
    assert table.loc["Mean"].dropna().to_dict() == pytest.approx(results["findings"]["Mean"])
    assert "href='findings.csv'" in (tmp_path / "run" / "report.html").read_text()


def test_the_command_says_the_answer_within_80_columns(tmp_path, capsys):
    run_command(Count, "horn-neuro count", ["--fast", "--out", str(tmp_path / "run")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The mean is not clearly away from zero (")
    assert all(len(line) <= 80 for line in lines[:-1])
    assert lines[-1] == f"Figures and numbers: {tmp_path / 'run'}/report.html"
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["command"] == f"horn-neuro count --fast --out {tmp_path / 'run'}"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--units", "1"], "test_frame: units = 1: give at least 2"),
        (["--seeds", "1", "1"], "test_frame: seeds = 1 1: give at least 2 different values"),
        (["--scale", "2", "--law", "normal"], "test_frame: scale would overrule law: give one"),
        (["--resume"], "test_frame: resume: name the folder with --out"),
    ],
)
def test_failures_are_one_line(argv, message, tmp_path, monkeypatch, capsys):
    """With a status of 2 where options are refused, as argparse has it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as failed:
        run_command(Count, "horn-neuro count", argv)
    said = capsys.readouterr().err if failed.value.code == 2 else f"{failed.value}\n"
    assert (failed.value.code == 2) == ("resume" not in message)
    assert said.startswith(message)
    assert said.endswith("\n")
    assert said.count("\n") == 1
    assert not list(tmp_path.rglob("report.html"))
    assert not any(path.is_dir() and not any(path.iterdir()) for path in tmp_path.rglob("*-*"))


@pytest.mark.parametrize(
    ("seed", "message"),
    [(99, "test_frame: seed = 99: too many red balloons"), (98, "\ntest_frame: stopped")],
)
def test_a_failed_or_stopped_run_tells_how_to_resume(seed, message, tmp_path, monkeypatch, capsys):
    """And the resumed one does only what is left."""
    out = tmp_path / "run"
    argv = ["--fast", "--seeds", "1", str(seed), "--out", str(out)]
    before = signal.getsignal(signal.SIGINT)  # Brian2 has a handler of its own
    with pytest.raises(SystemExit) as failed:
        run_command(Count, "horn-neuro count", argv)
    again = f"horn-neuro count {' '.join(argv)} --resume"
    assert str(failed.value) == f"{message}\nWhat was done is kept; continue by\n    {again}"
    assert signal.getsignal(signal.SIGINT) is before
    assert Count.made == [1, seed]
    monkeypatch.setattr(Count, "draw", lambda self, seed: Count.made.append(seed) or np.ones(3))
    run_command(Count, "horn-neuro count", [*argv, "--resume"])
    assert Count.made == [1, seed, seed]
    assert not (out / "parts").exists()
    with pytest.raises(SystemExit, match="nothing to resume in"):
        run_command(Count, "horn-neuro count", [*argv, "--resume"])


def test_a_run_that_is_stopped_before_anything_is_done_leaves_no_folder(tmp_path):
    argv = ["--seeds", "98", "1", "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit, match="stopped$"):
        run_command(Count, "horn-neuro count", argv)
    assert not (tmp_path / "run").exists()


def test_an_interrupt_that_was_swallowed_counts_at_the_next_step(monkeypatch, tmp_path):
    def swallow(self, seed):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            Count.made.append(seed)
        return np.ones(3)

    monkeypatch.setattr(Count, "draw", swallow)
    with pytest.raises(SystemExit, match="stopped"):
        run_command(Count, "horn-neuro count", ["--out", str(tmp_path / "run")])
    assert Count.made == [1]


def test_runs_of_one_second_have_folders_of_their_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command.time, "strftime", lambda format: "20261125-120000")
    for _ in range(3):
        run_command(Count, "horn-neuro count", ["--fast"])
    names = [f"test_frame-20261125-120000{end}" for end in ("", "-2", "-3")]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == names
    assert [Path("runs", name, "report.html").is_file() for name in names] == [True] * 3
    shown = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if "Figures" in line]
    assert shown == [f"runs/{name}/report.html" for name in names]


def test_help_tells_sizes_durations_and_files(capsys):
    with pytest.raises(SystemExit) as left:
        run_command(Count, "horn-neuro count", ["--help"])
    assert left.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "numbers a seed (fast 3; default 30; full 300)" in text
    assert "of the numbers (fast 1 2; default 1 to 8; full 1 to 32)" in text
    assert "--fast a first look, in a second" in text
    assert "Takes a minute on two cores, and leaves report.html, results.json" in text
    assert "The frame with an experiment of a few lines" in text


def test_horn_neuro_lists_all_protocols(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["horn-neuro", "list"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("plv ") and line.endswith("?") for line in lines)
    monkeypatch.setattr(sys, "argv", ["horn-neuro", "plw"])
    with pytest.raises(SystemExit, match="there is no plw; choose .*plv"):
        main()


@pytest.mark.parametrize("start", [["-m", "horn_neuro", "plv"], ["protocols/plv.py"]])
def test_every_way_to_start_is_the_same_run(start):
    done = subprocess.run(
        [sys.executable, *start, "--units", "2"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "plv: units = 2: give at least 3\n"
    assert done.stdout == ""
