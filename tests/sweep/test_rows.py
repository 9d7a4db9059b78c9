import numpy as np
import pandas as pd
import pytest

from horn_neuro.sweep import grid
from horn_neuro.sweep.rows import digest, make_rows


def test_grids_samples_and_tables_are_rows():
    expected = [{"a": a, "b": b, "seed": s} for a in (1, 2) for b in ("x", "y") for s in (0, 1)]
    assert make_rows({"a": [1, 2], "b": ["x", "y"]}, seeds=range(2)) == expected
    assert make_rows(grid(a=np.arange(1, 3), b=("x", "y"), seed=[0, 1])) == expected
    assert make_rows(pd.DataFrame(expected)) == expected
    assert make_rows({"a": 3}) == [{"a": 3}]
    assert make_rows({"a": "xy"}) == [{"a": "xy"}]
    assert make_rows({"a": [["x"], ["y"]]}) == [{"a": ["x"]}, {"a": ["y"]}]
    assert make_rows({"a": [(1, 2), (3, 4)]}) == [{"a": [1, 2]}, {"a": [3, 4]}]
    kinds = [type(value) for value in make_rows({"a": np.float32([0.5]), "b": [True]})[0].values()]
    assert kinds == [float, bool]


def test_a_digest_depends_on_the_content_alone():
    assert digest({"a": 1, "b": [2.0, None]}) == digest({"b": [2.0, None], "a": 1})
    different = [{"a": 1}, {"a": 1.5}, {"a": "1"}, {"a": True}, {"a": None}, {"b": 1}]
    assert len({digest(row) for row in different}) == len(different)


@pytest.mark.parametrize(
    ("over", "seeds", "message"),
    [
        ({"a": []}, None, "a = .*give at least one value"),
        ([], None, "there are no rows"),
        ({"a": [1]}, [], "there are no rows"),
        ({"a": [1]}, [0.5], "seeds = .*whole numbers"),
        ({"a": [1], "seed": [2]}, [0], "seeds would overrule"),
        ([{"a": 1}, {"b": 1}], None, "different parameters"),
        ({"a": [1, 1]}, None, "comes twice"),
        ({"a": [np.nan]}, None, "a = nan: give finite"),
        ({"a": [object()]}, None, "a row has numbers"),
    ],
)
def test_rows_that_cannot_be(over, seeds, message):
    with pytest.raises(ValueError, match=message):
        make_rows(over, seeds)
