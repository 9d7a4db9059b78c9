"""The command line where terminals, pipes, homes and interpreters are not what one expects."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ODD = "a b#ü'~"  # a folder
SCRIPT = '''"""How much is it?

In ± and °.
"""
import numpy as np
from horn_neuro.analysis import mean_interval
from horn_neuro.experiment import Experiment, Findings, Option


class Count(Experiment):
    title, resumes = "Counting", True
    seeds = Option((1, 2), "of the numbers, in °", least=0)

    def measure(self):
        self.expect(len(self.seeds), "seed")
        return [self.keep(f"{s}°", lambda s=s: self.draw(s)) for s in self.seeds]

    def draw(self, seed):
        self.step(f"seed {seed}°")
        return np.random.default_rng(seed).normal(size=3)

    def findings(self, numbers):
        mean = mean_interval(np.mean(numbers, axis=1))
        return Findings([f"It is {mean} ± nothing, at 3°."], {"Mean°": mean})

    def figures(self, numbers):
        return {}


if __name__ == "__main__":
    Count.main()
'''
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def shell(tmp_path):
    """Run a line of bash, in which $python is this one and count.py an experiment."""
    (tmp_path / "count.py").write_text(SCRIPT, encoding="utf-8")

    def run(line, **variables):
        environment = {k: v for k, v in os.environ.items() if k[:6] not in ("LC_ALL", "PYTHON")}
        environment |= {"PYTHONPATH": str(ROOT), "python": sys.executable, "MPLBACKEND": "agg"}
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    return run


def test_a_terminal_of_ascii(shell, tmp_path):
    done = shell("$python -m horn_neuro list && $python count.py --help", **ASCII)
    assert done.returncode == 0, done.stderr
    assert "plv  " in done.stdout
    assert "In \\xb1 and \\xb0." in done.stdout
    done = shell('$python count.py --out "$out"', out=ODD, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "] \\xb1 nothing, at 3\\xb0." in done.stdout
    assert "± nothing, at 3°." in (tmp_path / ODD / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "$python -m horn_neuro list | true",
        "$python count.py --help | true",
        "$python count.py --out run 2>&1 | true",
        "$python count.py --out run >&- 2>&-",
    ],
)
def test_a_reader_that_leaves_stops_no_run(line, shell, tmp_path):
    done = shell(line)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "--out" not in line or (tmp_path / "run" / "report.html").is_file()


def test_the_failure_of_a_run_whose_reader_has_left_is_one(shell):
    assert shell("$python count.py --seeds -1 2>&1 | true").returncode == 2


def test_without_docstrings_there_is_help_and_a_refusal(shell, tmp_path):
    done = shell("$python -OO -m horn_neuro list && $python -OO count.py --help")
    assert done.returncode == 0, done.stderr
    assert "Does heterogeneity broaden synchrony?" in done.stdout
    assert "In ± and °." in done.stdout
    done = shell("$python -OO count.py")
    assert done.returncode == 1
    assert done.stderr.startswith("count: python -OO has no docstrings, without which MNE")
    assert done.stderr.count("\n") == 1
    assert not list((tmp_path / "runs").iterdir())
    done = shell("$python -OO -c 'import count; print(len(count.Count.run()))'")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_a_home_is_found_and_may_be_missing(shell, tmp_path):
    line = '$python count.py "--out=~/run" && HOME=/dev/null/none $python count.py --out run'
    (tmp_path / "home").mkdir()
    done = shell(line, HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    for folder in (tmp_path / "home", tmp_path):
        assert (folder / "run" / "report.html").is_file()
    assert not (tmp_path / "~").exists()
