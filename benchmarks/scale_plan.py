"""The page of `scale.py`: tables, exponents, and plans past one machine that follow from them."""

import numpy as np

GIB = 2**30
# Assumed, not measured, and said so on the page: (bytes a second, seconds to begin) of a network.
NETWORK = (25e9, 20e-6)
GPUS, BATCH, SEQUENCES = 64, 128, 60_000
LOADS = (1, 10, 100, 1000)


def power(rows, x, y="seconds", last=3):
    """Return (coefficient, exponent) of the power law through the last rows."""
    points = np.log([[row[x], max(row[y], 1e-12)] for row in rows[-last:]])
    exponent, constant = np.polyfit(*points.T, 1)
    return float(np.exp(constant)), float(exponent)


def beyond(rows, x, *names):
    """Return what each row takes more than the first, which has what is there but once."""
    first, *others = rows
    return [{name: row[name] - first[name] for name in (x, *names)} for row in others]


def grown(rows, number, y="seconds"):
    """Return y of so many "rows", by the power law beyond the first."""
    law = power(beyond(rows, "rows", y), "rows", y)
    return rows[0][y] + at(law, number - rows[0]["rows"])


def line(rows, x, y="seconds"):
    """Return (y at x = 0, slope) of the line through all rows."""
    slope, start = np.polyfit([row[x] for row in rows], [row[y] for row in rows], 1)
    return float(start), float(slope)


def per_step(rows):
    """Return, for each n of two numbers of steps, seconds of a step and of the call itself."""
    found = []
    for short, long in zip(rows[::2], rows[1::2], strict=True):
        step = (long["seconds"] - short["seconds"]) / (long["steps"] - short["steps"])
        call = short["seconds"] - short["steps"] * step
        found.append({"n": short["n"], "step": step, "call": call, "mebibytes": long["mebibytes"]})
    return found


def table(rows, *names):
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    lines += [f"| {' | '.join(cell(row[name]) for name in names)} |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(value):
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.3g}"
    return value if isinstance(value, str) else f"{value:,.0f}"


def measured(found):
    steps = per_step(found["sparse by n"])
    training = [*found["training by n"], *found["training by batch"], *found["training by steps"]]
    return f"""# Scale, measured and planned

    {found["command"]}

{found["machine"]}; {found["minutes"]:.1f} minutes, with a load of {found["load"]:.1f} at the start.
Written by that command, numbers included. One thread in each process; seconds are those of the
fastest of three whole calls, MiB what the processes take beside what they had before, in training
what a new one takes beside a tiny step.

## Simulation (cpp, float64)

{table(found["dense by n"], "n", "trials", "steps", "seconds", "mebibytes")}
{table(found["dense by trials"], "n", "trials", "steps", "seconds", "mebibytes")}
x and y recorded at every step:

{table(found["recorded by steps"], "n", "trials", "steps", "seconds", "mebibytes")}
{found["fan_in"]} connections to every unit, one trial, nothing recorded: seconds of a step, and
of the call beside its steps.

{table(steps, "n", "step", "call", "mebibytes")}
## Training (native backend, float32, forward and backward)

{table(training, "n", "batch", "steps", "parameters", "seconds", "mebibytes")}
Sums over two processes on loopback (gloo):

{table(found["sums by bytes"], "bytes", "seconds")}
## Exponents

Of power laws through the last three sizes; of sweeps, of what they take beyond the smallest, in
which is what they take but once.

{exponents(found, steps)}
{sweeps(found)}
Everything below is **extrapolated** by these exponents, beyond the sizes that were measured.
"""


