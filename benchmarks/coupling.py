#!/usr/bin/env python
"""Does stronger coupling let a stimulus quench the trial-to-trial variance?

Runs protocols/rest_vs_evoked.py on untrained networks of five seeds at several
standard deviations of w_rec, and prints mean and range over the networks.

    python benchmarks/coupling.py            # some six minutes on two cores
"""

import contextlib
import importlib.util
import io
import sys
import tempfile
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[1] / "protocols" / "rest_vs_evoked.py"
COUPLINGS = (0.5, 0.8, 1.2, 1.6)
SEEDS = (1, 2, 3, 4, 5)


def measure(protocol, coupling, seed):
    """One network: the numbers of a column each."""
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stderr(io.StringIO()):
        argv = f"--fast --digits 10 --device cpp --seed {seed} --coupling {coupling} --out {out}"
        with contextlib.redirect_stdout(io.StringIO()):
            found = protocol.main(argv.split())
    dimension, best = found.dimension["digits"], found.separability
    return (
        found.quench["digits"]["stimulus"].value,
        found.quench["digits"]["rebound"].value,
        dimension["rest"].value,
        dimension["stimulus"].value,
        100 * best["digits"].accuracy.max(),
        100 * best["no recurrence"].accuracy.max(),
        1e3 * found.return_time["distance from rest"].value,
    )


def main():
    spec = importlib.util.spec_from_file_location("protocol", SCRIPT)
    protocol = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(protocol)
    print(f"    python {' '.join(sys.argv)}\n")
    print(
        "| std of w_rec | variance ratio, stimulus | variance ratio, rebound | dimension, rest "
        "| dimension, stimulus | accuracy (%) | accuracy, no recurrence (%) | return (ms) |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for coupling in COUPLINGS:
        columns = np.array([measure(protocol, coupling, seed) for seed in SEEDS]).T
        cells = [
            f"{column.mean():.{digits}f} ({column.min():.{digits}f} to {column.max():.{digits}f})"
            for column, digits in zip(columns, (3, 3, 1, 1, 0, 0, 0), strict=True)
        ]
        print(f"| {coupling} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
