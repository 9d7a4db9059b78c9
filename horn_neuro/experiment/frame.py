"""The frame of all experiments: options, progress, run folder, results, report."""

import random
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from horn_neuro._version import software_versions
from horn_neuro.experiment.options import Option, Sizes
from horn_neuro.experiment.run_folder import RunFolder
from horn_neuro.report import findings_table, report_problem, styled, write_report

__all__ = ["Experiment", "Findings"]


@dataclass(frozen=True)
class Findings:
    """What an experiment found.

    Parameters
    ----------
    answer : list of str
        Sentences, the first of which answers the question.
    rows : dict of str to Estimate
        The numbers behind it, by name.
    details : dict
        What else belongs into ``results.json``.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> rows = {"what": hn.analysis.Estimate(0.3, 0.1, 0.5)}
    >>> hn.experiment.Findings(["It does, by 0.3."], rows).answer
    ['It does, by 0.3.']
    """

    answer: list
    rows: dict
    details: dict = field(default_factory=dict)


class _Progress(tqdm):
    """A bar that nobody has to read: the run goes on without (``2>&1 | head``)."""

    def display(self, *args, **kwargs):
        with suppress(BrokenPipeError):
            super().display(*args, **kwargs)

    def close(self):
        with suppress(BrokenPipeError):
            super().close()


@contextmanager
def _users_random_numbers():
    """Leave the random numbers of Python, NumPy and torch where the user has them."""
    torch = sys.modules.get("torch")  # the experiments that need it have imported it
    states = random.getstate(), np.random.get_state(), torch and torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch:
            torch.set_rng_state(states[2])


