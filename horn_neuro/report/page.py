"""The report of a run: one HTML page that opens with the answer."""

import html
import sys

import mne

from horn_neuro._files import to_json

__all__ = ["report_problem", "write_report"]


def report_problem():
    """Say what keeps reports from being written here (str), or return None.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.report.report_problem()  # nothing is missing
    """
    if sys.flags.optimize > 1:
        try:
            mne.Report  # noqa: B018
        except ValueError:
            return "python -OO has no docstrings, without which MNE has no reports; take python -O"
    return None


def write_report(path, title, answer, pictures, rows, config):
    """Write a page: the answer in sentences, figures, numbers, and the folded configuration.

    Parameters
    ----------
    path : str | Path
        The file, beside which ``figures``, ``results.json`` and ``findings.csv`` lie.
    title : str
        Title of the page.
    answer : list of str
        Sentences, each a paragraph.
    pictures : dict of str to (Path, str)
        PNG files, with an SVG of the same name beside each, or animated GIFs, and captions, by
        title.
    rows : dict of str to Estimate
        Numbers by name.
    config : dict
        The configuration.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> from pathlib import Path
    >>> rows = {"what": hn.analysis.Estimate(0.3, 0.1, 0.5)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder, "report.html")
    ...     hn.report.write_report(page, "A title", ["It does, by 0.3."], {}, rows, {})
    ...     "It does, by 0.3." in page.read_text()
    True
    """
    page = mne.Report(title=title, verbose="error")
    page.add_html(
        "".join(f"<p>{html.escape(sentence)}</p>" for sentence in answer), title="Answer", tags=()
    )
    for name, (picture, caption) in pictures.items():
        page.add_image(picture, title=name, caption=caption, tags=())
    page.add_html(_table(rows), title="Numbers", tags=())
    files = [
        f"figures/{picture.with_suffix('.svg').name if picture.suffix == '.png' else picture.name}"
        for picture, _ in pictures.values()
    ]
    links = ", ".join(
        f"<a href='{file}'>{file}</a>" for file in ["results.json", "findings.csv", *files]
    )
    page.add_html(
        f"<p>Beside this page: {links}.</p>"
        f"<details><summary>Configuration</summary><pre>{html.escape(to_json(config))}</pre></details>",
        title="Files and configuration",
        tags=(),
    )
    page.save(path, overwrite=True, open_browser=False, verbose="error")


def _table(rows):
    lines = []
    for name, estimate in rows.items():
        value, _, interval = format(estimate).partition(" [")
        interval = interval.partition("]")[0].replace(",", " to")
        unit, p = estimate.unit or "", estimate.p_text
        cells = (name, value.removesuffix(unit), interval, unit, estimate.n or "", p)
        lines.append("".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells))
    head = "".join(f"<th>{name}</th>" for name in ("", "value", "95 % interval", "unit", "n", "p"))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table class='table table-sm'><tr>{head}</tr>{body}</table>"
