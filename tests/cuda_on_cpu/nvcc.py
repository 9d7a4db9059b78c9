"""nvcc for machines without a GPU: CUDA sources become C++ programs that run on the CPU."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

INCLUDE = Path(__file__).resolve().parent / "include"
NAME = r"[A-Za-z_][\w:]*(?:\s*<[^;{}()]*?>)?"
LAUNCH = re.compile(rf"\b({NAME})\s*<<<(.*?)>>>\s*\(", re.DOTALL)
DYNAMIC = re.compile(r"\bextern\s+__shared__\s+([^;\[]+?)\s*\b(\w+)\s*\[\s*\]\s*;")
STATIC = re.compile(r"\b__shared__\s+([^;\[,]+?)\s*\b(\w+)\s*((?:\[[^\];]*\]\s*)*);")
SANITIZE = [
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-fno-sanitize=null,vptr",
]


def translate(source):
    """Turn what CUDA adds to C++ into C++: launches, and memory that a block shares."""
    source = LAUNCH.sub(r'cuda_on_cpu::launch(\1, cuda_on_cpu::Config(\2), "\1")(', source)
    source = DYNAMIC.sub(r"\1 *\2 = (\1 *)cuda_on_cpu::Block::instance().dynamic.get();", source)
    return STATIC.sub(r"auto &\2 = cuda_on_cpu::shared<\1 \3>([] {});", source)


def cache():
    """Return the folder of precompiled headers, which nobody else can write to."""
    named = os.environ.get("CUDA_ON_CPU_CACHE")
    folder = Path(named or Path(tempfile.gettempdir()) / f"cuda_on_cpu-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        sys.exit(f"nvcc: {folder} belongs to another user; set CUDA_ON_CPU_CACHE")
    return folder


def precompiled(command):
    """Return a folder with the emulation's headers, compiled once by this command."""
    digest = hashlib.sha256(repr(command).encode())
    for header in sorted(INCLUDE.rglob("*.h")):
        digest.update(header.read_bytes())
    folder = cache() / digest.hexdigest()[:16]
    target = folder / "precompiled.h.gch"
    if not target.exists():
        folder.mkdir(exist_ok=True)
        made = folder / f"{os.getpid()}.gch"
        header = INCLUDE / "precompiled.h"
        subprocess.run([*command, "-x", "c++-header", header, "-o", made], check=True)
        made.replace(target)
    return folder


def main(arguments):
    if "--version" in arguments:
        print("nvcc: emulated on the CPU\nCuda compilation tools, release 13.0, V13.0.0")
        return 0
    if "--list-gpu-arch" in arguments:
        print("\n".join(f"compute_{number}" for number in (75, 80, 86, 89, 90, 100, 120)))
        return 0
    compiler, flags, sources, output, compile_only, arch = "g++", [], [], None, False, 90
    rest = iter(arguments)
    for word in rest:
        if word == "-ccbin":
            compiler = next(rest)
        elif word == "-Xcompiler":
            flags += shlex.split(next(rest))
        elif word == "-o":
            output = next(rest)
        elif word in ("-dc", "-c"):
            compile_only = True
        elif word == "-Xlinker":
            next(rest)
        elif word.startswith("-arch="):
            arch = int(re.search(r"\d+", word)[0])
        elif word.startswith(("-gencode", "-l", "-L", "--use_fast_math", "-use_fast_math")):
            pass
        elif word.startswith("-"):
            flags.append(word)
        else:
            sources.append(word)
    if os.environ.get("CUDA_ON_CPU_SANITIZE") == "1":
        flags += SANITIZE
    flags += ["-O1", *shlex.split(os.environ.get("CUDA_ON_CPU_FLAGS", ""))]
    if not compile_only:
        command = [*shlex.split(compiler), *flags, *sources, "-o", output]
        return subprocess.run(command, check=False).returncode
    (source,) = sources
    code = f'# 1 "{source}"\n' + translate(Path(source).read_text())
    defined = ["-D__CUDACC__", f"-D__CUDA_ARCH__={arch}0"]
    command = [*shlex.split(compiler), *defined, f"-I{INCLUDE}", *flags]
    # Paths do not matter to the headers.
    own = [word for word in command if not word.startswith("-I") or word == f"-I{INCLUDE}"]
    command[1:1] = [f"-I{precompiled(own)}", "-include", "precompiled.h"]
    command += ["-c", "-x", "c++", "-", "-o", output]
    return subprocess.run(command, input=code, text=True, check=False).returncode


sys.exit(main(sys.argv[1:]))
