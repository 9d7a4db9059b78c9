"""How figures look: colours that most people can tell apart, and quiet axes."""

from collections import OrderedDict
from contextlib import contextmanager

import matplotlib
from matplotlib import pyplot as plt
from matplotlib._pylab_helpers import Gcf

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "MODEL_COLORS",
    "MODEL_MARKERS",
    "ORANGE",
    "PINK",
    "SEGMENT_COLORS",
    "SKY",
    "axes_or_new",
    "class_color",
    "styled",
]

# Okabe and Ito's palette; line styles or markers always tell as well.
BLACK, GREY = "#000000", "#7f7f7f"
ORANGE, BLUE, GREEN, SKY, PINK = "#d55e00", "#0072b2", "#009e73", "#56b4e9", "#cc79a7"
SEGMENT_COLORS = {"rest": GREY, "stimulus": ORANGE, "rebound": BLUE}
MODEL_COLORS = {"homogeneous": BLUE, "heterogeneous": ORANGE}
MODEL_MARKERS = {"homogeneous": "o", "heterogeneous": "s"}
# Ten classes: Petroff's accessible sequence, arXiv:2107.02270.
_CLASSES = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)

_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "legend.frameon": False,
    "legend.fontsize": "small",
    "svg.hashsalt": "horn_neuro",
}


def axes_or_new(ax):
    """Return axes to draw in: those that are given, or of a new figure where they are None."""
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def class_color(label):
    """Return the colour of a class, an integer; beyond ten they come again."""
    return _CLASSES[label % len(_CLASSES)]


@contextmanager
def styled():
    """Use the style inside the block, and draw without a screen.

    Figures made in the block are closed at its end; those that the user has open stay.

    Examples
    --------
    >>> import horn_neuro as hn, io
    >>> from matplotlib import pyplot as plt
    >>> with hn.report.styled():
    ...     figure, ax = plt.subplots()
    ...     figure.savefig(io.BytesIO())  # or into a file
    >>> plt.fignum_exists(figure.number)  # it is closed, those of yours are not
    False
    """
    backend = matplotlib.get_backend()
    # Out of sight of pyplot, which would close them, too (and, before 3.10, at every switch).
    users, Gcf.figs = Gcf.figs, OrderedDict()
    try:
        # Jupyter's shows nothing ever after if it is first loaded from another one.
        plt.switch_backend(backend)
        plt.switch_backend("agg")
        with plt.rc_context(_STYLE):
            yield
    finally:
        plt.close("all")
        plt.switch_backend(backend)
        Gcf.figs = users
