"""Write docs/protocols: a page for each protocol, from its docstring and its kept results.

The gallery of them has a thumbnail, the question, and the answer as README's table tells it.
"""

import ast
import json
import re
from pathlib import Path

from PIL import Image

from horn_neuro.analysis import Estimate

ROOT = Path(__file__).parents[1]
PICTURES, PAGES = ROOT / "docs" / "pictures", ROOT / "docs" / "protocols"
THUMBNAILS, THUMBNAIL = ROOT / "docs" / "thumbnails", (400, 260)  # pixels at most
README = ROOT / "README.md"
GALLERY = """\
# Protocols

Each asks a question, measures with controls, and leaves a report whose first lines are the answer.
An installation has them as `horn-neuro NAME`; the pages below are made from the runs that are kept
in `benchmarks/results`.
"""
RESULTS = ROOT / "benchmarks" / "results"
PROTOCOLS = sorted(p for p in (ROOT / "protocols").glob("*.py") if p.stem != "__init__")


def kept_runs(name):
    """Return the kept runs of a protocol (dict of str to dict), by the name of their file."""
    files = sorted(RESULTS.glob("*.json"), key=lambda path: natural(path.stem))
    runs = {path.name: json.loads(path.read_text()) for path in files}
    return {file: run for file, run in runs.items() if run.get("protocol") == name}


def natural(name):
    """Return what sorts seeds 2 to 9 before seeds 11 to 20 (list)."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def parts_of_docstring(path):
    """Return question, method and example commands of a protocol (three str)."""
    text = ast.get_docstring(ast.parse(path.read_text()))
    question, _, rest = text.partition("\n\n")
    method, _, commands = rest.partition("\n\n    ")
    return question, method, commands.replace("\n    ", "\n")


def as_text(found):
    """Return a kept estimate as text (str), empty where it is not defined."""
    if found is None or found["value"] is None:
        return ""
    estimate = Estimate(**found)
    signs = {"n": estimate.n, "p": estimate.p_text}
    more = ", ".join(f"{key} = {text}" for key, text in signs.items() if text)
    return str(estimate) + (f" ({more})" if more else "")


def numbers(runs):
    """Return the estimates of all runs as a table (str), a column for each run."""
    names = dict.fromkeys(name for run in runs.values() for name in run["findings"])
    rows = [["", *(f"`{file}`" for file in runs)], ["---"] * (1 + len(runs))]
    rows += [[n, *(as_text(run["findings"].get(n)) for run in runs.values())] for n in names]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(path):
    """Return the page of a protocol (str, Markdown)."""
    name, (question, method, commands) = path.stem, parts_of_docstring(path)
    parts, runs = [f"# {name}", f"**{question}**"], kept_runs(name)
    if (PICTURES / f"{name}.png").is_file():
        caption = json.loads((PICTURES / "captions.json").read_text())[name]
        parts += [f"![{question}](../pictures/{name}.png)", f"*{caption}*"]
    parts += ["## Method and controls", method]
    if runs:
        parts += ["## What was found"]
    for file, run in runs.items():
        versions = ", ".join(f"{package} {version}" for package, version in run["versions"].items())
        parts += [f"### {file.removesuffix('.json')}", *run["answer"]]
        parts.append(f"`{run['command']}`, with {versions}.")
    if runs:
        parts += ["## Numbers", "Value, [95 % interval], unit, number of units of analysis, p:"]
        parts += [numbers(runs), f"Kept in `benchmarks/results/`: {', '.join(runs)}."]
    parts += ["## With your own numbers", f"```\n{commands}\n```"]
    parts.append(f"`horn-neuro {name} --help` lists the options; `--fast` is a first look.")
    return "\n\n".join(parts) + "\n"


def answers():
    """Return the answer of each protocol in a line (dict of str to str), from README's table."""
    rows = re.findall(
        r"^\| \[!\[\].* (\w+)\]\(docs/protocols/.*\|(.*)\|$", README.read_text(), re.MULTILINE
    )
    return {name: answer.strip().removesuffix(" (below)") for name, answer in rows}


def thumbnail(picture):
    """Return a small version (Image) of a picture."""
    with Image.open(picture) as whole:
        small = whole.convert("RGB")
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    return small


def gallery():
    """Return the page of all protocols (str, MyST Markdown): a card for each."""
    told, cards, hidden = answers(), [], []
    for path in PROTOCOLS:
        name, question = path.stem, parts_of_docstring(path)[0]
        image = f"![{question}](../{THUMBNAILS.name}/{name}.png)"
        shown = [image] if (PICTURES / f"{name}.png").is_file() else []
        head = [f":::{{grid-item-card}} {question}", f":link: {name}", ":link-type: doc"]
        cards += [*head, "", *shown, "", told.get(name, ""), "", f"`{name}`", ":::", ""]
        hidden.append(name)
    grid = ["::::{grid} 1 2 2 3", ":gutter: 3", "", *cards, "::::"]
    toctree = ["```{toctree}", ":hidden:", "", *hidden, "```"]
    return "\n".join([GALLERY, *grid, "", *toctree]) + "\n"


def main():
    """Write the pages, and thumbnails of their pictures."""
    PAGES.mkdir(exist_ok=True)
    THUMBNAILS.mkdir(exist_ok=True)
    (PAGES / "index.md").write_text(gallery())
    for path in PROTOCOLS:
        (PAGES / f"{path.stem}.md").write_text(page(path))
        if (picture := PICTURES / f"{path.stem}.png").is_file():
            small = thumbnail(picture).quantize(64)
            small.save(THUMBNAILS / picture.name, optimize=True)


if __name__ == "__main__":
    main()
