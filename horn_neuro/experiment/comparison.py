"""`compare`: what two runs of a protocol were set to, and what each has found."""

import html
import json
import math
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from horn_neuro.analysis import Estimate
from horn_neuro.experiment.run_folder import load_results

__all__ = ["Comparison", "compare"]

_FILES = ("report.html", "results.json", "config.json", "findings.csv")
_NOTE = (
    "Intervals of differences are those of independent runs; * is one that leaves 0 out, as up to "
    "one in twenty does by chance. Runs that share seeds are not independent."
)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two runs of a protocol, A and B, side by side.

    Parameters
    ----------
    protocol : str
        Its name.
    runs : tuple of str
        Where the two are.
    configuration : pandas.DataFrame
        What differs in options, software and the rest of ``config.json``, columns A and B.
    findings : pandas.DataFrame
        A row for each number of either; columns A, "A low", "A high", the same of B, difference
        (B - A) with "difference low" and "difference high", and unit.

    Examples
    --------
    >>> import horn_neuro as hn, pandas as pd
    >>> nothing = pd.DataFrame()
    >>> hn.experiment.Comparison("plv", ("runs/a", "runs/b"), nothing, nothing).protocol
    'plv'
    """

    protocol: str
    runs: tuple
    configuration: pd.DataFrame
    findings: pd.DataFrame

    def __repr__(self):
        apart = sum(self._apart(row) for _, row in self.findings.iterrows())
        return (
            f"<Comparison | {self.protocol}: {len(self.configuration)} of the settings differ, "
            f"{apart} of {len(self.findings)} numbers are apart>"
        )

    @property
    def _named_runs(self):
        return zip("AB", self.runs, strict=True)

    @staticmethod
    def _apart(row):
        return bool(row["difference low"] > 0 or row["difference high"] < 0)

    def _cells(self, row):
        """Return A, B and their difference as texts."""
        texts = []
        for name, sign in (("A", ""), ("B", ""), ("difference", "+")):
            value, low, high = row[name], row[f"{name} low"], row[f"{name} high"]
            none = math.isnan(low)
            one = Estimate(value, None if none else low, None if none else high, row["unit"])
            texts.append("" if math.isnan(value) else format(one, sign))
        texts[2] += " *" * self._apart(row)
        return texts

    def __str__(self):
        lines = [self.protocol, *(f"{name}: {run}" for name, run in self._named_runs), ""]
        lines.append("What differs" if len(self.configuration) else "What differs: nothing")
        for name, row in self.configuration.iterrows():
            lines += [f"  {name}", *(f"    {run}: {_short(row[run])}" for run in "AB")]
        lines += ["", "What was found: A, B, and B - A"]
        for name, row in self.findings.iterrows():
            lines += textwrap.wrap(name, 80, initial_indent="  ", subsequent_indent="  ")
            lines.append("    " + "   ".join(f"{text:25}" for text in self._cells(row)).rstrip())
        return "\n".join([*lines, "", textwrap.fill(_NOTE, 80)])

    def _repr_html_(self):
        """Return both tables, for notebooks."""
        tables = [f"<p>{html.escape(self.protocol)}</p>"]
        for head, table, cells in (
            (("A", "B"), self.configuration, lambda row: [_short(value) for value in row]),
            (("A", "B", "B - A"), self.findings, self._cells),
        ):
            rows = [("", *head), *((name, *cells(row)) for name, row in table.iterrows())]
            kinds = ["th", *["td"] * len(table)]
            body = "".join(
                f"<tr>{''.join(f'<{kind}>{html.escape(cell)}</{kind}>' for cell in row)}</tr>"
                for kind, row in zip(kinds, rows, strict=True)
            )
            tables.append(f"<table>{body}</table>")
        runs = "; ".join(f"{name}: {run}" for name, run in self._named_runs)
        return "".join(tables) + f"<p>{html.escape(runs)}. {_NOTE}</p>"


def compare(run_a, run_b):
    """Set two runs of a protocol side by side: what differs in settings, and in findings.

    Parameters
    ----------
    run_a, run_b : str | Path
        Folders of runs, or a report or results in them, or results that were kept as those
        in ``benchmarks/results``.

    Returns
    -------
    comparison : Comparison
        Shows itself in notebooks, and as text by ``print``; its tables are pandas's.

    Raises
    ------
    FileNotFoundError
        If there is no run.
    ValueError
        If a file is damaged, or the two are of different protocols.

    Notes
    -----
    The interval of a difference is that of two independent estimates by their own intervals (the
    method of variance estimates recovery: Zou and Donner, Statistics in Medicine 27, 2008,
    doi:10.1002/sim.3095).

    Examples
    --------
    Of two folders with the least that a run leaves in them:

    >>> import horn_neuro as hn, tempfile
    >>> runs = [tempfile.TemporaryDirectory() for seed in (1, 2)]
    >>> for seed, run in enumerate(runs):
    ...     folder = hn.experiment.RunFolder(run.name)
    ...     found = {"hits": hn.analysis.mean_interval([70 + 5 * seed, 74, 75])}
    ...     folder.save_json("results.json", {"findings": found})
    ...     folder.save_json("config.json", {"protocol": "plv", "options": {"seed": seed}})
    >>> both = hn.compare(*(run.name for run in runs))
    >>> both
    <Comparison | plv: 1 of the settings differ, 0 of 1 numbers are apart>
    >>> print(*str(both).splitlines()[10:12], sep="\\n")
      hits
        73.0 [66.4, 79.6]           74.7 [73.2, 76.1]           +1.7 [-5.1, +8.4]
    >>> for run in runs:
    ...     run.cleanup()
    """
    (one, found_a), (other, found_b) = _read(run_a), _read(run_b)
    if one["protocol"] != other["protocol"]:
        raise ValueError(
            f"{run_a} is a run of {one['protocol']}, and {run_b} of {other['protocol']}: give two "
            "of one protocol"
        )
    settings = _settings(one, other), _settings(other, one)
    names = list(dict.fromkeys([*settings[0], *settings[1]]))
    pairs = {name: [each.get(name) for each in settings] for name in names}
    differ = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    rows = {
        name: _beside(found_a.get(name), found_b.get(name))
        for name in dict.fromkeys([*found_a, *found_b])
    }
    return Comparison(
        one["protocol"],
        (str(run_a), str(run_b)),
        pd.DataFrame.from_dict(differ, orient="index", columns=["A", "B"], dtype=object),
        pd.DataFrame.from_dict(rows, orient="index"),
    )


def _read(run):
    """Return the configuration of a run, and its estimates by name."""
    path = Path(run).expanduser()
    path = path.parent if path.name in _FILES else path
    if path.is_dir() or not path.exists():
        results, config = load_results(path), load_results(path / "config.json")
    else:
        try:
            results = config = json.loads(path.read_bytes())
            config["protocol"], config["findings"].items()
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(
                f"{path} holds no results of a protocol; give the folder of a run"
            ) from None
    return config, {
        name: Estimate(**{"value": math.nan, **{k: v for k, v in row.items() if v is not None}})
        for name, row in results["findings"].items()
    }


def _settings(config, other):
    """Return what a run was set to, by name; options tell more than the command does."""
    without = {"answer", "command", "findings", "protocol", "seconds"}
    if "options" not in config or "options" not in other:  # of kept results, details are beside
        config = {key: config[key] for key in ("command", "versions") if key in config}
        without = set()
    return dict(_flat({key: value for key, value in config.items() if key not in without}))


def _flat(tree, path=""):
    for key, value in tree.items():
        name = f"{path}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _short(value):
    """Return a setting as a text of one line."""
    text = "" if value is None else " ".join(map(str, value)) if isinstance(value, list) else value
    return textwrap.shorten(str(text), 60, placeholder=" ...")


def _beside(a, b):
    """Return a row: two estimates, either of which may be missing, and their difference."""
    units = {one.unit for one in (a, b) if one is not None}
    a, b = a or Estimate(math.nan), b or Estimate(math.nan)
    row = _named("A", a.value, a.low, a.high) | _named("B", b.value, b.low, b.high)
    low = high = math.nan
    change = b.value - a.value if len(units) == 1 else math.nan
    if a.low is not None and b.low is not None:
        low = change - math.hypot(b.value - b.low, a.high - a.value)
        high = change + math.hypot(b.high - b.value, a.value - a.low)
    return row | _named("difference", change, low, high) | {"unit": units.pop()}


def _named(name, value, low, high):
    low, high = (math.nan if bound is None else bound for bound in (low, high))
    return {name: value, f"{name} low": low, f"{name} high": high}