def exponents(found, steps):
    rows, names = [], ("seconds", "resume seconds", "mebibytes")
    driver = beyond(found["driver by rows"], "rows", *names)
    dask = beyond(found["dask by rows"], "rows", "seconds")
    for name, points, x, y in (
        ("dense", found["dense by n"], "n", "seconds"),
        ("dense", found["dense by trials"], "trials", "seconds"),
        ("dense, recorded", found["recorded by steps"], "steps", "seconds"),
        ("sparse, a step", steps, "n", "step"),
        ("sparse, the call", steps, "n", "call"),
        ("training", found["training by n"], "n", "seconds"),
        ("training", found["training by batch"], "batch", "seconds"),
        ("training", found["training by steps"], "steps", "seconds"),
        ("sweep, rows with files", driver, "rows", "seconds"),
        ("sweep, rows read again", driver, "rows", "resume seconds"),
        ("sweep, rows on Dask", dask, "rows", "seconds"),
    ):
        row = {"": name, "seconds": f"{x}^{power(points, x, y)[1]:.2f}", "MiB": ""}
        if "mebibytes" in points[0] and y in ("seconds", "call"):
            row["MiB"] = f"{x}^{power(points, x, 'mebibytes')[1]:.2f}"
        rows.append(row)
    return table(rows, "", "seconds", "MiB")


def sweeps(found):
    one, two = found["rows by workers"]
    each, last = found["row seconds"], found["sleeping by rows"][-1]
    start, slope = line(found["sleeping by rows"], "rows")
    whole = 2 * last["seconds"] / last["rows"] / each - 1
    names = ("rows", "seconds", "resume seconds", "bytes", "disk bytes", "mebibytes")
    return f"""## Sweeps

{one["rows"]} rows that each take {each:g} s of a core: {one["seconds"]:.1f} s by one worker,
{two["seconds"]:.1f} s by two, start included: **{one["seconds"] / two["seconds"]:.2f} times** as
fast. Where the machine has other work, it has a share in that.

Rows that sleep for {each:g} s, two workers, with files: a row costs
**{100 * (2 * slope / each - 1):.1f} %** more than its seconds. The workers' start, the table and
the figure take {start:.1f} s; with these, {last["rows"]} rows cost {100 * whole:.1f} % more.

Rows that do nothing, in one process with their files:

{table(found["driver by rows"], *names)}
The same without files, by two workers of Dask:

{table(found["dask by rows"], "rows", "seconds")}"""


def at(law, x):
    return law[0] * x ** law[1]


def one_million_units(found):
    n, k, steps = 10**6, found["fan_in"], per_step(found["sparse by n"])
    step, call = (at(power(steps, "n", name), n) for name in ("step", "call"))
    memory = at(power(steps, "n", "mebibytes"), n) / 1024
    record = 16 * n
    return f"""
## A sparse network of 10^6 units, {k} connections each

| | |
|---|---|
| engine | cpp: one process of one machine, `scipy.sparse` w_rec |
| a step | {step:.2g} s, from {steps[-1]["n"]:,} units on by n^{power(steps, "n", "step")[1]:.2f} |
| 1000 steps, a second | {1000 * step / 60:.2g} min, and {call:.2g} s for the call |
| memory without records | {memory:.2g} GiB, for {n * k:.0e} connections |
| record of x and y | {record / 1e6:.0f} MB a step (16 bytes a unit, exactly) |
| the same, dense | {8 * n**2 / 1e12:.0f} TB of weights |

**What breaks first is the record**: a machine of 64 GiB holds x and y of
{max(0.0, 64 - memory) * GIB / record:,.0f} steps. With `every=10` these are ten times as many, with
`record=("spikes",)` the record is nearly nothing, and longer simulations are run in parts, each
from the `final_state` of the one before. Next comes time, which is that of fetching y from memory
in random order. Connections are counted in 32 bits, which end at {2**31 // k:,} such units. More
than one machine does not carry one network: no step has an exchange between processes. The cuda
device takes the same declaration, and has not been measured on a GPU.
"""


