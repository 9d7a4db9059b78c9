"""Where the rows of a sweep are worked on: processes of this machine, Dask or SLURM."""

from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from joblib import Parallel, cpu_count, delayed, parallel_config

from horn_neuro.sweep.tasks import run_row

__all__ = ["cluster_records", "local_records", "slurm_client"]

DEATHS = 3  # so many times a row may lose its process before it has failed
RENEWAL = 10.0  # seconds after which a job of SLURM that has ended is submitted again


def local_records(task, rows, jobs, **limits):
    """Yield the record of each row, as they end, from processes of this machine.

    A row that loses its process (killed, out of memory, crashed) is tried again, alone.

    Parameters
    ----------
    task : ExperimentTask | FunctionTask
        What to do.
    rows : list of dict
        With what.
    jobs : int
        Processes; 1 works in this one, -1 takes one for each core.
    **limits
        Timeout and memory, as of `run_row`.

    Yields
    ------
    record : dict
    """
    jobs = cpu_count() + 1 + jobs if jobs < 0 else jobs
    waiting, deaths = dict(enumerate(rows)), Counter()
    with parallel_config("loky", inner_max_num_threads=max(1, cpu_count() // max(jobs, 1))):
        while waiting:
            running = set()
            try:
                for key, record in _pool(task, waiting, running, jobs, limits):
                    running.discard(key)
                    del waiting[key]
                    yield record
            except BrokenProcessPool:
                # Nobody knows which of them it was.
                suspects = [key for key in sorted(running) if key in waiting]
                deaths.update(suspects)
                for key in suspects:
                    yield _alone(task, key, waiting.pop(key), deaths, limits)


def _pool(task, waiting, running, jobs, limits):
    def dispatch():
        for key in list(waiting):
            running.add(key)
            yield delayed(_numbered)(key, task, waiting[key], limits)

    parallel = Parallel(
        jobs, return_as="generator_unordered", batch_size=1, pre_dispatch=max(jobs, 1)
    )
    return parallel(dispatch())


def _numbered(key, task, row, limits):
    return key, run_row(task, row, **limits)


def _alone(task, key, row, deaths, limits):
    while deaths[key] < DEATHS:
        try:
            # One of two processes: with one, joblib would work in this one.
            ((_, record),) = _pool(task, {key: row}, set(), 2, limits)
        except BrokenProcessPool:
            deaths[key] += 1
        else:
            return record
    return _lost(row, f"{DEATHS} times, the process of the row was killed, or has crashed")


def _lost(row, reason):
    return {
        "row": row,
        "outcomes": None,
        "error": f"{reason}: out of memory or time?",
        "seconds": None,
    }


def cluster_records(task, rows, client, **limits):
    """Yield the record of each row, as they end, from the workers of a Dask cluster.

    Dask itself gives a row to another worker where one has died, and gives it up
    after as many as ``distributed.scheduler.allowed-failures`` says. A worker takes
    along what waits there, and what it has not yet sent, so that in the end such
    rows are tried again, no more than there are workers at a time. Workers
    of one thread each run side by side best.

    Parameters
    ----------
    task, rows, **limits
        As of `local_records`.
    client : distributed.Client
        Of the cluster.

    Yields
    ------
    record : dict

    Raises
    ------
    ConnectionError
        If the cluster has gone.
    """
    from distributed import as_completed

    futures = {client.submit(run_row, task, row, **limits, pure=False): row for row in rows}
    suspects = []
    for future in as_completed(futures):
        record, _ = _result(future)
        if record is None:
            suspects.append(futures[future])
        else:
            yield record
    while suspects:
        n_workers = max(1, len(client.nthreads()))
        now, suspects = suspects[:n_workers], suspects[n_workers:]
        futures = {client.submit(run_row, task, row, **limits, pure=False): row for row in now}
        for future in as_completed(futures):
            record, error = _result(future)
            reason = f"the row has lost its worker too often ({error})"
            yield record or _lost(futures[future], reason)


def _result(future):
    """Return the record of a row, or None and what Dask says of the workers that it has lost."""
    from distributed import KilledWorker

    try:
        return future.result(), None
    except KilledWorker as error:
        return None, error
    except Exception as error:
        raise ConnectionError(f"the cluster does not answer ({error!r})") from None


@contextmanager
def slurm_client(workers, logs=None):
    """Yield a `distributed.Client` with workers that SLURM starts.

    A job that has ended, by its walltime or its node, is submitted again.

    Parameters
    ----------
    workers : int
        Jobs of one worker, with one core and 4 GiB each where
        ``~/.config/dask/jobqueue.yaml`` says nothing else; queue, account and
        walltime (half an hour) are named there, too.
    logs : Path | None
        A folder for what the jobs say, where that file names none; None for nowhere.

    Yields
    ------
    client : distributed.Client

    Raises
    ------
    ConnectionError
        If SLURM takes no jobs.
    """
    import dask
    from dask_jobqueue import SLURMCluster
    from distributed import Client, Status
    from tornado.ioloop import PeriodicCallback

    wanted = {"cores": 1, "processes": 1, "memory": "4 GiB", "log-directory": logs and str(logs)}
    if logs is None:
        wanted["job-extra-directives"] = ["-o /dev/null"]
    missing = {
        name.replace("-", "_"): value
        for name, value in wanted.items()
        if not dask.config.get(f"jobqueue.slurm.{name}", None)
    }
    with SLURMCluster(**missing) as cluster, Client(cluster) as client:

        def forget_refused():
            for name, job in list(cluster.workers.items()):
                if job.job_id is None:
                    job.status = Status.failed
                    del cluster.workers[name]

        def submit_again():
            forget_refused()
            cluster.scale(jobs=workers)

        try:
            # As scale(), which would only log that a job is refused.
            for _ in range(workers):
                cluster.worker_spec.update(cluster.new_worker_spec())
            cluster.sync(cluster._correct_state)
        except (OSError, RuntimeError) as error:
            forget_refused()
            raise ConnectionError(
                f"SLURM takes no jobs ({str(error).strip().splitlines()[-1]}); sbatch must work "
                "here, and queue and account are named in ~/.config/dask/jobqueue.yaml"
            ) from None
        again = PeriodicCallback(submit_again, 1000 * RENEWAL)
        cluster.loop.add_callback(again.start)
        try:
            yield client
        finally:
            cluster.loop.add_callback(again.stop)
