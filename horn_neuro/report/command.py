"""The command line that all protocols share."""

import argparse

__all__ = ["protocol_parser"]


def protocol_parser(description, devices):
    """Make an argument parser with the options of every protocol.

    Parameters
    ----------
    description : str
        What the protocol asks.
    devices : tuple of str
        The choices of --device.

    Returns
    -------
    parser : argparse.ArgumentParser
        With --params, --device, --source, --seed, --out, and --fast or --full,
        which set `size` to 'fast', 'default' or 'full'.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--params", metavar="FILE", help="a saved network (.safetensors)")
    parser.add_argument("--device", default="auto", choices=devices, help="where Brian2 runs")
    parser.add_argument(
        "--source", default="embedded", help="embedded, openml, or a folder of MNIST's IDX files"
    )
    parser.add_argument("--seed", type=int, default=1, help="root of all randomness")
    parser.add_argument("--out", metavar="DIR", help="a new folder for the results")
    size = parser.add_mutually_exclusive_group()
    for name, text in (("fast", "a few seconds, to try it"), ("full", "more trials and resamples")):
        size.add_argument(
            f"--{name}", dest="size", action="store_const", const=name, default="default", help=text
        )
    return parser
