"""The command line: ``horn-neuro list``, ``horn-neuro NAME`` and ``horn-neuro compare A B``."""

import argparse
import ast
import importlib
import itertools
import os
import pkgutil
import shlex
import signal
import sys
import textwrap
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from horn_neuro.experiment.comparison import compare
from horn_neuro.experiment.frame import Experiment

__all__ = ["find_experiment", "main", "run_command"]


@contextmanager
def _any_terminal():
    """Print in any encoding, and to a reader that leaves early (``| head -1``)."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        with suppress(BrokenPipeError):
            yield
    finally:
        for stream in streams:
            try:
                stream.flush()
            except BrokenPipeError:
                # Python flushes once more as it ends.
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@_any_terminal()
def main():
    """Run ``horn-neuro``; exits with a status."""
    import horn_neuro.protocols

    (folder,) = horn_neuro.protocols.__path__
    names = sorted(module.name for module in pkgutil.iter_modules([folder]))
    command, *argv = sys.argv[1:] or ["list"]
    if command in names:
        run_command(_experiment(command, names), f"horn-neuro {command}", argv)
    elif command == "sweep":
        # Sweeps stand above this room, and are looked up by name like protocols.
        sweeps = importlib.import_module("horn_neuro.sweep.command")
        sweeps.run_sweep(partial(_experiment, names=names), argv)
    elif command == "compare":
        _compare(argv)
    elif command in ("list", "-h", "--help"):
        for name in names:
            print(f"{name:18} {_story(Path(folder, f'{name}.py')).splitlines()[0]}")
        print("\nhorn-neuro NAME --help tells more, horn-neuro NAME --fast is a first look;")
        print("horn-neuro compare RUN_A RUN_B sets two runs of a protocol side by side.")
    else:
        sys.exit(f"horn-neuro: there is no {command}; choose {', '.join(names)}, or list")


def _compare(argv):
    """Print what two runs differ in, or exit with one line."""
    parser = argparse.ArgumentParser(
        prog="horn-neuro compare",
        description="What differs between two runs of a protocol: in settings, and in findings.",
    )
    parser.add_argument("run_a", metavar="RUN_A", help="the folder of a run, or results kept")
    parser.add_argument("run_b", metavar="RUN_B", help="another one of the same protocol")
    runs = parser.parse_args(argv)
    try:
        both = compare(runs.run_a, runs.run_b)
    except (OSError, ValueError) as error:
        sys.exit(f"compare: {error}")
    print(both)


def _story(path):
    """Return the docstring of a file, which ``python -OO`` does not keep."""
    return ast.get_docstring(ast.parse(path.read_bytes()))


def _experiment(name, names):
    """Return the `Experiment` of a protocol, or exit."""
    if name not in names:
        sys.exit(f"horn-neuro: there is no {name}; choose {', '.join(names)}")
    return find_experiment(name)


def find_experiment(name):
    """Return the `Experiment` (type) that a protocol's module defines.

    Parameters
    ----------
    name : str
        Of the module in `horn_neuro.protocols`.
    """
    module = importlib.import_module(f"horn_neuro.protocols.{name}")
    (cls,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Experiment)
        and value.__module__ == module.__name__
    )
    return cls


@_any_terminal()
def run_command(cls, program, argv):
    """Run an experiment with the options of a command line; failures exit with one line.

    The status is 2 where options are refused, before anything runs, and 1 for other failures.

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
    out, size = given.pop("out", None), given.pop("size", "default")
    resume = given.pop("resume", False)
    try:
        experiment = cls(size, **given)
    except ValueError as error:
        with suppress(BrokenPipeError):
            print(f"{cls.name()}: {error}", file=sys.stderr)
        sys.exit(2)
    out = Path(out).expanduser() if out else None if resume else _new_folder(cls.name())
    try:
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


def _new_folder(name):
    """Make the folder of a run under runs; it is its own, of several in one second too."""
    first = f"runs/{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    for k in itertools.count(1):
        folder = Path(first if k == 1 else f"{first}-{k}")
        try:
            folder.mkdir(parents=True)
        except OSError:
            if os.path.lexists(folder):
                continue
        return folder  # of what else is wrong with it, the run tells


def _how_to_resume(program, argv, out):
    if out is None or not (out / "parts").is_dir():
        return ""
    options = [word for word in argv if word != "--resume"]
    if not any(word.partition("=")[0] == "--out" for word in argv):
        options += ["--out", str(out)]
    options += ["--resume"]
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
    takes = f"Takes {cls.takes.default} on two cores, and leaves" if cls.takes.default else "Leaves"
    parser = argparse.ArgumentParser(
        prog=program,
        description=_story(Path(sys.modules[cls.__module__].__file__)),
        epilog=f"{takes} report.html, results.json,\n"
        "findings.csv, config.json and figures in a new folder under runs, or in that of --out.",
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
