"""The command line ``horn-neuro sweep PROTOCOL --over NAME=VALUE,VALUE``."""

import argparse
import shlex
import sys

from horn_neuro.sweep.driver import sweep

__all__ = ["run_sweep"]


def run_sweep(load, argv):
    """Run a sweep as the options of a command line say; failures exit with one line.

    Parameters
    ----------
    load : callable
        Returns the `Experiment` of a name.
    argv : list of str
        The name, and the options.
    """
    if not argv or argv[0] in ("-h", "--help"):
        print("horn-neuro sweep NAME --over OPTION=VALUE,VALUE --out DIR")
        print("horn-neuro sweep NAME --help tells more.")
        return
    cls = load(argv[0])
    given = vars(_parser(cls).parse_args(argv[1:]))
    over = given.pop("over")
    controls = {name: given.pop(name) for name in _CONTROLS if name in given}
    try:
        over = dict(_values(cls, text) for text in over)
        result = sweep(cls, over, **controls, **given)
    except KeyboardInterrupt:
        sys.exit(f"\nsweep: stopped; continue by\n    {_again(argv)}")
    except (ConnectionError, ImportError, OSError, ValueError) as error:
        sys.exit(f"sweep: {error}")
    print(result)
    if len(result.failed):
        last = str(result.failed["error"].iloc[0]).strip().splitlines()[-1]
        print(f"{len(result.failed)} rows failed, the first by {last}; once it is mended, run")
        print(f"    {_again(argv)}")
    print(f"Table and figure: {controls['out']}/table.csv, outcomes.png")


_CONTROLS = ("out", "resume", "jobs", "dask", "slurm", "timeout", "memory", "seeds")


def _again(argv):
    return f"horn-neuro sweep {shlex.join([w for w in argv if w != '--resume'])} --resume"


def _values(cls, text):
    """Return name and values of ``name=value,value``; the experiment checks them."""
    name, equals, values = text.partition("=")
    name, options = name.replace("-", "_"), cls.options()
    if not equals or name not in options:
        raise ValueError(f"over = {text!r}: give NAME=VALUE,VALUE, of {', '.join(options)}")
    option, found = options[name], []
    for value in values.split(","):
        try:
            # A value of a list option is a list itself, with spaces as behind its flag.
            found.append(
                [option.kind(one) for one in value.split()] if option.many else option.kind(value)
            )
        except ValueError:
            raise ValueError(
                f"over: {name} = {value!r}: give a value of type {option.kind.__name__}"
            ) from None
    return name, found


def _parser(cls):
    parser = argparse.ArgumentParser(
        prog=f"horn-neuro sweep {cls.name()}",
        description=f"{cls.title}, over values of its options; other options are the same in each "
        "row.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    add = parser.add_argument
    text = "values of an option ('omega=0.1 0.3,0.05 1' of one with lists); again for a grid"
    add("--over", action="append", required=True, metavar="NAME=VALUE,VALUE", help=text)
    add("--out", metavar="DIR", required=True, help="a new folder for rows, table and figure")
    add("--resume", action="store_true", help="continue the sweep in --out")
    add("--jobs", type=int, metavar="N", help="processes of this machine (one for each core)")
    add("--dask", metavar="ADDRESS", help="run on the Dask cluster of this scheduler")
    add("--slurm", type=int, metavar="N", help="run on N workers from SLURM")
    add("--timeout", type=float, metavar="S", help="seconds after which a row has failed")
    add("--memory", type=float, metavar="GIB", help="memory that a row may take")
    if "seeds" not in cls.options():
        add("--seeds", type=int, nargs="+", metavar="N", help="run each row once for each")
    sizes = parser.add_mutually_exclusive_group()
    for size in ("fast", "full"):
        text = f"the protocol's {size} size in each row"
        sizes.add_argument(f"--{size}", dest="size", action="store_const", const=size, help=text)
    for name, option in cls.options().items():
        option.add_to(parser, name)
    return parser
