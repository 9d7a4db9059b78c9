"""The command line: ``horn-neuro list``, and ``horn-neuro NAME`` with the options of NAME."""

import argparse
import ast
import importlib
import pkgutil
import shlex
import signal
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

from horn_neuro.experiment.frame import Experiment

__all__ = ["main", "run_command"]


def main():
    """Run ``horn-neuro``; exits with a status."""
    import horn_neuro.protocols

    (folder,) = horn_neuro.protocols.__path__
    names = sorted(module.name for module in pkgutil.iter_modules([folder]))
    command, *argv = sys.argv[1:] or ["list"]
    if command in names:
        module = importlib.import_module(f"horn_neuro.protocols.{command}")
        (cls,) = (
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, Experiment)
            and value.__module__ == module.__name__
        )
        run_command(cls, f"horn-neuro {command}", argv)
    elif command in ("list", "-h", "--help"):
        for name in names:
            question = ast.get_docstring(ast.parse(Path(folder, f"{name}.py").read_text()))
            print(f"{name:18} {question.splitlines()[0]}")
        print("\nhorn-neuro NAME --help tells more, horn-neuro NAME --fast is a first look.")
    else:
        sys.exit(f"horn-neuro: there is no {command}; choose {', '.join(names)}, or list")


def run_command(cls, program, argv):
    """Run an experiment with the options of a command line; failures exit with one line.

    Parameters
    ----------
    cls : type
        The `Experiment`.
    program : str
        What the command line begins with.
    argv : list of str
        The options.
    """
    given = vars(_parser(cls, program).parse_args(argv))
    new = f"runs/{cls.name()}-{time.strftime('%Y%m%d-%H%M%S')}"
    out = given.pop("out", None if "resume" in given else new)
    resume, size = given.pop("resume", False), given.pop("size", "default")
    try:
        experiment = cls(size, **given)
        experiment.command = shlex.join([*shlex.split(program), *argv])
        with _noting_interrupts(experiment):
            _, found = experiment.start(out, resume)
    except KeyboardInterrupt:
        sys.exit(f"\n{cls.name()}: stopped{_how_to_resume(program, argv, out)}")
    except (ArithmeticError, ImportError, MemoryError, OSError, RuntimeError, ValueError) as error:
        sys.exit(f"{cls.name()}: {error}{_how_to_resume(program, argv, out)}")
    if experiment.writes:
        print("\n".join(textwrap.fill(sentence, 80) for sentence in found.answer))
        print(f"Figures and numbers: {out}/report.html")


def _how_to_resume(program, argv, out):
    if out is None or not Path(out, "parts").is_dir():
        return ""
    options = [word for word in argv if word != "--resume"]
    options += ["--resume"] if "--out" in argv else ["--out", str(out), "--resume"]
    return f"\nWhat was done is kept; continue by\n    {program} {shlex.join(options)}"


@contextmanager
def _noting_interrupts(experiment):
    def interrupt(number, frame):
        experiment._interrupted = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _parser(cls, program):
    parser = argparse.ArgumentParser(
        prog=program,
        description=sys.modules[cls.__module__].__doc__,
        epilog=f"Takes {cls.takes.default} on two cores, and leaves report.html, results.json,\n"
        "config.json and figures in a new folder under runs, or in that of --out.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    sizes = parser.add_mutually_exclusive_group()
    for size, text in (("fast", "a first look"), ("full", "the size of a paper")):
        text += f", in {getattr(cls.takes, size)}" if getattr(cls.takes, size) else ""
        sizes.add_argument(f"--{size}", dest="size", action="store_const", const=size, help=text)
    for name, option in cls.options().items():
        option.add_to(parser, name)
    parser.add_argument("--out", metavar="DIR", help="a new folder for the results")
    if cls.resumes:
        parser.add_argument("--resume", action="store_true", help="continue the run in --out")
    return parser
