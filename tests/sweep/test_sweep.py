import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import xarray as xr

from horn_neuro.sweep import load_sweep, sweep
from tests.sweep.tasks import spread, troubled

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
    with (
        warnings.catch_warnings(),  # xarray adds a filter of its own
        xr.open_dataset(tmp_path / "out" / "table.nc") as data,
    ):
        assert data["value"].values.tolist() == undisturbed.table["value"].tolist()
    assert (tmp_path / "out" / "outcomes.png").stat().st_size > 10_000


def test_rows_that_raise_hang_and_eat_memory_stop_nobody(tmp_path):
    troubles = ["raises", "hangs", "none", "eats", "dies once", "dies"]
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


SCRIPT = """
from horn_neuro.sweep import sweep
from tests.sweep.tasks import troubled
if __name__ == "__main__":
    sweep(troubled, {{"trouble": ["none"]}}, range({rows}), {out!r}, resume={resume},
          jobs=2, progress=False, folder={marks!r}, seconds=0.2)
"""


def start(log, **values):
    """Start a driver, whose workers may outlive it by minutes and so get no pipe."""
    with open(log, "w") as errors:
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT.format(**values)],
            cwd=Path(__file__).parents[2],
            stderr=errors,
        )


@pytest.mark.parametrize("victim", ["driver", "worker"])
def test_kills_change_nothing(victim, tmp_path):
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    values = {"rows": 10, "out": str(out), "marks": str(marks)}
    driver = start(tmp_path / "log", **values, resume=False)
    while len(list(marks.iterdir())) < 4:
        time.sleep(0.02)
        assert driver.poll() is None
    if victim == "driver":
        workers = psutil.Process(driver.pid).children(recursive=True)
        driver.kill()
        driver.wait()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        # Whole files only, or none.
        done = [json.loads(path.read_text()) for path in (out / "rows").glob("*.json")]
        assert len(done) < 10
        driver = start(tmp_path / "log", **values, resume=True)
    else:
        os.kill(int(sorted(marks.iterdir())[-1].name.split()[2]), signal.SIGKILL)
    assert driver.wait(120) == 0, (tmp_path / "log").read_text()
    found = load_sweep(out)
    assert found.failed.empty
    assert found.table["value"].tolist() == [seed + 0.5 for seed in range(10)]


def test_two_drivers_and_other_tasks_are_refused(tmp_path):
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    driver = start(tmp_path / "log", rows=30, out=str(out), marks=str(marks), resume=False)
    while not list(marks.iterdir()):
        time.sleep(0.02)
        assert driver.poll() is None
    with pytest.raises(FileExistsError, match="another run is writing"):
        sweep(troubled, {"trouble": ["none"]}, out=out, resume=True, progress=False,
              folder=str(marks), seconds=0.2)  # fmt: skip
    workers = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.wait()
    for worker in workers:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
    with pytest.raises(ValueError, match="was begun with task"):
        sweep(spread, {"coupling": [0.5]}, [1], out, resume=True, progress=False)
    with pytest.raises(ValueError, match="was begun with fixed"):
        sweep(troubled, {"trouble": ["none"]}, out=out, resume=True, progress=False)
    with pytest.raises(FileExistsError, match="not empty"):
        sweep(spread, {"coupling": [0.5]}, [1], out, progress=False)


def test_damaged_rows_are_run_again(tmp_path):
    out = tmp_path / "out"
    whole = sweep(troubled, {"trouble": ["none"]}, range(3), out, jobs=1, progress=False)
    file = sorted((out / "rows").iterdir())[0]
    file.write_text(file.read_text().replace(".5", ".7"))
    with pytest.raises(ValueError, match=file.name):
        load_sweep(out)
    with pytest.warns(UserWarning, match="the row is run again"):
        again = sweep(
            troubled, {"trouble": ["none"]}, range(3), out, jobs=1, resume=True, progress=False
        )
    pd.testing.assert_frame_equal(again.table, whole.table)


@pytest.mark.changes_process
def test_dask_gives_the_same_table(undisturbed):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        over = {"coupling": [0.0, 0.5, 1.0]}
        found = sweep(spread, over, SEEDS, dask=client, progress=False)
        pd.testing.assert_frame_equal(found.table, undisturbed.table)
        over = {"trouble": ["none", "raises", "dies"]}
        found = sweep(troubled, over, dask=cluster.scheduler_address, progress=False)
    assert found.table["trouble"].tolist() == ["none"]
    errors = found.failed.set_index("trouble")["error"]
    assert "KeyError" in errors["raises"]
    assert "lost its worker too often" in errors["dies"]


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
