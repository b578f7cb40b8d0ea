"""How `make docs` builds the site: pages in Markdown, the reference from docstrings, the commands from their help.

The rule of this file: nothing is written twice. What the package says of itself is generated when the site is built,
into docs/generated, and a warning is an error.
"""

import os
import sys
from pathlib import Path

os.environ["IPPFAST_PURE"] = "1"  # the twin whose signatures Python can read

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import generate  # noqa: E402  # it imports the package, which must not be compiled

project = "ippfast"
author = "The authors of ippfast"
extensions = ["myst_parser", "sphinx.ext.autodoc"]  # and no other site, so that it is built without a network
exclude_patterns = ["_build"]
# A signature that gives a class by its bare name, of which packages have one each (Limits, System), links to one.
suppress_warnings = ["ref.python"]
root_doc = "index"

html_theme = "furo"
html_title = "ippfast"
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "code"  # docstrings mark names as Markdown does
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90
toc_object_entries_show_parents = "hide"


def setup(app: generate.Application) -> None:
    generate.connect(app, DOCS)
