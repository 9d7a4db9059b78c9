"""The tables of searches come from what their sweeps have left."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pages():
    """The script as a module; docs/ is no package."""
    spec = importlib.util.spec_from_file_location("search_pages", ROOT / "docs" / "search_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("task", ["smnist", "psmnist"])
def test_pages_are_those_of_the_kept_tables(pages, task):
    page = (pages.RESULTS / f"{task}_search.md").read_text()
    assert page == pages.page(task), "run python docs/search_pages.py"
    assert f"horn-neuro sweep train_smnist --task {task}" in page
    table, _ = pages.read(f"{task}_search.csv")
    assert set(pages.OUTCOMES) <= set(table["outcome"])


def test_a_row_of_a_sweep_is_a_line_with_a_column_for_each_model(pages):
    first, second = pages.OUTCOMES
    rows = [("[0.1, 0.3]", 0.4, first, 51.26), ("[0.1, 0.3]", 0.4, second, 60.0)]
    rows += [("[0.05, 1.0]", 1.6, second, 40.0), ("[0.05, 1.0]", 1.6, "speed", 7.0)]
    table = pages.swept(pd.DataFrame(rows, columns=["omega", "coupling", "outcome", "value"]))
    assert list(table.columns) == ["omega", "std of w_rec", "homogeneous (%)", "heterogeneous (%)"]
    assert table.iloc[1].tolist() == ["0.1 to 0.3", 0.4, 51.3, 60.0]
    assert table.loc[0, "omega"] == "0.05 to 1.0"
    assert pd.isna(table.loc[0, "homogeneous (%)"])


def test_epochs_of_an_earlier_search_are_one_cell(pages):
    table = pd.DataFrame(
        {"row": [0, 0, 1], "lr": 0.02, "epoch": [1, 2, 1], "validation": [57.6, 74.0, 3.1]}
    )
    found = pages.earlier(table).to_numpy().tolist()
    assert found == [[0, 0.02, "57.6 74.0"], [1, 0.02, "3.1"]]
