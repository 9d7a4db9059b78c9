"""`sweep`: a task over rows, which survives what happens in a night."""

import json
from contextlib import ExitStack

from tqdm import tqdm

from horn_neuro._files import to_json
from horn_neuro._quantities import number, whole
from horn_neuro._version import software_versions
from horn_neuro.report import styled
from horn_neuro.sweep.folder import LOGS, SweepFolder
from horn_neuro.sweep.rows import make_rows
from horn_neuro.sweep.table import Sweep
from horn_neuro.sweep.tasks import as_task
from horn_neuro.sweep.workers import cluster_records, local_records, slurm_client

__all__ = ["sweep"]


def sweep(
    task,
    over,
    /,  # an experiment may have an option of the same name
    seeds=None,
    out=None,
    *,
    resume=False,
    jobs=-1,
    dask=None,
    slurm=None,
    timeout=None,
    memory=None,
    progress=True,
    **fixed,
):
    """Do a task with every row of a grid, or with samples.

    Each row is independent of the others and of when and where it runs. A row that
    raises, hangs, takes too much memory or loses its process has failed, is told of, and
    the others go on. With `out`, each row that has ended has its file at once.

    Parameters
    ----------
    task : type | callable
        An `Experiment`, whose findings are the outcomes, or a function that takes the
        values of a row by name and returns a number, an `Estimate` or a dict of these. A
        function from a file other than a package's must be there for the workers.
    over : dict | list of dict | DataFrame
        Values of each parameter, of which all combinations are run; or the rows.
    seeds : sequence of int | None
        Each row is run once for each, as its "seed"; None for rows as they are. An
        experiment that takes several `seeds` gets all of them in each row.
    out : str | Path | None
        A new folder; None keeps nothing but what is returned.
    resume : bool
        Whether to continue the sweep in `out`. Rows that have succeeded stay; those that
        failed, and rows that are new, are run.
    jobs : int
        Processes of this machine; -1 takes one for each core, 1 works in this one.
    dask : str | distributed.Client | None
        A Dask cluster, or the address of its scheduler, to run on instead.
    slurm : int | None
        So many workers from SLURM to run on instead.
    timeout : float | None
        Seconds after which a row has failed.
    memory : float | None
        GiB that a row may take (Linux).
    progress : bool
        Whether to show a bar.
    **fixed
        Further arguments or options, the same in each row; ``size="fast"`` of an experiment.

    Returns
    -------
    sweep : Sweep
        Its `table` and what `failed`.

    Raises
    ------
    ValueError
        If rows, seeds or options cannot be, before anything runs.
    FileExistsError, OSError
        If `out` is not a new folder, or cannot be written.
    ImportError
        If the packages of the extra ``cluster`` are missing.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> def spread(coupling, seed):
    ...     params = hn.effenberger_2025(8, seed=seed)
    ...     params = params.replace(w_rec=coupling * params.w_rec)
    ...     return float(hn.simulate(params, 50, device="numpy").data["x"].std())
    >>> result = sweep(spread, {"coupling": [0.0, 1.0]}, seeds=[1, 2], jobs=1, progress=False)
    >>> result.table[["coupling", "seed"]].values.tolist()
    [[0.0, 1.0], [0.0, 2.0], [1.0, 1.0], [1.0, 2.0]]
    """
    work = as_task(task, fixed)
    if seeds is not None and work.takes_seeds:
        work, seeds = as_task(task, {**fixed, "seeds": tuple(seeds)}), None
    rows = make_rows(over, seeds)
    for name in fixed:
        if name in rows[0]:
            raise ValueError(f"{name}: it is swept over, and given as well; give it once")
    for row in rows:
        work.check(row)
    limits = {
        name: None if value is None else number(name, value, above=0)
        for name, value in (("timeout", timeout), ("memory", memory))
    }
    jobs = jobs if jobs == -1 else whole("jobs", jobs)
    slurm = None if slurm is None else whole("slurm", slurm)
    if dask is not None and slurm is not None:
        raise ValueError("dask would overrule slurm: give one of them")
    if resume and out is None:
        raise ValueError("resume: name the folder by out")
    with ExitStack() as stack:
        folder = None
        if out is not None:
            about = {"task": work.name, "fixed": work.fixed, "versions": software_versions()}
            folder = SweepFolder(out, json.loads(to_json(about)), resume)
            stack.callback(folder.close)
        client = _client(stack, dask, slurm, folder)
        earlier = [None if folder is None else folder.read(row) for row in rows]
        done = [record for record in earlier if record is not None]
        left = [row for row, record in zip(rows, earlier, strict=True) if record is None]
        records = (
            local_records(work, left, jobs, **limits)
            if client is None
            else cluster_records(work, left, client, **limits)
        )
        bar = tqdm(total=len(rows), initial=len(done), unit="row", disable=not progress)
        stack.enter_context(bar)
        n_failed = 0
        for record in records:
            done.append(record)
            n_failed += record["error"] is not None
            if folder is not None:
                folder.save(record)
            bar.set_postfix_str(f"{n_failed} failed")
            bar.update()
        result = Sweep(done, work.name)
        if folder is not None:
            for suffix in ("csv", "nc"):
                with folder.file(f"table.{suffix}") as path:
                    result.save(path)
            if len(result.table):
                with styled(), folder.file("outcomes.png") as path:
                    result.figure().savefig(path, dpi=150)
    return result


def _client(stack, dask, slurm, folder):
    if dask is None and slurm is None:
        return None
    try:
        from distributed import Client

        if slurm is not None:
            logs = None if folder is None else folder.path / LOGS
            return stack.enter_context(slurm_client(slurm, logs))
        return dask if isinstance(dask, Client) else stack.enter_context(Client(dask))
    except ImportError as error:
        raise ImportError(
            f"the package {error.name} is missing; install it by pip install '.[cluster]' in a "
            "clone of horn_neuro"
        ) from None
