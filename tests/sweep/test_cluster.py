"""Dask and SLURM: the same tables, whoever dies.

Workers are killed once here, and ten times with HORN_NEURO_KILLS=10.
"""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from horn_neuro.sweep import load_sweep, sweep, workers
from tests.sweep import fake_slurm
from tests.sweep.tasks import spread, threads, troubled

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pytest.importorskip("dask_jobqueue")

KILLS = int(os.environ.get("HORN_NEURO_KILLS", "1"))
OVER, SEEDS = {"coupling": [0.0, 0.5, 1.0]}, range(4)
pytestmark = [pytest.mark.changes_process, pytest.mark.timeout(300 * KILLS)]


@pytest.fixture(scope="module")
def undisturbed():
    return sweep(spread, OVER, SEEDS, jobs=1, progress=False).table


@pytest.fixture(scope="module")
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.delenv(name, raising=False)
        # A busy machine may take long to start a worker again; a row is given up after two.
        config = {
            "distributed.deploy.lost-worker-timeout": "1h",
            "distributed.scheduler.allowed-failures": 1,
        }
        with (
            dask.config.set(config),
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=":0"
            ) as found,
        ):
            yield found


def test_two_workers_on_loopback_give_the_same_table(cluster, undisturbed):
    with distributed.Client(cluster) as client:
        found = sweep(spread, OVER, SEEDS, dask=client, progress=False)
        pd.testing.assert_frame_equal(found.table, undisturbed)
        limits = sweep(threads, {"seed": [1, 2]}, dask=client, progress=False)
        assert set(limits.table["value"]) == {1.0}


def test_a_scheduler_that_is_not_there_leaves_no_folder(tmp_path):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(OSError, match="127.0.0.1:9"),
    ):
        sweep(spread, OVER, SEEDS, tmp_path / "out", dask="tcp://127.0.0.1:9", progress=False)
    assert not (tmp_path / "out").exists()


def test_rows_in_trouble(cluster):
    over = {"trouble": ["none", "raises", "exits", "dies", "hangs"]}
    found = sweep(troubled, over, dask=cluster.scheduler_address, timeout=2, progress=False)
    assert found.table["trouble"].tolist() == ["none"]
    errors = found.failed.set_index("trouble")["error"]
    assert "KeyError" in errors["raises"]
    assert "SystemExit: this row" in errors["exits"]
    # Its threads do not listen to alarms: a worker goes with a row that hangs.
    for trouble in ("dies", "hangs"):
        assert "lost its worker too often" in errors[trouble]


def test_a_worker_is_killed(cluster, undisturbed, tmp_path):
    """Its row is given to another, and the table is the same."""
    rng, killed = np.random.default_rng(20), []
    over = {"coupling": OVER["coupling"], "seconds": [0.1], "folder": [""]}
    for k in range(KILLS):
        marks = tmp_path / str(k)
        marks.mkdir()
        over["folder"] = [str(marks)]

        def kill(marks, after):
            while len(found := sorted(marks.iterdir())) < after:
                time.sleep(0.01)
            killed.append(after)
            os.kill(int(found[-1].name.split()[1]), signal.SIGKILL)

        thread = threading.Thread(target=kill, args=(marks, int(rng.integers(1, 10))))
        thread.start()
        found = sweep(spread, over, SEEDS, dask=cluster.scheduler_address, progress=False)
        thread.join()
        assert found.failed.empty
        table = found.table.drop(columns=["seconds", "folder"])
        pd.testing.assert_frame_equal(table, undisturbed)
    print(f"\n{len(killed)} workers killed, after {killed} of 12 rows had begun")


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A SLURM of this machine; returns where its jobs are kept."""
    queue = fake_slurm.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr(workers, "RENEWAL", 0.5)
    with dask.config.set(
        {
            "jobqueue.slurm.scheduler-options": {"host": "127.0.0.1", "dashboard_address": ":0"},
            "jobqueue.slurm.walltime": "00:07:00",
            "distributed.deploy.lost-worker-timeout": "3s",
        }
    ):
        yield queue
    assert fake_slurm.jobs(queue) == {}  # all were cancelled


def test_slurm_gives_the_same_table(slurm, undisturbed, tmp_path):
    """By a job script for each worker, which says somewhere what goes wrong."""
    out = tmp_path / "out"
    found = sweep(spread, OVER, SEEDS, out, slurm=2, progress=False)
    pd.testing.assert_frame_equal(found.table, undisturbed)
    pd.testing.assert_frame_equal(load_sweep(out).table, undisturbed)
    script = (slurm / "1.sh").read_text()
    for line in ("-n 1", "--cpus-per-task=1", "--mem=4G", "-t 00:07:00"):
        assert f"#SBATCH {line}\n" in script
    assert "distributed.cli.dask_worker tcp://127.0.0.1:" in script
    logs = {path.name for path in (out / "slurm").iterdir()}
    assert logs == {f"dask-worker-{job}.{stream}" for job in (1, 2) for stream in ("out", "err")}
    assert "Start worker" in (out / "slurm" / "dask-worker-1.err").read_text()


def test_jobs_that_slurm_ends_are_submitted_again(slurm, undisturbed, tmp_path):
    """With one job, ended among the rows, nobody is left to do the others."""
    over = {"coupling": OVER["coupling"], "seconds": [0.1], "folder": [str(tmp_path / "marks")]}
    (tmp_path / "marks").mkdir()

    def end():
        while len(list((tmp_path / "marks").iterdir())) < 3:
            time.sleep(0.01)
        (job,) = fake_slurm.jobs(slurm).values()
        fake_slurm.end(job)

    thread = threading.Thread(target=end)
    thread.start()
    found = sweep(spread, over, SEEDS, slurm=1, progress=False)
    thread.join()
    assert len(list(slurm.glob("*.sh"))) == 2
    pd.testing.assert_frame_equal(found.table.drop(columns=["seconds", "folder"]), undisturbed)


def test_a_slurm_that_takes_no_jobs(slurm, tmp_path):
    (slurm / "refuses").touch()
    with pytest.raises(ConnectionError, match="takes no jobs .*invalid partition specified: nigh"):
        sweep(spread, OVER, SEEDS, tmp_path / "out", slurm=2, progress=False)
    assert not (tmp_path / "out").exists()


def test_a_slurm_that_does_not_answer_for_a_while(slurm):
    """The job of the only worker has ended, and no other is taken for now."""
    with workers.slurm_client(1) as client:
        client.wait_for_workers(1)
        (slurm / "refuses").touch()
        (job,) = fake_slurm.jobs(slurm).values()
        fake_slurm.end(job)
        while not (slurm / "refused").exists():
            time.sleep(0.01)
        (slurm / "refuses").unlink()
        assert client.submit(sum, [1, 2]).result(timeout=600) == 3
    assert len(list(slurm.glob("*.sh"))) == 2
