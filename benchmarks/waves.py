#!/usr/bin/env python
"""How do time and memory grow with the size of a medium?

Square sheets with eight neighbours and delays of 7 and 10 steps over 2,000 steps, beside a
plain loop of NumPy with one `scipy.sparse` product for each delay, and one sheet that hears
from far, too. Whole calls after compiling, in turns, in seconds that a processor worked,
which other jobs disturb less; then each alone in a process, with its imports and the making
of its network: seconds by the clock and of a processor, and its largest memory. Exponents
are those against the number of units.

    python benchmarks/waves.py            # up to 512 x 512, 6 minutes on two cores; the page
    python benchmarks/waves.py --quick    # up to 64 x 64, not kept
"""

import argparse
import datetime
import json
import platform
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import scipy
from measure import interleaved, peak, processor_seconds

import horn_neuro as hn

SIDES = (32, 64, 128, 256, 512)
FAR = (64, 2)  # the side of the sheet that hears from far, and from how many units
STEPS = 2000
WAYS = ("cpp", "numpy", "loop")
FOLDER = Path(__file__).parent
RESULT, PAGE = FOLDER / "results" / "waves_speed.json", FOLDER / "waves.md"


def sheet(side, far=0):
    """The nearest neighbours are 7 steps away, those across the corner 10."""
    return hn.lattice((side, side), 0.1, radius=1.5, velocity=1 / 7, long_range=far, seed=1)


def pulse(steps):
    return (np.arange(steps) < 20)[:, None].astype(float)


def sparse_loop(params, stimulus):
    """The same model as a loop over steps, with a sparse product for each delay."""
    connections = hn.parameters.Connections(params.w_rec, params.delays)
    by_lag = {lag: w / np.sqrt(params.n_units) for lag, w in connections.by_lag().items()}
    past = np.zeros((params.max_delay, params.n_units))
    x, y = np.zeros((2, params.n_units))
    for k, value in enumerate(stimulus):
        past[k % len(past)] = y
        drive = params.w_in @ value + params.b_in + params.feedback * x
        for lag, weights in by_lag.items():
            drive += weights @ past[(k + 1 - lag) % len(past)]
        y = y + params.h * (
            params.alpha * np.tanh(drive) - params.omega**2 * x - 2 * params.gamma * y
        )
        x = x + params.h * y
    return x


def final(way, params, stimulus):
    """Return the positions at the end; nothing else is recorded."""
    if way == "loop":
        return sparse_loop(params, stimulus)
    return hn.simulate(params, stimulus, record=(), device=way).final_state.x[0]


def measured(side, far, repeats):
    """One sheet: seconds, MiB and how far the ways are apart (dict)."""
    started = processor_seconds()
    params, stimulus = sheet(side, far), pulse(STEPS)
    making = processor_seconds() - started
    ends = {}

    def call(way):
        ends[way] = final(way, params, stimulus)

    seconds = interleaved({way: partial(call, way) for way in WAYS}, repeats, processor_seconds)
    largest = np.abs(ends["loop"]).max()
    row = {
        "side": side,
        "far": far,
        "units": params.n_units,
        "connections": params.w_rec.nnz,
        "longest": params.max_delay,
        "making": making,
        "seconds": seconds,
        "mib": {},
        "alone": {},  # by the clock, and of a processor
        "difference": max(float(np.abs(ends[way] - ends["loop"]).max() / largest) for way in WAYS),
    }
    for way in WAYS:
        before = time.perf_counter(), processor_seconds() - time.process_time()
        row["mib"][way] = peak(__file__, way, side, far)
        after = time.perf_counter(), processor_seconds() - time.process_time()
        row["alone"][way] = np.subtract(after, before).tolist()
    return row


def exponents(rows):
    """Slopes against units on double logarithmic axes, of the three largest sheets.

    Memory is that over the smallest sheet, which is of Python and its libraries.
    """
    rows = [row for row in rows if not row["far"]]
    last = rows[-3:]
    found = {"making": [row["making"] for row in last]}
    for way in WAYS:
        found[f"{way}, seconds"] = [row["seconds"][way] for row in last]
        found[f"{way}, memory"] = [row["mib"][way] - rows[0]["mib"][way] for row in last]
    units = np.log([row["units"] for row in last])
    return {
        name: float(np.polyfit(units, np.log(values), 1)[0])
        for name, values in found.items()
        if len(values) > 1 and min(values) > 0
    }


def page(result):
    """Return the page of a result (str)."""
    lines = [
        "# Sheets with delays: measured",
        "",
        f"Measured on {result['date']}, {result['cores']} cores ({result['machine']}), Python "
        f"{result['python']}, NumPy {result['numpy']}, SciPy {result['scipy']}. Processes that "
        f"waited for a core at the start and at the end: {result['load'][0]:.1f}, "
        f"{result['load'][1]:.1f}.\n",
        "    python benchmarks/waves.py\n",
        f"Square sheets with eight neighbours and delays of 7 and 10 steps, {STEPS:,} steps, only "
        "the final state kept. The loop is NumPy with one `scipy.sparse` product for each delay.\n",
        "## Whole calls after compiling, seconds of a processor\n",
        "| sheet | connections | making | cpp | numpy | loop | cpp / loop | numpy / loop |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        seconds = row["seconds"]
        lines.append(
            f"| {name_of(row)} | {row['connections']:,} | {row['making']:.2g} | "
            + " | ".join(f"{seconds[way]:.3g}" for way in WAYS)
            + "".join(f" | {seconds[way] / seconds['loop']:.2f}" for way in WAYS[:-1])
            + " |"
        )
    lines += [
        "\n## Alone in a process, with imports and making\n",
        "Seconds by the clock (of a processor), and peak memory.\n",
        "| sheet | cpp | numpy | loop |\n|---|---|---|---|",
    ]
    for row in result["rows"]:
        cells = [
            "{:.1f} s ({:.1f} s), {:.0f} MiB".format(*row["alone"][way], row["mib"][way])
            for way in WAYS
        ]
        lines.append(f"| {name_of(row)} | {' | '.join(cells)} |")
    lines.append("\n## Exponents against units, of the three largest sheets of neighbours\n")
    lines += [f"- {name}: {slope:.2f}" for name, slope in result["exponents"].items()]
    return "\n".join(lines) + "\n"


def name_of(row):
    far = f", {row['far']} from far (delays to {row['longest']})" if row["far"] else ""
    return f"{row['side']} x {row['side']}{far}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="up to 64 x 64, not kept")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.alone:
        way, side, far = args.alone
        final(way, sheet(int(side), int(far)), pulse(STEPS))
        return

    load = [psutil.getloadavg()[0]]
    sides = SIDES[:2] if args.quick else SIDES
    rows = []
    sheet(4)  # imports
    for side, far in [*((side, 0) for side in sides), FAR]:
        rows.append(measured(side, far, 1 if far or side >= 256 else 3))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    result = {
        "date": datetime.date.today().isoformat(),
        "machine": platform.machine(),
        "cores": psutil.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "steps": STEPS,
        "rows": rows,
        "exponents": exponents(rows),
        "load": [*load, psutil.getloadavg()[0]],
    }
    text = page(result)
    if not args.quick:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
        PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
