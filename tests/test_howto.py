"""Every recipe of docs/howto.md runs as it stands, in a script of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "docs" / "howto.md").read_text()
RECIPES = dict(re.findall(r"## ([^\n]+)\n.*?```python\n(.*?)```", TEXT, flags=re.DOTALL))
LEAVES = ["spectra.png", "drives.png", None, "trained.safetensors", "net.pt", "omegas.png"]


# What a newcomer came for; the rest of the page shows more at once.
TASKS = [title for title in RECIPES if not title.startswith("Drive")]


@pytest.mark.parametrize("title", TASKS)
def test_a_task_takes_ten_lines_at_most(title):
    lines = [line for line in RECIPES[title].splitlines() if line.strip()]
    work = [line for line in lines if not re.match(r"(import|from) ", line)]
    assert 1 <= len(work) <= 10


def test_all_five_tasks_are_there():
    assert len(TASKS) == 5


@pytest.mark.parametrize(("title", "leaves"), list(zip(RECIPES, LEAVES, strict=True)))
def test_recipe(title, leaves, tmp_path):
    script = tmp_path / "recipe.py"
    script.write_text("import matplotlib\n\nmatplotlib.use('agg')\n" + RECIPES[title])
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", script],
        **{"cwd": tmp_path, "capture_output": True, "text": True, "check": False},
    )
    assert done.returncode == 0, done.stderr
    assert leaves is None or (tmp_path / leaves).stat().st_size > 1000
    if title.startswith("Ask"):
        assert re.search(r"occipital +0\.\d+ +0\.\d+\nfrontal", done.stdout)
    elif title.startswith("Train"):
        assert float(done.stdout) > 0.9
    elif title.startswith("Bring"):
        assert re.fullmatch(r"\[\d( \d){4}\]\n", done.stdout)
