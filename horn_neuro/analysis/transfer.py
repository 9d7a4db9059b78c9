"""`Transfer`: a trained network in torch and in Brian2, compared digit by digit."""

from dataclasses import dataclass

import numpy as np

from horn_neuro.analysis.agreement import logit_margin
from horn_neuro.analysis.statistics import proportion

__all__ = ["Transfer"]


@dataclass(frozen=True, eq=False)
class Transfer:
    """What a network answers in Brian2 and in its torch twins.

    Parameters
    ----------
    labels : ndarray of int, shape (n_digits,)
        The true classes.
    logits : dict of str to ndarray, shape (n_digits, n_classes)
        Of "brian2", and of the twins "float64" and "float32".
    error : dict of str to ndarray, shape (n_steps,)
        Largest relative difference of Brian2's x and y from the float64 twin's
        at every step, over all digits and units.
    control : float
        The same difference at the last step, in x, where Brian2 has the
        transposed weights: what a mistake looks like.
    control_agreement : float
        Share of equal labels in that control.
    """

    labels: np.ndarray
    logits: dict
    error: dict
    control: float
    control_agreement: float

    def answers(self, name):
        """Return the predicted classes (ndarray, shape (n_digits,))."""
        return self.logits[name].argmax(axis=1)

    @property
    def margin(self):
        """Margins of the float64 twin's decisions (ndarray, shape (n_digits,))."""
        return logit_margin(self.logits["float64"])

    def differing(self, name):
        """List the digits that get another answer than the float64 twin's, and their margins.

        Parameters
        ----------
        name : 'brian2' | 'float32'
            Which answers.

        Returns
        -------
        differing : list of dict
            Digit (its index), label, both answers and the margin.
        """
        answers, expected = self.answers(name), self.answers("float64")
        return [
            {
                "digit": int(k),
                "label": int(self.labels[k]),
                "float64": int(expected[k]),
                name: int(answers[k]),
                "margin": float(self.margin[k]),
            }
            for k in np.flatnonzero(answers != expected)
        ]

    def shift(self, name):
        """Return the largest difference of each digit's logits from the float64 twin's."""
        return np.abs(self.logits[name] - self.logits["float64"]).max(axis=1)

    def numbers(self):
        """Return what the comparison found, as (name, value) pairs of text."""
        n = len(self.labels)
        found = []
        for name, text in (("brian2", "Brian2 (float64)"), ("float32", "float32 twin")):
            equal = self.answers(name) == self.answers("float64")
            value = f"{equal.sum()} of {n}"
            if equal.all():
                value += f" (at 95 % confidence, fewer than {100 * 3 / n:.2g} % differ)"
            else:
                value += f"; largest margin of the others {max(self.margin[~equal]):.1e}"
            found.append((f"Same label as the float64 twin: {text}", value))
        for name, text in (("float64", "float64 twin"), ("brian2", "Brian2")):
            accuracy = proportion(self.answers(name) == self.labels)
            found.append((f"Accuracy, {text} (%)", str(accuracy.scaled(100))))
        for name, course in self.error.items():
            found.append(
                (
                    f"Largest relative error of {name}, any step and at the last",
                    f"{course.max():.1e}, {course[-1]:.1e}",
                )
            )
        found.append(
            (
                "The same with transposed weights, x at the last step; same labels",
                f"{self.control:.2g}; {100 * self.control_agreement:.0f} %",
            )
        )
        return found

    def summary(self):
        """Return the results as a dictionary for JSON."""
        accuracy = {
            name: proportion(self.answers(name) == self.labels).to_dict() for name in self.logits
        }
        return {
            "digits": len(self.labels),
            "differing": {name: self.differing(name) for name in ("brian2", "float32")},
            "smallest_margin": float(self.margin.min()),
            "accuracy": accuracy,
            "largest_logit_shift": {
                name: float(self.shift(name).max()) for name in ("brian2", "float32")
            },
            "relative_error": {
                name: {"largest": float(course.max()), "last": float(course[-1])}
                for name, course in self.error.items()
            },
            "transposed_weights": {"error": self.control, "agreement": self.control_agreement},
        }
