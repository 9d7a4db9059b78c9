"""Write the pages of the searches for training settings, from their kept tables.

    python docs/search_pages.py

makes benchmarks/results/TASK_search.md of two tables beside it. TASK_search.csv is table.csv of a
sweep, below its command; what the sweep leaves out of an earlier and larger search, whose script
is gone, is in TASK_search_earlier.csv.
"""

from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
TASKS = {"smnist": "pixels in their order", "psmnist": "permuted pixels"}
NAMES = {"coupling": "std of w_rec", "lr": "learning rate"}
OUTCOMES = {
    f"horn_{kind}: validation, best epoch": f"{kind} (%)"
    for kind in ("homogeneous", "heterogeneous")
}


def read(name):
    """Return a kept table (DataFrame), and the lines above it (list of str)."""
    lines = (RESULTS / name).read_text().splitlines()
    return pd.read_csv(RESULTS / name, comment="#"), [x[2:] for x in lines if x[:1] == "#"]


def as_markdown(table):
    """Return a DataFrame as a table of a page (str)."""
    rows = [table.columns, ["---"] * table.shape[1], *table.astype(str).to_numpy()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def swept(table):
    """Return the accuracies of each row of a sweep, a column for each model."""
    table = table[table["outcome"].isin(OUTCOMES)]
    settings = list(table.columns[: table.columns.get_loc("outcome")])
    wide = table.pivot(index=settings, columns="outcome", values="value").reindex(columns=OUTCOMES)
    wide = wide.round(1).rename(columns=OUTCOMES).reset_index()
    wide["omega"] = wide["omega"].str.strip("[]").str.replace(", ", " to ")
    return wide.rename(columns=NAMES)


def earlier(table):
    """Return the accuracies of each row of an earlier search, all epochs in one column."""
    settings = list(table.columns[:-2])
    text = table["validation"].astype(str)
    each = text.groupby([table[name] for name in settings], sort=False).agg(" ".join)
    return each.rename("accuracy by epoch (%)").reset_index().rename(columns=NAMES)


def page(task):
    """Return the page of a search (str, Markdown)."""
    now, (command, made) = read(f"{task}_search.csv")
    before, (script, setting, said) = read(f"{task}_search_earlier.csv")
    now = swept(now)
    best = " and ".join(
        f"{now[name].max():g} % for {name.split()[0]} units at omega {row['omega']}, gamma "
        f"{row['gamma']:g}, std {row['std of w_rec']:g}"
        for name in OUTCOMES.values()
        for row in [now.loc[now[name].idxmax()]]
    )
    return f"""# Which frequencies, damping and coupling learn {TASKS[task]}?

Written by `python docs/search_pages.py` from `{task}_search.csv`, the table of

    {command}

({made}).

Omega: two natural frequencies in rad a step, between which heterogeneous units are spread, and
whose geometric mean equal ones have. Accuracy on validation digits, best epoch, one seed: what
choosing the best makes look too good. Best: {best}.

{as_markdown(now)}

The settings of `smnist.md` come from an earlier and larger search, which is not repeated here
(`{task}_search_earlier.csv`; its script is gone: `{script}`).
{setting}. {said}

{as_markdown(earlier(before))}
"""


if __name__ == "__main__":
    for task in TASKS:
        (RESULTS / f"{task}_search.md").write_text(page(task))
