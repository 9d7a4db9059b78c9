"""Programs of the emulated toolkit, and how tests compile and ask them."""

import os
import subprocess

from cuda_on_cpu.toolkit import TOOLKIT, environment

ORDERS = ("forward", "backward", 1, 2)  # of threads and blocks
GOOD = "no error"
# As the generated makefiles have it.
FLAGS = ["-std=c++11", "-arch=sm_90", "-w", "-std=c++17", "-Xcompiler", "-w -O3 -std=c++17"]


def toolkit(command, *arguments, **options):
    """Run a command of the toolkit."""
    env = os.environ | environment(**options)
    return subprocess.run([command, *arguments], env=env, capture_output=True, text=True)


def compiled(folder, cache, sanitize):
    """Compile the selftest, both sources at a time, as make does."""
    variables = os.environ | environment(cache=cache, sanitize=sanitize)
    objects = [folder / "selftest.o", folder / "libraries.o"]
    running = [
        subprocess.Popen(
            ["nvcc", *FLAGS, "-dc", TOOLKIT / "selftest" / f"{made.stem}.cu", "-o", made],
            env=variables,
        )
        for made in objects
    ]
    assert [process.wait() for process in running] == [0, 0]
    program = folder / "selftest"
    command = ["nvcc", "-lcublas", "-lcurand", *objects, "-o", program]
    subprocess.run(command, env=variables, check=True)
    return program


def started(program, command, **options):
    return toolkit(program, *map(str, command), **options)


def printed(program, *command, **options):
    """Return what a command that ends well prints."""
    done = started(program, command, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def numbers(program, *command, **options):
    """Return the numbers that a command prints, a list for each line."""
    lines = printed(program, *command, **options).splitlines()
    return [[float(word) for word in line.split()] for line in lines]


def answers(program, *command, **options):
    """Return what a command prints as 'what: answer'."""
    lines = printed(program, *command, **options).splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)
