"""Every notebook runs from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.ipynb")))
@pytest.mark.filterwarnings("default")  # what Jupyter warns about is not ours
def test_notebook(name, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_FAST", "1")
    notebook = nbformat.read(FOLDER / name, as_version=4)
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": tmp_path}})
    client.execute()


def test_the_site_has_every_notebook():
    text = (FOLDER.parent / "docs" / "tutorials.md").read_text()
    names = [path.stem for path in FOLDER.glob("*.ipynb")]
    assert len(names) > 1
    assert [name for name in names if name not in text] == []
