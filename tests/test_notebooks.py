"""Every notebook runs from top to bottom, and shows what it showed when it was kept."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))

# The notebooks say how large everything is in a cell of numbers, tagged "parameters"; here they
# get smaller ones.
SMALL = {
    "01_first_network": {"n_trials": 10},
    "02_resonance": {"n_frequencies": 24, "n_digits": 100},
    "03_synchrony_and_heterogeneity": {"n_units": 12, "n_trials": 4},
    "04_waves": {"side": 24, "noisy_side": 16},
    "05_training": {"n_digits": 200, "epochs": 1},
    "06_hebbian": {
        **{"n_digits": 200, "epochs": 1, "n_probe": 2, "n_swept": 3, "n_fit": 5},
        "n_permutations": 199,
    },
    "07_transfer": {"n_probe": 2, "n_fit": 5},
    "08_your_own_sequences": {"epochs": 3},
    "09_movements": {"epochs": 3},
    "10_eeg": {"n_seconds": 20},
}


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def parameters(notebook):
    """Return the cell of sizes, of which there is at most one."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    assert len(cells) < 2
    return cells[0] if cells else None


def kinds(cell):
    """Return what a cell has shown, such as text and pictures (set of str)."""
    outputs = cell.get("outputs", ())
    return {kind for output in outputs for kind in output.get("data", {"text": ""})}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("default")  # what Jupyter warns about is not ours
def test_notebook(name, tmp_path):
    notebook = read(name)
    sizes, kept = parameters(notebook), [kinds(cell) for cell in notebook.cells]
    if small := SMALL.get(name):
        sizes.source = "\n".join(f"{key} = {value}" for key, value in small.items())
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": tmp_path}})
    client.execute()
    shown = [kinds(cell) for cell in notebook.cells]
    assert shown == kept, "execute the notebook anew, and keep it"


@pytest.mark.parametrize("name", NAMES)
def test_what_the_tests_change_are_the_sizes_that_everybody_sees(name):
    cell = parameters(read(name))
    names = set()
    for line in ast.parse(cell.source).body if cell else ():
        assert isinstance(line, ast.Assign)
        assert isinstance(line.value, ast.Constant)
        names.add(line.targets[0].id)
    assert names == set(SMALL.get(name, ()))


@pytest.mark.parametrize("name", NAMES)
def test_a_tutorial_has_no_second_path_and_says_what_to_see_and_to_try(name):
    notebook = read(name)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "environ" not in text
    assert "**You should see**" in text
    assert "## Try it" in text
    pictures = sum("image/png" in kinds(cell) for cell in notebook.cells)
    assert pictures >= 2
    assert not any(output.get("name") == "stderr" for c in notebook.cells for output in outputs(c))


def outputs(cell):
    return cell.get("outputs", ())


def test_the_site_has_every_notebook():
    text = (FOLDER.parent / "docs" / "tutorials.md").read_text()
    assert len(NAMES) > 6
    assert [name for name in NAMES if name not in text] == []
