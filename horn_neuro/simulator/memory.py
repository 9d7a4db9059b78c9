"""How much memory a simulation takes, and a warning before it hurts."""

import contextlib
import warnings
from pathlib import Path

import psutil

__all__ = ["free_memory", "warn_about_memory"]

CGROUPS = Path("/sys/fs/cgroup")


def free_memory():
    """Return how much memory this process can still take (int), in bytes.

    That is what the machine has free, or less where a container or a batch job has a limit
    (a cgroup of Linux: https://docs.kernel.org/admin-guide/cgroup-v2.html).
    """
    return min([psutil.virtual_memory().available, *_left_by_limits()])


def _left_by_limits():
    """Yield what each limit of memory leaves, in bytes: of this cgroup, and of those around it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kind, name = line.split(":", 2)
            if kind == "":
                names, root = ("memory.max", "memory.current", "inactive_file"), CGROUPS
            elif "memory" in kind.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                root = CGROUPS / "memory"
            else:
                continue
            folder = root / name.strip("/")
            for place in (folder, *folder.parents):
                if place.is_relative_to(root):
                    # A container may not see the folder that it is told.
                    with contextlib.suppress(OSError, ValueError):
                        yield _left(place, *names)


def _left(folder, limit, used, cache):
    """Return what a cgroup leaves; ValueError if it has no limit ("max")."""
    limit, used = (int((folder / name).read_text()) for name in (limit, used))
    stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    # Files that nobody has read for long give way.
    return max(0, limit - used + int(stat.get(cache, 0)))


def warn_about_memory(program):
    """Warn if a simulation would take more than half of the memory that is free.

    Parameters
    ----------
    program : Program
        What is to run.
    """
    needed, free = program.memory(), free_memory()
    if needed > free / 2:
        warnings.warn(
            f"this simulation needs about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB "
            "are free; record fewer variables (record=), fewer samples (every=), or fewer trials "
            "at a time",
            ResourceWarning,
            stacklevel=3,
        )
