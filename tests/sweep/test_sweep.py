import os
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from joblib import cpu_count
from joblib.externals.loky import get_reusable_executor
from matplotlib import pyplot as plt

from horn_neuro.sweep import load_sweep, sweep
from tests.sweep.tasks import compiled, native, spread, threads, troubled

SEEDS = [3, 4]


@pytest.fixture(scope="module")
def undisturbed():
    return sweep(spread, {"coupling": [0.0, 0.5, 1.0]}, SEEDS, jobs=1, progress=False)


def test_the_table_is_what_the_function_says(undisturbed):
    table = undisturbed.table
    assert len(table) == 2 * 3 * 2
    for _, line in table.iterrows():
        value = spread(line["coupling"], int(line["seed"]))[line["outcome"]]
        assert line["value"] == getattr(value, "value", value)
    last = table[table["outcome"] == "last"]
    assert (last[["low", "high", "unit", "n"]] == [-1.0, 1.0, "a.u.", 6]).all(axis=None)
    assert undisturbed.failed.empty


def test_processes_and_files_change_nothing(undisturbed, tmp_path):
    found = sweep(
        spread, {"coupling": [0.0, 0.5, 1.0]}, SEEDS, tmp_path / "out", jobs=2, progress=False
    )
    pd.testing.assert_frame_equal(found.table, undisturbed.table)
    pd.testing.assert_frame_equal(load_sweep(tmp_path / "out").table, undisturbed.table)
    from_csv = pd.read_csv(tmp_path / "out" / "table.csv", keep_default_na=False, na_values=[""])
    assert from_csv["value"].tolist() == pytest.approx(undisturbed.table["value"], rel=1e-15)
    pd.testing.assert_frame_equal(from_netcdf(tmp_path / "out"), undisturbed.table)
    assert (tmp_path / "out" / "outcomes.png").stat().st_size > 10_000


def from_netcdf(folder):
    with (
        warnings.catch_warnings(),  # xarray adds a filter of its own
        xr.open_dataset(folder / "table.nc") as data,
    ):
        return data.to_dataframe().rename_axis(None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 2], [0.5, 2.0]),
        ([True, False], [False, True]),
        ([1, "edge"], ["1", "edge"]),
        ([None, 0.5], ["0.5", "None"]),
        ([None, "b"], ["None", "b"]),
        ([[1], [2, 3]], ["[1]", "[2, 3]"]),
        ([(0.1, 0.9), (0.2, 0.8)], ["[0.1, 0.9]", "[0.2, 0.8]"]),
    ],
)
def test_values_of_every_kind_reach_table_file_and_figure(values, expected, tmp_path):
    got = []

    def task(a):
        got.append(a)
        return float(len(got))

    found = sweep(task, {"a": values}, out=tmp_path / "out", jobs=1, progress=False)
    assert got == [list(value) if isinstance(value, tuple) else value for value in values]
    assert found.table["a"].tolist() == expected
    pd.testing.assert_frame_equal(from_netcdf(tmp_path / "out"), found.table)
    pd.testing.assert_frame_equal(load_sweep(tmp_path / "out").table, found.table)
    figure, ax = plt.subplots()
    found.plot("value", ["a"], ax)
    if not isinstance(expected[0], float):
        assert [label.get_text() for label in ax.get_xticklabels()] == [str(e) for e in expected]
    plt.close(figure)


