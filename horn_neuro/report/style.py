"""How figures look: colours that most people can tell apart, and quiet axes."""

from contextlib import contextmanager

import matplotlib
from matplotlib import pyplot as plt

__all__ = ["CONDITION_COLORS", "SEGMENT_COLORS", "class_colors", "styled"]

# Okabe and Ito's palette; line styles or markers always tell as well.
SEGMENT_COLORS = {"rest": "#7f7f7f", "stimulus": "#d55e00", "rebound": "#0072b2"}
CONDITION_COLORS = {
    "digits": "#d55e00",
    "shuffled": "#009e73",
    "kicks only": "#7f7f7f",
    "no recurrence": "#56b4e9",
}

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


def class_colors(n_classes):
    """Return one colour for each class, from a map of increasing lightness."""
    return matplotlib.colormaps["viridis"](
        [0.94 * k / max(1, n_classes - 1) for k in range(n_classes)]
    )


@contextmanager
def styled():
    """Use the style inside the block, and draw without a screen."""
    backend = matplotlib.get_backend()
    plt.switch_backend("agg")
    try:
        with plt.rc_context(_STYLE):
            yield
    finally:
        plt.close("all")
        plt.switch_backend(backend)
