"""The report of a run: one HTML page, and everything in it as files."""

import html
import json
from dataclasses import dataclass

import mne

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """What every report of a protocol says.

    Parameters
    ----------
    title : str
        Title of the page.
    question : str
        What the protocol asks, in a sentence or two.
    uncertainty : str
        What the uncertainty of its numbers is.
    """

    title: str
    question: str
    uncertainty: str

    def write(self, folder, numbers, figures, results, config):
        """Write a run down: figures, results, configuration, and ``report.html`` with all of them.

        Parameters
        ----------
        folder : RunFolder
            Where to write.
        numbers : list of (str, str)
            What was measured, and the value with its uncertainty.
        figures : dict of str to (matplotlib.figure.Figure, str)
            Figures with their captions, by title; saved as PNG and SVG as well.
        results : dict | list
            What was measured, for ``results.json``.
        config : dict
            The configuration of the run, for ``config.json`` and the page.
        """
        for name, (figure, _) in figures.items():
            folder.save_figure(name.lower().replace(" ", "_"), figure)
        folder.save_json("results.json", results)
        folder.save_json("config.json", config)
        page = mne.Report(title=self.title, verbose="error")
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td><b>{html.escape(value)}</b></td></tr>"
            for name, value in numbers
        )
        page.add_html(
            f"<p>{html.escape(self.question)}</p><table class='table table-sm'>{rows}</table>"
            f"<p>{html.escape(self.uncertainty)}</p>",
            title="Answer",
        )
        for name, (figure, caption) in figures.items():
            page.add_figure(figure, title=name, caption=caption, image_format="png")
        page.add_html(
            f"<pre>{html.escape(json.dumps(config, indent=2))}</pre>", title="Configuration"
        )
        with folder.file("report.html") as path:
            page.save(path, overwrite=True, open_browser=False, verbose="error")

    def print(self, folder, headline, numbers):
        """Print what ran, its numbers (as of `write`), and where the report is."""
        print(f"\n{headline}")
        for name, value in numbers:
            print(f"  {name}: {value}")
        print(f"{self.uncertainty} Report: {folder.path / 'report.html'}")