@pytest.fixture
def new_workers():
    """Workers that are started with the environment of the test."""
    get_reusable_executor().shutdown(wait=True, kill_workers=True)
    yield
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def test_threads_are_limited_in_each_worker(new_workers, monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    found = sweep(threads, {"seed": [1, 2]}, jobs=2, progress=False)
    assert found.failed.empty
    assert set(found.table["value"]) == {max(1, cpu_count() // 2)}


@pytest.mark.compiler
def test_rows_share_one_compiled_program(new_workers, monkeypatch, tmp_path):
    """Of two workers that need it at once, one compiles it."""
    log = tmp_path / "log"
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho made >> {log}\nexec {shutil.which("make")} "$@"\n')
    make.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path / "cache"))
    over = {"coupling": [0.5, 1.0]}
    found = sweep(compiled, over, [1, 2], jobs=2, progress=False)
    assert found.failed.empty
    assert log.read_text() == "made\n"
    again = sweep(compiled, over, [1, 2], jobs=1, progress=False)
    assert log.read_text() == "made\n"
    pd.testing.assert_frame_equal(again.table, found.table)
    assert found.table["value"].nunique() == 4


@pytest.mark.compiler
def test_rows_share_one_native_build(new_workers, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    found = sweep(native, {"seed": [1, 2, 3]}, log=str(tmp_path / "log"), jobs=2, progress=False)
    assert found.failed.empty
    assert found.table["value"].tolist() == [5.0] * 3
    assert (tmp_path / "log").read_text() == "built once\n"


def test_rows_that_raise_hang_and_eat_memory_stop_nobody(tmp_path):
    troubles = ["raises", "exits", "hangs", "none", "eats", "dies once", "dies"]
    found = sweep(
        troubled,
        {"trouble": troubles},
        out=tmp_path / "out",
        jobs=2,
        timeout=8,
        memory=2,
        folder=str(tmp_path),
        progress=False,
    )
    assert found.table["trouble"].tolist() == ["dies once", "none"]
    errors = found.failed.set_index("trouble")["error"]
    assert "KeyError: 'this row'" in errors["raises"]
    assert "in troubled" in errors["raises"]  # its traceback
    assert "SystemExit: this row" in errors["exits"]
    assert "TimeoutError: the row has not ended within 8 s" in errors["hangs"]
    assert "MemoryError" in errors["eats"]
    assert "3 times, the process of the row was killed" in errors["dies"]
    assert len(list(tmp_path.glob("dies *"))) >= 3
    assert len(list(tmp_path.glob("none *"))) == 1

    again = sweep(
        troubled,
        {"trouble": ["none", "raises", "also none"]},
        out=tmp_path / "out",
        resume=True,
        jobs=1,
        folder=str(tmp_path),
        progress=False,
    )
    assert again.table["trouble"].tolist() == ["also none", "none"]
    assert len(list(tmp_path.glob("none *"))) == 1  # what has succeeded is not run again
    assert len(list(tmp_path.glob("raises *"))) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": 5}, "task = 5: give an Experiment, or a function"),
        ({"over": {"couplings": [1.0]}}, "does not take this row"),
        ({"jobs": 0}, "jobs = 0"),
        ({"timeout": 0}, "timeout = 0"),
        ({"memory": "much"}, "memory = 'much'"),
        ({"resume": True}, "name the folder by out"),
        ({"dask": "tcp://nowhere", "slurm": 2}, "dask would overrule slurm"),
        ({"slurm": 0}, "slurm = 0"),
    ],
)
def test_what_cannot_be_stops_before_anything_runs(arguments, message):
    def never(coupling, seed):
        raise AssertionError

    arguments = {"task": never, "over": {"coupling": [1.0]}, "seeds": [0], **arguments}
    task, over = arguments.pop("task"), arguments.pop("over")
    with pytest.raises(ValueError, match=message):
        sweep(task, over, **arguments, progress=False)


def test_functions_return_numbers():
    found = sweep(lambda a: [a], {"a": [1]}, jobs=1, progress=False)
    assert "give numbers or Estimates by name" in found.failed["error"][0]


def test_outcomes_against_swept_values(undisturbed):
    estimates = undisturbed.outcome("spread", ["coupling"])
    assert list(estimates) == [(0.0,), (0.5,), (1.0,)]
    assert estimates[(0.5,)].n == 2
    assert estimates[(0.5,)].low is None  # of two rows, no interval
    assert estimates[(0.5,)].value == pytest.approx(
        sum(spread(0.5, seed)["spread"] for seed in SEEDS) / 2
    )
    rows = [{"a": 1, "seed": k} for k in range(5)]
    many = sweep(lambda a, seed: float(a + seed), rows, jobs=1, progress=False)
    estimate = many.outcome("value", ["a"])[(1,)]
    assert (estimate.value, estimate.n) == (3.0, 5)
    assert estimate.high == pytest.approx(3 + 2.776445 * np.sqrt(2.5 / 5))  # t of 4 degrees
    with pytest.raises(ValueError, match="outcome = .*choose from spread, last"):
        undisturbed.outcome("speed", ["coupling"])
    with pytest.raises(ValueError, match="by = .*choose from coupling, seed"):
        undisturbed.outcome("spread", ["gain"])
