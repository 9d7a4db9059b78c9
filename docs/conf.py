"""Sphinx's configuration: sphinx-build -W docs docs/_build/html."""

import shutil
from pathlib import Path

from horn_neuro._version import __version__

DOCS = Path(__file__).parent

project, author, copyright = "horn_neuro", "The horn_neuro developers", "The horn_neuro developers"
version = release = __version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
]
exclude_patterns, templates_path = ["_build", "templates"], ["templates"]
suppress_warnings = ["ref.ref", "ref.term"]  # scikit-learn's docstrings refer to its own pages
nb_execution_mode = "off"  # the tests execute the notebooks, and keep their pictures
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "none"
default_role = "py:obj"  # names in docstrings, which link_by_last_name leads on
autodoc_default_options = {"exclude-members": "set_score_request"}  # scikit-learn's own
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
smartquotes = False  # they would make one dash of the two of an option
html_theme = "pydata_sphinx_theme"
html_title = "horn_neuro"
html_show_sourcelink = False
html_static_path, html_css_files = ["static"], ["site.css"]
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}
# Pages with none below them have no navigation of a section.
html_sidebars = {path.stem: [] for path in DOCS.glob("*.md") if path.stem != "tutorials"}


def link_by_last_name(app, env, node, contnode):
    """Lead a name such as `Recording` to what has it, if only one thing does."""
    python = env.domains["py"]
    name = node.get("reftarget", "").removeprefix("hn.").removeprefix("horn_neuro.")
    # A bare word can be an argument, whatever property has its name.
    kinds = ("class", "function", *(["property", "method"] if "." in name else []))
    known = [n for n, one in python.objects.items() if one.objtype in kinds and not one.aliased]
    found = [full for full in known if f".{full}".endswith(f".{name}")]
    if node.get("refdomain") != "py" or len(found) != 1:
        return None
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, contnode)


def setup(app):
    """Bring here what lies beside: Sphinx reads below its own folder only."""
    app.connect("missing-reference", link_by_last_name)
    shutil.rmtree(DOCS / "api" / "generated", ignore_errors=True)  # names that are gone
    for name, pattern in {"notebooks": "*.ipynb", "benchmarks": "*.md"}.items():
        shutil.rmtree(DOCS / name, ignore_errors=True)
        (DOCS / name).mkdir()
        for path in (DOCS.parent / name).glob(pattern):
            # A link out of the folder is one step shorter here.
            text = path.read_text(encoding="utf-8").replace("](../docs/", "](../")
            (DOCS / name / path.name).write_text(text, encoding="utf-8")
