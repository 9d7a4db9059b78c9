"""Sweeps through a bad night: kill -9, two drivers, a full disk; the tables are the same.

Driver and worker are killed once here, and ten times each by

    HORN_NEURO_KILLS=10 python -m pytest tests/sweep/test_faults.py -s
"""

import contextlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from horn_neuro._files import read_sealed
from horn_neuro.sweep import load_sweep, sweep
from horn_neuro.sweep.folder import SweepFolder
from tests.sweep.tasks import NIGHT, drawn, drive, night, troubled

KILLS = int(os.environ.get("HORN_NEURO_KILLS", "1"))
pytestmark = [pytest.mark.changes_process, pytest.mark.timeout(300 * KILLS)]
# Drivers are children of a process that has imported what they need.
DRIVERS = multiprocessing.get_context("forkserver")
DRIVERS.set_forkserver_preload(["horn_neuro.sweep.driver", "netCDF4", "tests.sweep.tasks"])


def start(out, resume=False):
    driver = DRIVERS.Process(target=drive, args=(str(out), resume))
    driver.start()
    return driver


def finish(driver, out):
    """Wait for a driver that is to succeed."""
    driver.join()
    assert driver.exitcode == 0, Path(f"{out}.log").read_text()


def children(driver):
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended before the moment
        return psutil.Process(driver.pid).children(recursive=True)
    return []


def until(condition, driver):
    while not condition():
        assert driver.is_alive()
        time.sleep(0.01)


def rows_of(out):
    """Return the names of the rows that have ended, after checking that each is whole."""
    files = sorted((out / "rows").glob("*"))
    assert [read_sealed(path)["error"] for path in files] == [None] * len(files)
    return [path.name for path in files]


def assert_as_undisturbed(out, undisturbed):
    """The same table in every form, and nothing beside it."""
    folder, table = undisturbed
    assert load_sweep(out).failed.empty
    pd.testing.assert_frame_equal(load_sweep(out).table, table)
    assert (out / "table.csv").read_bytes() == (folder / "table.csv").read_bytes()
    assert rows_of(out) == rows_of(folder)
    assert {path.name for path in out.iterdir()} == {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    done = night(out, jobs=1)
    assert len(rows_of(out)) == 24
    return out, done.table


def moments(seed):
    """Draw when to kill: after so many rows, the first time in their midst, and a part of one."""
    rng = np.random.default_rng(seed)
    return zip([8, *rng.integers(0, 25, KILLS - 1)], 0.15 * rng.random(KILLS), strict=True)


def wait_for(count, seconds, driver, out):
    until(lambda: len(list((out / "rows").glob("*.json"))) >= count, driver)
    time.sleep(seconds)


def test_the_driver_is_killed(undisturbed, tmp_path):
    """Its workers end with it, and a run that resumes does what is missing."""
    ended = []
    for k, moment in enumerate(moments(18)):
        out = tmp_path / str(k)
        driver = start(out)
        wait_for(*moment, driver, out)
        workers = children(driver)
        driver.kill()
        driver.join()
        # Those without a row yet end by themselves only after minutes, or with the next row.
        _, idle = psutil.wait_procs(workers, 60 if k == 0 else 3)
        assert k or not idle
        for worker in idle:
            worker.kill()
        ended.append(len(rows_of(out)))
        finish(start(out, resume=(out / "sweep.json").is_file()), out)
        assert_as_undisturbed(out, undisturbed)
    print(f"\n{KILLS} drivers killed, after {ended} of 24 rows")
    assert 8 <= ended[0] < 24


def test_a_worker_is_killed(undisturbed, tmp_path):
    rng, killed = np.random.default_rng(20), []
    for k, moment in enumerate(moments(19)):
        out = tmp_path / str(k)
        driver = start(out)
        wait_for(*moment, driver, out)
        workers = [
            process
            for process in children(driver)
            if any("LokyProcess" in word for word in process.cmdline())
        ]
        if workers:  # before and after the rows there are none
            killed.append(len(rows_of(out)))
            rng.choice(workers).kill()
        finish(driver, out)
        assert_as_undisturbed(out, undisturbed)
    print(f"\n{len(killed)} workers killed at {KILLS} moments, after {killed} of 24 rows")
    assert 8 <= killed[0] < 24


def test_two_drivers_on_one_folder(undisturbed, tmp_path):
    out = tmp_path / "out"
    both = [start(out), start(out)]
    while all(driver.is_alive() for driver in both):
        time.sleep(0.01)
    first, second = sorted(both, key=lambda driver: driver.is_alive())
    assert first.exitcode == 1
    until((out / "sweep.json").is_file, second)
    with pytest.raises(FileExistsError, match="another run is writing"):
        night(out, resume=True)
    finish(second, out)
    assert f"another run is writing to the output folder {out}" in Path(f"{out}.log").read_text()
    assert_as_undisturbed(out, undisturbed)
    with pytest.raises(ValueError, match="was begun with task"):
        sweep(troubled, {"trouble": ["none"]}, [1], out, resume=True, progress=False)
    with pytest.raises(ValueError, match="was begun with fixed"):
        sweep(drawn, *NIGHT, out, resume=True, progress=False, seconds=0.1)
    with pytest.raises(FileExistsError, match="not empty"):
        night(out)


SCRIPT = """
import sys
from tests.sweep.tasks import night
if __name__ == "__main__":
    night(sys.argv[1], resume=len(sys.argv) > 2)
"""
# A disk of 48 kB in a namespace of its own; every file takes a page of four.
DISK = """
mount -t tmpfs -o size=48k tmpfs "$1" && "$0" -W ignore -c "$2" "$1/out"
echo "status $?"
ls -A "$1/out" "$1/out/rows" | sed 's/^/left /'
mount -o remount,size=10m "$1" && "$0" -W ignore -c "$2" "$1/out" resume && cp -r "$1/out" "$3"
"""


def unshare(*command):
    words = ["unshare", "--mount", "--map-root-user", *command]
    return subprocess.run(
        words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )


def test_a_full_disk(undisturbed, tmp_path):
    """It is named, all that is there is whole, and with space the sweep goes on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not shutil.which("unshare") or unshare("mount", "-t", "tmpfs", "tmpfs", disk).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    done = unshare("sh", "-c", DISK, sys.executable, disk, SCRIPT, tmp_path / "out")
    assert "status 1\n" in done.stdout
    (said,) = (line for line in done.stderr.splitlines() if line.startswith("OSError"))
    assert "No space left on device; what was there before stays: free space" in said
    assert f"{disk}/out/rows/" in said
    left = [line.removeprefix("left ") for line in done.stdout.splitlines() if "left " in line]
    rows = [name for name in left if name.endswith(".json") and name != "sweep.json"]
    assert 4 <= len(rows) < 24
    assert not [name for name in left if name.startswith(".")]
    assert done.returncode == 0, done.stderr
    assert_as_undisturbed(tmp_path / "out", undisturbed)


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


def test_a_row_is_saved_without_a_look_at_the_others(tmp_path, monkeypatch):
    """Which would make a sweep of n rows take n**2 steps."""
    folder = SweepFolder(tmp_path / "out", {"task": "none", "fixed": {}})
    looks, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda *path: looks.append(path) or scandir(*path))
    for k in range(3):
        folder.save({"row": {"seed": k}, "outcomes": {}, "error": None, "seconds": 0.0})
    assert looks == []
    assert len(rows_of(tmp_path / "out")) == 3
    folder.close()
