"""nvcc for machines without a GPU: CUDA sources become C++ programs that run on the CPU."""

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
INCLUDE = HERE / "include"
# What is compiled runs for less time than it takes to compile.
FAST = ["-O1"]
SANITIZE = [
    "-O0",
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-fno-sanitize=null,vptr",
]

NAME = r"[A-Za-z_][\w:]*(?:\s*<[^;{}()]*?>)?"
LAUNCH = re.compile(rf"\b({NAME})\s*<<<(.*?)>>>\s*\(", re.DOTALL)
DYNAMIC = re.compile(r"\bextern\s+__shared__\s+([^;\[]+?)\s*\b(\w+)\s*\[\s*\]\s*;")
STATIC = re.compile(r"\b__shared__\s+([^;\[,]+?)\s*\b(\w+)\s*((?:\[[^\];]*\]\s*)*);")
TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
INCLUDED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">].*$', re.MULTILINE)


def translate(code, name):
    """Turn what CUDA adds to C++ into C++: launches, and variables that a block shares."""
    code = LAUNCH.sub(r'cuda_on_cpu::launch(\1, cuda_on_cpu::Config(\2), "\1")(', code)
    code = DYNAMIC.sub(r"\1 *\2 = (\1 *)cuda_on_cpu::dynamic_shared();", code)
    code = STATIC.sub(r"auto &\2 = cuda_on_cpu::shared<\1 \3>([] {});", code)
    left = re.search(r"<<<|\b__shared__\b", TEXT.sub("", code))
    if left:
        sys.exit(f"{name}: error: the emulation cannot read this use of {left[0]}")
    return code


class Unit:
    """A source with all the project's headers: those that hold CUDA are put in their places."""

    def __init__(self, source, folders):
        self.folders = folders
        self.headers = {}  # path: (translated, whether anything was)
        self.quoted = {Path(source).parent}
        self.code = f'# 1 "{source}"\n' + self._read(Path(source))[0]

    def _find(self, name, quoted, folder):
        for place in [folder] * quoted + self.folders:
            if (place / name).is_file():
                return place / name
        return None

    def _read(self, path):
        original = path.read_text()
        inserted = False

        def insert(match):
            nonlocal inserted
            header = self._find(match[2], match[1] == '"', path.parent)
            if header is None:
                return match[0]
            if header not in self.headers:
                self.headers[header] = ("", False)  # headers may include each other
                self.headers[header] = self._read(header)
            code, changed = self.headers[header]
            if not changed:
                return match[0]
            inserted = True
            self.quoted.add(header.parent)
            line = original.count("\n", 0, match.end()) + 2
            return f'# 1 "{header}" 1\n{code}\n# {line} "{path}" 2'

        code = translate(original, path)
        changed = code != original
        original = code
        return INCLUDED.sub(insert, code), changed or inserted

    def digest(self):
        """Digest all that the compiler will read of the project."""
        digest = hashlib.sha256(self.code.encode())
        for path, (code, _) in sorted(self.headers.items()):
            digest.update(f"{path}\n{code}\n".encode())
        return digest


def own_folder():
    """Return the folder of what was compiled before, which nobody else can write to."""
    named = os.environ.get("CUDA_ON_CPU_CACHE")
    folder = Path(named or Path(tempfile.gettempdir()) / f"cuda_on_cpu-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        sys.exit(f"nvcc: {folder} belongs to another user; set CUDA_ON_CPU_CACHE")
    return folder


def kept(name, digest, command, text=None):
    """Return a file that a command makes, made once for all that its digest stands for."""
    digest.update(repr(command).encode())
    compiler = Path(shutil.which(command[0]) or sys.exit(f"nvcc: there is no {command[0]}"))
    state = compiler.stat()
    digest.update(f"{compiler} {state.st_size} {state.st_mtime_ns}".encode())
    folder = own_folder() / digest.hexdigest()[:24]
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the first one
        if not (folder / name).exists():
            made = folder / f"unfinished-{name}"
            done = subprocess.run([*command, "-o", made], input=text, text=True, check=False)
            if done.returncode:
                sys.exit(done.returncode)
            made.replace(folder / name)
    return folder / name


def emulation():
    """Digest the emulation's own code."""
    digest = hashlib.sha256()
    for path in sorted([*INCLUDE.rglob("*.h"), *(HERE / "src").iterdir()]):
        digest.update(path.read_bytes())
    return digest


def compile_source(compiler, flags, source, output):
    """Compile one source to an object file."""
    given = [Path(flag[2:]) for flag in flags if flag.startswith("-I")]
    unit = Unit(source, [folder for folder in given if folder != Path("/usr/include")])
    # Paths do not matter to the headers.
    own = [flag for flag in flags if not flag.startswith("-I")]
    command = [*compiler, *own, f"-I{INCLUDE}"]
    headers = [*command, "-x", "c++-header", str(INCLUDE / "precompiled.h")]
    folder = kept("precompiled.h.gch", emulation(), headers).parent
    command = [*compiler, f"-I{folder}", "-include", "precompiled.h", f"-I{INCLUDE}", *flags]
    command += [*(f"-iquote{place}" for place in sorted(unit.quoted)), "-c", "-x", "c++", "-"]
    shutil.copyfile(kept("unit.o", unit.digest(), command, unit.code), output)


def link(compiler, flags, mode, objects, output):
    """Link a program with the emulation's own code."""
    sources = sorted((HERE / "src").glob("*.cpp"))
    command = [*compiler, "-std=c++17", "-w", *mode, f"-I{INCLUDE}", "-D__CUDA_ARCH__=0"]
    all_in_one = "".join(f'#include "{source}"\n' for source in sources)
    runtime = kept("runtime.o", emulation(), [*command, "-c", "-x", "c++", "-"], all_in_one)
    done = subprocess.run([*compiler, *flags, *objects, runtime, "-o", output], check=False)
    sys.exit(done.returncode)


def main(arguments):
    if "--version" in arguments:
        print("nvcc: emulated on the CPU\nCuda compilation tools, release 13.0, V13.0.0")
        return
    if "--list-gpu-arch" in arguments:
        print("\n".join(f"compute_{number}" for number in (75, 80, 86, 89, 90, 100, 120)))
        return
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
    compiler = shlex.split(compiler)
    mode = SANITIZE if os.environ.get("CUDA_ON_CPU_SANITIZE") == "1" else FAST
    flags += mode
    if compile_only:
        (source,) = sources
        flags = ["-D__CUDACC__", f"-D__CUDA_ARCH__={arch}0", *flags]
        compile_source(compiler, flags, source, output)
    else:
        link(compiler, flags, mode, sources, output)


if __name__ == "__main__":
    main(sys.argv[1:])
