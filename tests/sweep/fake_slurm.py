"""A SLURM of one node: `sbatch` starts a job script in the background, `scancel` ends it.

As SLURM does, it keeps a copy of the script, writes the job's output where the script says, and
starts no job whose output cannot be written.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path


def install(folder):
    """Write both commands into a folder for the PATH; returns where jobs are kept."""
    queue = folder / "queue"
    queue.mkdir(parents=True)
    for command in ("sbatch", "scancel"):
        (folder / command).write_text(
            f'#!/bin/sh\nexec {sys.executable} -S {__file__} {queue} {command} "$@"\n'
        )
        (folder / command).chmod(0o755)
    return queue


def jobs(queue):
    """Return the process of every job that runs (dict of str to int)."""
    found = {path.stem: int(path.read_text()) for path in queue.glob("*.pid")}
    return {name: pid for name, pid in found.items() if _runs(pid)}


def end(pid):
    """End a job with all of its processes, as the walltime does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def sbatch(queue, script):
    if (queue / "refuses").exists():
        (queue / "refused").touch()
        sys.exit("sbatch: error: invalid partition specified: nights")
    text = Path(script).read_text()
    number = 1 + len(list(queue.glob("*.sh")))
    with open(queue / f"{number}.sh", "x") as copy:
        copy.write(text)
    given = {name: re.search(rf"^#SBATCH -{name} (\S+)", text, re.M) for name in "oe"}
    out = given["o"][1] if given["o"] else f"slurm-{number}.out"
    with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
        streams = [
            stack.enter_context(open(name.replace("%J", str(number)), "a"))
            for name in (out, given["e"][1] if given["e"] else out)
        ]
        job = subprocess.Popen(
            ["bash", queue / f"{number}.sh"],
            stdin=subprocess.DEVNULL,
            stdout=streams[0],
            stderr=streams[1],
            start_new_session=True,
            env=os.environ | {"SLURM_JOB_ID": str(number), "SLURM_PROCID": "0"},
        )
        (queue / f"{number}.pid").write_text(str(job.pid))
    print(f"Submitted batch job {number}")


def scancel(queue, number):
    end(jobs(queue).get(number, 0) or sys.exit("scancel: error: Invalid job id specified"))


if __name__ == "__main__":
    queue, command, argument = sys.argv[1:]
    {"sbatch": sbatch, "scancel": scancel}[command](Path(queue), argument)
