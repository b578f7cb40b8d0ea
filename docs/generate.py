"""Makes the pages that are not written by hand: the reference, a page for each command, and those of the root.

The rule of this file: every public name of every public module is documented, once, in the first module that offers it.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import click

import ippfast
from ippfast.cli.commands import ippfast as command_line

__all__ = ["Application", "connect"]

Application: TypeAlias = Any
"""Sphinx's, which has no types of its own here."""

# What is read first decides where a name stands.
_FIRST = (
    "ippfast",
    "ippfast.http",
    "ippfast.printer",
    "ippfast.printer.storage",
    "ippfast.convert",
    "ippfast.raster",
    "ippfast.arrow",
    "ippfast.testing",
)
_LEFT_OUT = ("ippfast.cli", "ippfast.__main__", "ippfast.compat.ippserver.constants", "ippfast.compat.pycups.constants")
_ROOT = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md", "security": "SECURITY.md"}
_WIDTH = 100


def connect(app: Application, docs: Path) -> None:
    """Have the pages made before the site is built."""

    def rooted(app: Application, name: str, text: list[str]) -> None:
        del app
        text[0] = _links(text[0].replace("(the rest)", _rest(docs, text[0])) if name == "index" else text[0])

    app.connect("builder-inited", lambda app: _write(docs / "generated"))
    app.connect("source-read", rooted)
    app.connect("autodoc-process-docstring", _as_restructured)


def _rest(docs: Path, index: str) -> str:
    """The pages that the index does not name."""
    pages = [path.relative_to(docs).with_suffix("").as_posix() for path in sorted(docs.glob("**/*.md"))]
    named = {*index.split(), "index"}
    return "\n".join(page for page in pages if page not in named and not page.startswith(("generated/", "_build/")))


def _write(place: Path) -> None:
    """All generated pages."""
    for folder in (place / "commands", place / "reference"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
    for name, file in _ROOT.items():
        text = (place.parents[1] / file).read_text(encoding="utf-8")
        (place / f"{name}.md").write_text(_links(re.sub(r"\]\(docs/", "](../", text)), encoding="utf-8")
    for path, command in _commands(command_line, ()):
        name = "-".join(path)
        (place / "commands" / f"{name}.md").write_text(_help(path, command), encoding="utf-8")
    for module, text in _reference():
        (place / "reference" / f"{module}.rst").write_text(text, encoding="utf-8")


def _links(text: str) -> str:
    """Links to what is not in the site become the name of the file in a clone: the project has no public address."""

    def elsewhere(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        page = next((name for name, file in _ROOT.items() if target.removeprefix("../") == file), None)
        if page is not None:
            return f"[{words}](/generated/{page}.md)"
        if target.startswith("../") and not re.fullmatch(r"\.\./(?:(?:howto|benchmarks)/)?[\w-]+\.md", target):
            file = target.removeprefix("../")
            return words if file in words else f"{words} (`{file}`)"
        return match[0]

    return re.sub(r"\[([^\[\]]*)\]\(([\w./-]+)\)", elsewhere, text)


# Commands.


def _commands(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*above, name))


def _help(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(("ippfast", *path)), terminal_width=_WIDTH)
    return f"# ippfast {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n"


# The reference.


def _modules() -> Iterator[ModuleType]:
    found = [each.name for each in pkgutil.walk_packages(ippfast.__path__, "ippfast.", onerror=lambda name: None)]
    names = [*_FIRST, *(name for name in found if name not in _FIRST)]
    for name in names:
        if any(part.startswith("_") for part in name.split(".")) or name.startswith(_LEFT_OUT):
            continue
        yield importlib.import_module(name)


def _reference() -> Iterator[tuple[str, str]]:
    """The page of each module that offers names which no module before it offered."""
    seen: set[int] = set()
    offered: set[str] = set()
    for module in _modules():
        blocks = []
        for name in sorted(getattr(module, "__all__", ()), key=str.lower):
            value = getattr(module, name)
            is_defined = inspect.isclass(value) or inspect.isroutine(value)
            if isinstance(value, ModuleType) or (is_defined and id(value) in seen):
                continue
            if is_defined:
                seen.add(id(value))
                blocks.append(_block(module, name, value))
            elif name in _assigned(module):
                blocks.append(f".. autodata:: {module.__name__}.{name}\n   :no-value:\n")
        if blocks:
            head = module.__name__
            first = (module.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
            clash = "\n   :no-index:" if head in offered else ""  # a function may have its module's name
            offered |= {f"{head}.{name}" for name in getattr(module, "__all__", ())}
            lines = [head, "=" * len(head), "", f".. py:module:: {head}{clash}", "", _plain(first), ""]
            yield head, "\n".join([*lines, *blocks])


def _block(module: ModuleType, name: str, value: object) -> str:
    if not inspect.isclass(value):
        return f".. autofunction:: {module.__name__}.{name}\n"
    more = "\n   :undoc-members:" if issubclass(value, Enum) else ""
    return f".. autoclass:: {module.__name__}.{name}\n   :members:\n   :show-inheritance:{more}\n"


def _assigned(module: ModuleType) -> set[str]:
    """The names that a module assigns itself: beside those stands what they are."""
    tree = ast.parse(inspect.getsource(module))
    targets = [each.targets for each in tree.body if isinstance(each, ast.Assign)]
    targets += [[each.target] for each in tree.body if isinstance(each, ast.AnnAssign)]
    return {target.id for each in targets for target in each if isinstance(target, ast.Name)}


def _as_restructured(app: Application, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Docstrings are plain words, with tables, fences and indented code as Markdown has them."""
    del app, what, name, obj, options
    made: list[str] = []
    kind = ""
    for line in lines:
        before, kind = kind, _kind(line, kind, made)
        if kind in ("code", "fence", "table") and kind != before:
            made += ["", ".. code-block:: text", ""]
        elif not kind and before and line.strip():
            made.append("")
        made.append(_plain(line) if not kind else line if kind == "literal" else f"   {line}")
    lines[:] = [line for line in made if not line.strip().startswith("```")]


def _kind(line: str, before: str, made: list[str]) -> str:
    """What a line belongs to: a fence, a table, code, a literal block as reStructuredText has it; "" for words."""
    bare = line.strip()
    if bare.startswith("```"):
        return "" if before == "fence" else "fence"
    if before == "fence" or (before in ("code", "literal") and (not bare or line.startswith("    "))):
        return before
    if bare.startswith("|"):
        return "table"
    if line.startswith("    ") and not (made and made[-1].strip()):
        words = [each for each in made if each.strip()]
        return "literal" if words and words[-1].endswith("::") else "code"
    return ""


def _plain(line: str) -> str:
    """Words in which asterisks, and a low line behind a name, mean themselves; no line is set in."""
    parts = (line.lstrip() if line.startswith("    ") else line).split("`")
    for pattern in (r"(?<![\w*\\])\*+(?=\w)", r"(?<=\w)_(?!\w)"):
        parts = [part if number % 2 else re.sub(pattern, r"\\\g<0>", part) for number, part in enumerate(parts)]
    return "`".join(parts)
