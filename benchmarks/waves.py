#!/usr/bin/env python
"""How do time and memory grow with the size of a medium?

Square sheets with eight neighbours and delays of 7 to 10 steps, beside a plain loop of
NumPy with one `scipy.sparse` product for each delay: seconds of making the network, of
whole calls after compiling, taken in turns, and peak memory in processes of their own;
exponents against the number of units. Then the largest sheet over 2,000 steps, from
making to the recording.

    python benchmarks/waves.py            # up to 512 x 512, half an hour on two cores
    python benchmarks/waves.py --quick    # up to 64 x 64
"""

import argparse
import json
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import scipy
from measure import interleaved, peak

import horn_neuro as hn

SIDES = (32, 64, 128, 256, 512)
STEPS, LONG = 400, 2000
RESULT = Path(__file__).parent / "results" / "waves.json"


def sheet(side):
    """The nearest neighbours are 7 steps away, those across the corner 10."""
    return hn.lattice((side, side), 0.1, radius=1.5, velocity=1 / 7, seed=1)


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


def simulation(params, stimulus, device):
    """Nothing but the final state is recorded."""
    rec = hn.simulate(params, stimulus, record=(), device=device, coupling="sparse")
    return rec.final_state.x[0]


def run_alone(name, side, steps):
    params = sheet(side)
    if name == "loop":
        return sparse_loop(params, pulse(steps))
    return simulation(params, pulse(steps), name)


def measured(side, steps, repeats, device):
    """One size: seconds, MiB and how far the two are apart (dict)."""
    started = time.perf_counter()
    params = sheet(side)
    making, stimulus = time.perf_counter() - started, pulse(steps)
    calls = {
        "simulate": lambda: simulation(params, stimulus, device),
        "loop": lambda: sparse_loop(params, stimulus),
    }
    results = [call() for call in calls.values()]  # whatever has to be compiled is compiled here
    difference = np.abs(results[0] - results[1]).max() / np.abs(results[1]).max()
    seconds = interleaved(calls, repeats)
    memory = {
        name: peak(__file__, where, side, steps)
        for name, where in (("simulate", device), ("loop", "loop"))
    }
    return {
        "side": side,
        "units": params.n_units,
        "connections": params.w_rec.nnz,
        "steps": steps,
        "making_seconds": making,
        **{f"{name}_seconds": value for name, value in seconds.items()},
        **{f"{name}_mib": value for name, value in memory.items()},
        "difference": float(difference),
    }


def exponents(rows):
    """Slope of each measure against units on double logarithmic axes, of the three largest."""
    units = np.log([row["units"] for row in rows[-3:]])
    least = {key: rows[0][key] if key.endswith("mib") else 0 for key in rows[0]}
    found = {}
    for key in ("making_seconds", "simulate_seconds", "loop_seconds", "simulate_mib", "loop_mib"):
        values = np.array([row[key] - least[key] for row in rows[-3:]])
        if len(values) > 1 and (values > 0).all():
            found[key] = float(np.polyfit(units, np.log(values), 1)[0])
    return found


def show(result):
    """Return the page of a result (str)."""
    lines = [
        f"{result['machine']}, Python {result['python']}, NumPy {result['numpy']}, "
        f"SciPy {result['scipy']}; device {result['device']}\n",
        f"Sheets with eight neighbours and delays of 7 to 10 steps, {result['rows'][0]['steps']} "
        "steps, only the final state kept. Load of the machine (processes that wait for its "
        f"{result['cores']} cores) at the start and at the end: {result['load'][0]:.1f}, "
        f"{result['load'][1]:.1f}.\n",
        "| sheet | connections | making, s | `simulate`, s | loop, s | ratio | `simulate`, MiB | "
        "loop, MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        lines.append(
            f"| {row['side']} x {row['side']} | {row['connections']:,} | "
            f"{row['making_seconds']:.3g} | {row['simulate_seconds']:.3g} | "
            f"{row['loop_seconds']:.3g} | {row['simulate_seconds'] / row['loop_seconds']:.2f} | "
            f"{row['simulate_mib']:.0f} | {row['loop_mib']:.0f} |"
        )
    slopes = ", ".join(f"{k.replace('_', ' ')} {v:.2f}" for k, v in result["exponents"].items())
    lines += [
        f"\nExponents against units, of the three largest (memory over that of the smallest): "
        f"{slopes}.\n",
        f"The largest over {result['long_steps']} steps in a process of its own, making and "
        f"imports included: {result['long_seconds']:.0f} s, of which a processor worked "
        f"{result['long_processor_seconds']:.0f} s, and {result['long_mib']:.0f} MiB.",
    ]
    return "\n".join(lines)


def processor_seconds():
    """Seconds that all children that have ended had a processor, which others do not take."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="up to 64 x 64")
    parser.add_argument("--device", default="cpp", choices=("numpy", "cython", "cpp"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.alone:
        name, side, steps = args.alone
        run_alone(name, int(side), int(steps))
        return

    load = [psutil.getloadavg()[0]]
    sides = SIDES[:2] if args.quick else SIDES
    rows = []
    sheet(4)  # imports
    for side in sides:
        rows.append(measured(side, STEPS, args.repeats, args.device))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    run_alone(args.device, sides[-1], LONG)  # compiled here
    started, used = time.perf_counter(), processor_seconds()
    most = peak(__file__, args.device, sides[-1], LONG)
    seconds, used = time.perf_counter() - started, processor_seconds() - used
    result = {
        "machine": platform.machine(),
        "cores": psutil.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "device": args.device,
        "rows": rows,
        "exponents": exponents(rows),
        "long_steps": LONG,
        "long_seconds": seconds,
        "long_processor_seconds": used,
        "long_mib": most,
        "load": [*load, psutil.getloadavg()[0]],
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(show(result))


if __name__ == "__main__":
    main()
