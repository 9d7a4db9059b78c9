"""The HTML report of a run."""

import html
import json

import mne

__all__ = ["write_report"]


def write_report(folder, title, question, numbers, uncertainty, figures, config):
    """Write ``report.html``: question, numbers, figures, and how they came about.

    Parameters
    ----------
    folder : RunFolder
        Where to write.
    title : str
        Title of the page.
    question : str
        What the run asks, in a sentence or two.
    numbers : list of (str, str)
        What was measured, and the value with its uncertainty.
    uncertainty : str
        What the uncertainty is, in a sentence.
    figures : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    config : dict
        The configuration of the run, shown as JSON.
    """
    report = mne.Report(title=title, verbose="error")
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td><b>{html.escape(value)}</b></td></tr>"
        for name, value in numbers
    )
    report.add_html(
        f"<p>{html.escape(question)}</p><table class='table table-sm'>{rows}</table>"
        f"<p>{html.escape(uncertainty)}</p>",
        title="Answer",
    )
    for name, (figure, caption) in figures.items():
        report.add_figure(figure, title=name, caption=caption, image_format="png")
    report.add_html(
        f"<pre>{html.escape(json.dumps(config, indent=2))}</pre>", title="Configuration"
    )
    with folder.file("report.html") as path:
        report.save(path, overwrite=True, open_browser=False, verbose="error")
