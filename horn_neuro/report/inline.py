"""Objects in notebooks: their words, and a small picture inside the page."""

import base64
import html
import io

__all__ = ["in_a_notebook"]


def in_a_notebook(words, figure=None, alt=""):
    """Return HTML of an object's words and, below them, a figure.

    Parameters
    ----------
    words : str
        What `repr` says.
    figure : matplotlib.figure.Figure | None
        The picture, where there is one.
    alt : str
        What it shows, for those who do not see it.

    Returns
    -------
    page : str
    """
    page = f"<pre>{html.escape(words)}</pre>"
    if figure is None:
        return page
    picture = io.BytesIO()
    figure.savefig(picture, dpi=80)
    code = base64.b64encode(picture.getvalue()).decode()
    return f'{page}<img alt="{html.escape(alt)}" src="data:image/png;base64,{code}">'