def many_rows(found):
    rows, each, last = 10**5, found["row seconds"], found["driver by rows"][-1]
    driver = grown(found["driver by rows"], rows)
    resume = grown(found["driver by rows"], rows, "resume seconds")
    memory = grown(found["driver by rows"], rows, "mebibytes")
    task = grown(found["dask by rows"], rows)
    both = (driver + task) / rows
    return f"""
## A sweep of 10^5 rows

| | |
|---|---|
| engine | `sweep(..., slurm=N)` or `dask=`: one driver with the scheduler, N workers |
| work | {rows * each / 3600:.0f} core-hours at {each:g} s a row |
| driver, with files | {1e3 * driver / rows:.2g} ms a row, {driver / 60:.2g} min |
| Dask | {1e3 * task / rows:.2g} ms a row, {task / 60:.2g} min |
| workers that they keep busy | {each / both:.0f} at {each:g} s a row, {60 / both:.0f} at a minute |
| reading to resume | {resume / 60:.2g} min |
| files | {rows:,} of {last["bytes"] / last["rows"]:.0f} bytes |
| on the disk | {rows * last["disk bytes"] / last["rows"] / 1e6:.0f} MB |
| memory of the driver | {memory / 1024:.2g} GiB |

**What breaks first is the one process that hands out rows**: more workers than these wait for it.
Rows are then made longer (several seeds in one), or the grid is cut into several sweeps. Next come
the files: one is made and one is renamed for each row, {2 * rows:,} operations on the metadata
of a file system that a cluster shares, and as many inodes of a quota as there are rows. To save a
row takes no look at the others, so that it costs the same for the last as for the first. A job
that SLURM ends, after half an hour where nothing else is said, takes a row along, which another
worker begins anew; a row that is longer than four of them has failed, and the table says so.
"""


def many_gpus(found):
    rows, (bandwidth, latency) = found["training by n"], NETWORK
    n, batch, steps, parameters = (rows[-1][k] for k in ("n", "batch", "steps", "parameters"))
    scale = (BATCH / batch) ** power(found["training by batch"], "batch")[1]
    scale *= (784 / steps) ** power(found["training by steps"], "steps")[1]
    plans = []
    for size in (n // 4, n, 4 * n):
        count = size**2 + (parameters - n**2) * size // n
        compute = at(power(rows, "n"), size) * scale
        total = 2 * (GPUS - 1) * (latency + 4 * count / GPUS / bandwidth)
        plans.append({"n": size, "parameters": count, "a core, s": compute})
        plans[-1]["the sum, ms"] = 1e3 * total
        for load in LOADS:
            share = compute / load / (compute / load + total)
            plans[-1][f"efficiency at {load}"] = f"{100 * share:.0f} %"
    small, large = found["sums by bytes"][0], found["sums by bytes"][-1]
    return f"""
## Training on {GPUS} GPUs

A batch of {BATCH} sequences of 784 steps on each: its seconds on one core, by the exponents; the
sum of the gradient over {GPUS} as a ring, {2 * (GPUS - 1)} messages of 1/{GPUS} of it; and the
share of a step that is not spent on the sum, where a GPU is 1 to {LOADS[-1]} times a core.
**Assumed, not measured**, are those factors and a network of {bandwidth / 1e9:.0f} GB/s and
{1e6 * latency:.0f} us a message. On loopback, two processes sum {small["bytes"]:,} bytes in
{1e6 * small["seconds"]:.0f} us and {large["bytes"]:,} at
{large["bytes"] / large["seconds"] / 1e9:.2g} GB/s.

{table(plans, *plans[0])}
The engine is `train_smnist --nodes 8 --devices 8` (Lightning Fabric; two processes are tested to
learn as one) with the backend `"cuda_graph"`. Products and gradient both grow as n^2, with
{6 * BATCH * 784:,} operations for each number that is summed, so that the sum is no limit of large
networks; of small ones, its {2 * (GPUS - 1)} messages are, whatever they hold. **What breaks first
is the batch**: {GPUS} times {BATCH} sequences leave {SEQUENCES / GPUS / BATCH:.1f} updates of an
epoch of {SEQUENCES:,}, where one GPU makes {SEQUENCES / BATCH:.0f}. GPUs beyond the batch that the
task can use are better given to rows of a sweep, which share nothing. Then come the 784 steps of a
sequence, one after the other, which no number of GPUs makes fewer.
"""


def page(found):
    """Return the page (str) of what `scale.py` has measured."""
    return "".join(part(found) for part in (measured, one_million_units, many_rows, many_gpus))
