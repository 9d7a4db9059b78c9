"""The table that a sweep ends with, and a figure of it."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from horn_neuro.analysis import Estimate, mean_interval
from horn_neuro.report.style import BLACK, BLUE, GREEN, ORANGE, PINK

__all__ = ["Sweep"]

FEWEST = 5  # fewer rows are shown one by one, without an interval
_PARTS = ("value", "low", "high", "unit", "n", "p_value")
_KINDS = ({int, float}, {bool}, {str})


class Sweep:
    """What the rows of a sweep have left.

    Parameters
    ----------
    records : list of dict
        Row, outcomes, error and seconds of each row.
    name : str
        Of the task.

    Attributes
    ----------
    table : DataFrame
        One line for each outcome of each row: the row's parameters, then outcome,
        value, low, high, unit, n and p_value, where there are any. A parameter that is
        neither always a number nor always true or false is text.
    outcomes : list of str
        Their names, in the order of the task.
    failed : DataFrame
        One line for each row that failed: its parameters, error and seconds.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> outcomes = [{"square": {"value": k**2}} for k in (1, 2, 3)]
    >>> records = [
    ...     {"row": {"k": k + 1}, "outcomes": found, "error": None, "seconds": 0.1}
    ...     for k, found in enumerate(outcomes)
    ... ]
    >>> float(hn.sweep.Sweep(records, "squares").outcome("square", ["k"])[(3,)].value)
    9.0
    """

    def __init__(self, records, name):
        self.name, self.parameters = name, list(records[0]["row"]) if records else []
        rows = [dict(record["row"]) for record in records]
        for parameter in self.parameters:
            if not any({type(row[parameter]) for row in rows} <= kinds for kinds in _KINDS):
                for row in rows:
                    row[parameter] = str(row[parameter])
        lines = [
            {**row, "outcome": outcome, **parts}
            for row, record in zip(rows, records, strict=True)
            for outcome, parts in (record["outcomes"] or {}).items()
        ]
        self.outcomes = list(dict.fromkeys(line["outcome"] for line in lines))
        columns = [*self.parameters, "outcome", *_PARTS]
        table = pd.DataFrame(lines, columns=columns)
        for column in ("value", "low", "high", "n", "p_value"):
            table[column] = table[column].astype(float)
        table["unit"] = [unit if isinstance(unit, str) else "" for unit in table["unit"]]
        self.table = table.sort_values([*self.parameters, "outcome"], kind="stable")
        self.table = self.table.reset_index(drop=True)
        failed = [
            {**row, "error": record["error"], "seconds": record["seconds"]}
            for row, record in zip(rows, records, strict=True)
            if record["error"] is not None
        ]
        self.failed = pd.DataFrame(failed, columns=[*self.parameters, "error", "seconds"])
        self.seconds = sum(record["seconds"] or 0.0 for record in records)
        self.n_rows = len(records)

    def __repr__(self):
        return (
            f"<Sweep | {self.name} over {', '.join(self.parameters)}: {self.n_rows} rows, "
            f"{len(self.failed)} failed, {len(self.outcomes)} outcomes, "
            f"{self.seconds:.1f} s of work>"
        )

    def save(self, path):
        """Write the table as NetCDF (``.nc``), which keeps types, or as text (``.csv``).

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        if str(path).endswith(".csv"):
            self.table.to_csv(path, index=False)
        elif str(path).endswith(".nc"):
            self.table.rename_axis("line").to_xarray().to_netcdf(path, engine="netcdf4")
        else:
            raise ValueError(f"path = {str(path)!r}: end it in .nc or .csv")

    def outcome(self, name, by):
        """Return an outcome against swept values, over seeds and whatever else was swept.

        Parameters
        ----------
        name : str
            Of the outcome.
        by : list of str
            One or two parameters.

        Returns
        -------
        estimates : dict of tuple to Estimate
            Mean over rows with equal values of `by`, its 95 % t interval from `FEWEST` rows
            on; of a single row, its own.

        Raises
        ------
        ValueError
            If there is no such outcome or parameter.
        """
        for what, value, known in (
            ("outcome", [name], self.outcomes),
            ("by", by, self.parameters),
        ):
            if not set(value) <= set(known):
                raise ValueError(f"{what} = {value}: choose from {', '.join(known)}")
        lines = self.table[self.table["outcome"] == name]
        estimates = {}
        for values, group in lines.groupby(list(by), sort=True):
            found = group["value"].dropna().to_numpy()
            if len(found) >= FEWEST:
                estimates[values] = mean_interval(found)
            elif len(found) > 1:
                estimates[values] = Estimate(float(found.mean()), n=len(found))
            elif len(found):
                line = group.loc[group["value"].notna()].iloc[0]
                low, high = (None if np.isnan(line[k]) else line[k] for k in ("low", "high"))
                estimates[values] = Estimate(found[0], low, high)
        return estimates

    def figure(self):
        """Return a figure (Figure) with a panel for each outcome, against what was swept.

        Of more than two parameters that vary, seeds aside, the first two are shown; of
        more than twelve outcomes, the first twelve. `plot` draws the others.
        """
        rows = self.table[self.parameters].drop_duplicates()
        by = [name for name in self.parameters if name != "seed" and rows[name].nunique() > 1][:2]
        names = self.outcomes[:12]
        n_columns = min(3, len(names))
        n_rows = -(-len(names) // n_columns)
        figure, axes = plt.subplots(
            n_rows, n_columns, figsize=(4.5 * n_columns, 3.5 * n_rows), squeeze=False
        )
        for name, ax in zip(names, axes.flat, strict=False):
            self.plot(name, by or self.parameters[:1], ax)
        for ax in axes.flat[len(names) :]:
            ax.remove()
        return figure

    def plot(self, name, by, ax):
        """Draw an outcome against one or two swept values.

        Parameters
        ----------
        name, by
            As of `outcome`. Of two parameters, the first is the horizontal axis; the
            second is told by lines if it has up to five values, else by rows of a map.
        ax : matplotlib.axes.Axes
            Where.
        """
        estimates, lines = self.outcome(name, by), self.table[self.table["outcome"] == name]
        across = sorted({values[0] for values in estimates})
        others = sorted({values[1] for values in estimates}) if len(by) == 2 else [None]
        unit = lines["unit"].iloc[0]
        label = "\n".join(textwrap.wrap(f"{name} ({unit})" if unit else name, 36))
        if len(others) > 5:
            values = [
                [getattr(estimates.get((a, b)), "value", np.nan) for a in across] for b in others
            ]
            image = ax.pcolormesh(range(len(across)), range(len(others)), values, cmap="cividis")
            ax.set_xticks(range(len(across)), [_short(a) for a in across])
            ax.set_yticks(range(len(others)), [_short(b) for b in others])
            ax.set(xlabel=by[0], ylabel=by[1])
            ax.figure.colorbar(image, ax=ax, label=label)
            return
        numeric = all(isinstance(a, int | float) and not isinstance(a, bool) for a in across)
        place = {a: a if numeric else k for k, a in enumerate(across)}
        for k, other in enumerate(others):
            at = [a for a in across if (a, *(() if other is None else (other,))) in estimates]
            found = [estimates[(a, *(() if other is None else (other,)))] for a in at]
            ends = np.array(
                [[e.low, e.high] if e.low is not None else [e.value] * 2 for e in found]
            )
            middle = np.array([e.value for e in found])
            ax.errorbar(
                [place[a] for a in at],
                middle,
                yerr=np.abs(ends.T - middle),
                color=_COLORS[k],
                marker="osD^v"[k],
                capsize=2,
                lw=1.5 if numeric else 0,
                label=None if other is None else f"{by[1]} {_short(other)}",
            )
            of_this = lines if other is None else lines[lines[by[1]] == other]
            if len(of_this) < FEWEST * len(at):
                x = [place[a] for a in of_this[by[0]]]
                ax.scatter(x, of_this["value"], s=10, alpha=0.6, color=_COLORS[k])
        if not numeric:
            ax.set_xticks(range(len(across)), [_short(a) for a in across])
        elif _geometric(across):
            ax.set_xscale("log")
        ax.set(xlabel=by[0], ylabel=label)
        if len(by) == 2:
            ax.legend()


_COLORS = (BLUE, ORANGE, GREEN, PINK, BLACK)


def _short(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _geometric(values):
    numbers = [isinstance(value, int | float) and value > 0 for value in values]
    return len(values) > 2 and all(numbers) and values[-1] / values[0] >= 20