class Experiment:
    """A question, what is measured to answer it, and how the answer is told.

    A subclass declares options as class attributes (`Option`), which its
    instances have as values, and defines `measure`, `findings` and `figures`.
    Its module asks the question in its docstring, and lends its name.

    Parameters
    ----------
    size : 'fast' | 'default' | 'full'
        Which of the `Sizes` hold where nothing is given.
    **given
        Options by name.

    Attributes
    ----------
    title : str
        Title of the report.
    takes : Sizes
        How long a run takes on two cores; "" where nobody has measured it.
    resumes : bool
        Whether pieces of work are kept (`keep`), so that a run can be resumed.
    folder : RunFolder
        Where to write further files.
    config : dict
        What else belongs into ``config.json``.
    writes : bool
        Whether this process writes and prints; of several processes, one does.
    quiet : bool
        Whether it shows no progress.

    Examples
    --------
    A protocol that there is, from Python:

    >>> from horn_neuro.protocols.damping import Damping
    >>> sorted(Damping.options())[:3]
    ['baselines', 'epochs', 'gammas']
    """

    title, takes, resumes, writes = "", Sizes("", "", ""), False, True
    quiet = False
    _interrupted, _bar = False, tqdm(disable=True, total=0)

    def __init__(self, size="default", **given):
        declared, given = self.options(), {k: v for k, v in given.items() if v is not None}
        if size not in Sizes._fields:
            raise ValueError(f"size = {size!r}: choose {', '.join(Sizes._fields)}")
        for name in given:
            if name not in declared:
                raise ValueError(f"there is no option {name}; there are {', '.join(declared)}")
            for other in set(declared[name].excludes) & set(given):
                raise ValueError(f"{name} would overrule {other}: give one of them")
            for other in set(declared[name].needs) - set(given):
                raise ValueError(f"{name} says nothing without {other}: give both, or neither")
        self.values = {
            name: option.resolve(name, given.get(name), size) for name, option in declared.items()
        }
        vars(self).update(self.values, size=size)
        words = ", ".join(f"{name}={value!r}" for name, value in {"size": size, **given}.items())
        self.command, self.config = f"{type(self).__name__}.run({words})", {}

    def __getstate__(self):
        """Leave the progress bar behind where work goes to another process."""
        return {name: value for name, value in vars(self).items() if name != "_bar"}

    def measure(self):
        """Do the work; returns what the next two methods take."""
        raise NotImplementedError

    def findings(self, result):
        """Return the `Findings`."""
        raise NotImplementedError

    def figures(self, result):
        """Return figures and their captions (dict of str to (Figure, str)), by title."""
        raise NotImplementedError

    def animations(self, result):
        """Return positions of a sheet, (rows, columns, n_times), and captions, by title (dict)."""
        return {}

    @classmethod
    def options(cls):
        """Return all options that are declared (dict of str to Option)."""
        spaces = (vars(base) for base in cls.__mro__)
        return {n: v for space in spaces for n, v in space.items() if isinstance(v, Option)}

    @classmethod
    def name(cls):
        """Return its name (str), which is that of its file."""
        return Path(sys.modules[cls.__module__].__file__).stem

    @classmethod
    def run(cls, size="default", out=None, resume=False, **options):
        """Run the experiment.

        Parameters
        ----------
        size : 'fast' | 'default' | 'full'
            Which of the sizes hold where nothing is given.
        out : str | Path | None
            A new folder for report, figures, results and configuration; None
            writes nothing.
        resume : bool
            Whether to continue the run in `out`, which was stopped.
        **options
            As ``--help`` lists them.

        Returns
        -------
        result : object
            What `measure` returns.
        """
        return cls(size, **options).start(out, resume)[0]

    @classmethod
    def main(cls):
        """Run the experiment as a script."""
        from horn_neuro.experiment.command import run_command

        run_command(cls, f"python {sys.argv[0]}", sys.argv[1:])

    def expect(self, total, unit="step"):
        """Say how many times `step` will be called."""
        hidden = self.quiet or not self.writes or sys.stderr is None
        self._bar = _Progress(total=total, unit=unit, dynamic_ncols=True, disable=hidden)

    def step(self, text):
        """Say what begins now; what was said before is done."""
        if self._interrupted:  # and Brian2, which was forgetting an object, has swallowed it
            raise KeyboardInterrupt
        if not self._bar.disable:
            self._bar.update(self._bar.desc != "")
            self._bar.set_description(text)

    def keep(self, name, make):
        """Return `make()`, or what the run that is resumed has kept of it (`RunFolder.keep`)."""
        return self.folder.keep(name, make, self.values, self.writes)

    def keep_all(self, pieces):
        """Yield `keep(name, make)` for a list of these pairs, from parallel processes."""
        # A fast run is over before a second process has started.
        parallel = Parallel(1 if self.size == "fast" else -1, return_as="generator")
        results = parallel(delayed(self.keep)(*piece) for piece in pieces)
        for name, _ in pieces:
            self.step(name)
            yield next(results)

    @_users_random_numbers()
    def start(self, out=None, resume=False):
        """Measure, and write everything down, as `run` does; returns result and findings."""
        if resume and not (out and self.resumes):
            raise ValueError(
                f"resume: {'name the folder with --out' if self.resumes else 'no piece is kept'}"
            )
        started, complete = time.time(), False
        with tempfile.TemporaryDirectory() as scratch:
            self.folder = RunFolder(out or Path(scratch, "run"), self.values if resume else None)
            try:
                if out and (problem := report_problem()):
                    raise RuntimeError(problem)
                result = self.measure()
                self._bar.update(self._bar.total - self._bar.n)
                self._bar.set_description("writing")
                findings = self.findings(result) if self.writes else None
                if out and self.writes:
                    self._write(findings, result, started)
                complete = True
            finally:
                self._bar.close()
                if self.writes:
                    self.folder.close(complete)
        return result, findings

    def _write(self, findings, result, started):
        results = {"answer": findings.answer, "findings": findings.rows, **findings.details}
        self.folder.save_json("results.json", results)
        with self.folder.file("findings.csv") as path:
            findings_table(findings.rows).to_csv(path)
        config = {
            "protocol": self.name(),
            "command": self.command,
            "options": self.values,
            **self.config,
            "versions": software_versions(),
            "seconds": round(time.time() - started, 1),
        }
        self.folder.save_json("config.json", config)
        with styled():
            pictures = {
                title: (self.folder.save_figure(title, figure), caption)
                for title, (figure, caption) in self.figures(result).items()
            }
            pictures |= {
                title: (self.folder.save_animation(title, x), caption)
                for title, (x, caption) in self.animations(result).items()
            }
        with self.folder.file("report.html") as path:
            write_report(path, self.title, findings.answer, pictures, findings.rows, config)
