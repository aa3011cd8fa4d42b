"""Sphinx configuration: MyST pages, executed notebooks, docstrings, and options of commands."""

from __future__ import annotations

import inspect
import os
import re
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer
from docutils import nodes
from sphinx import addnodes
from typer.core import TyperArgument

import gridjax
from gridjax.cli import app

project = "gridjax"
release = version = gridjax.__version__
copyright = "the gridjax developers, Apache-2.0"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"gridjax {version}"
html_static_path = ["static"]
html_css_files = ["gridjax.css"]
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["deflist", "smartquotes"]
myst_heading_anchors = 3
smartquotes = False  # options begin with two hyphens

# Notebooks are executed in every build: a stored result could differ from what the library gives.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 900  # seconds for each cell
# Cells that call the gridjax command find the one of this environment; it prints 100 columns.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["COLUMNS"] = "100"

default_role = "code"
highlight_language = "none"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 72
python_use_unqualified_type_names = True
add_module_names = False


# Docstrings: plain text with arguments as "name: text", and code between backticks.

_MODULE = re.compile(r"~?\b(?:[A-Za-z_]\w*\.)+([A-Za-z_]\w*)")
_SHORT = 24
_CODE = re.compile(r"(``[^`]*``|`[^`]*`)")
_FIELD_OF_TUPLE = re.compile(r"Alias for field number \d+")


def _escaped(line: str) -> str:
    """Return a line whose asterisks, bars and final underscores are no markup."""
    parts = _CODE.split(line)
    parts[::2] = [re.sub(r"([*|\\]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def _arguments(what: str, thing: Any) -> set[str]:
    """Return the names of the arguments of a function, method or class."""
    if what not in {"function", "method", "class"}:
        return set()
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return set()


def read_docstring(
    _app: Any, what: str, _name: str, thing: Any, _options: Any, lines: list[str]
) -> None:
    """Turn the sections Args, Returns and Raises into lists; escape what would be markup."""
    if len(lines) < 3 and _FIELD_OF_TUPLE.match(" ".join(lines)):
        lines[:] = []
    arguments, read, within, section = _arguments(what, thing), [], False, ""
    for raw in lines:
        if raw in ("Args:", "Returns:", "Raises:"):
            section, within = raw, raw == "Returns:"
            read += ["**Returns**"] if within else []
            continue
        line = raw.removeprefix("    ") if section else raw
        section = section if raw.startswith(" ") or not raw else ""
        found = re.match(r"((?:\w+, )*\w+): (.*)", line.replace("`", ""))
        names = set(found[1].split(", ")) if found else set()
        if found and (names <= arguments or section == "Raises:"):
            if read and read[-1]:
                read.append("")
            read += [f"**{found[1]}**", f"   {_escaped(found[2])}"]
            within = True
        elif within and line.strip():
            read.append(f"   {_escaped(line.strip())}")
        else:
            within = False
            read.append(_escaped(line))
    lines[:] = read


def read_signature(
    _app: Any,
    _what: str,
    _name: str,
    _thing: Any,
    _options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Leave the modules out of types, and write `...` for defaults that have no text."""
    return _shortened(signature), _shortened(returns)


def _shortened(text: str | None) -> str | None:
    if text is None:
        return None
    text = re.sub(r"ForwardRef\((?:\"(.*?)\"|'(.*?)')\)", lambda found: found[1] or found[2], text)
    text = _MODULE.sub(r"\1", text)
    return re.sub(r"<(?:factory|function .*?>.*?)>", "...", text)


def shorten_types(_app: Any, doctree: nodes.document) -> None:
    """Leave the modules out of the types of attributes."""
    for annotation in doctree.findall(addnodes.desc_annotation):
        for text in list(annotation.findall(nodes.Text)):
            if _MODULE.search(text):
                text.parent.replace(text, nodes.Text(_shortened(str(text)) or ""))


def mark_short_code(_app: Any, doctree: nodes.document) -> None:
    """Mark code that is never broken at its hyphens: names and options."""
    for code in doctree.findall(nodes.literal):
        if len(code.astext()) <= _SHORT:
            code["classes"].append("short")


# Commands: a section for each, from the options that the command itself declares.


def _value(parameter: Any, annotation: Any) -> str:
    """Return what an option's value is called: its metavar, its choices or its type."""
    if parameter.metavar:
        return parameter.metavar
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    return getattr(annotation, "__name__", "VALUE").upper()


def _option(parameter: Any, annotation: Any) -> str:
    """Return one argument or option as an entry of a definition list."""
    if isinstance(parameter, TyperArgument):
        names = parameter.metavar or parameter.name.upper()
    else:
        names = " / ".join([*parameter.opts, *parameter.secondary_opts])
        if not parameter.is_flag:
            names += f" {_value(parameter, annotation)}"
    text = " ".join((parameter.help or "").split())
    default = parameter.default
    if parameter.required:
        text += " Required."
    elif default is True:
        text += f" Default: `{parameter.opts[0]}`."
    elif default not in (None, False, "", ()) and not callable(default):
        text += f" Default: `{default}`."
    return f"`{names}`\n: {text.strip()}\n"


def command_sections() -> str:
    """Return a section in Markdown for every command."""
    group: Any = typer.main.get_command(app)
    sections = []
    for name, command in sorted(group.commands.items()):
        types = get_type_hints(inspect.unwrap(command.callback))
        options = [each for each in command.params if each.name != "help"]
        arguments = [
            each.metavar or each.name.upper() for each in options if isinstance(each, TyperArgument)
        ]
        usage = " ".join(["gridjax", name, *arguments, "[OPTIONS]"])
        sections += [f"## gridjax {name}\n", command.help, f"\n```\n{usage}\n```\n"]
        examples = re.sub(r"^Examples?:", "", command.epilog or "").split("   |   ")
        lines = "\n".join(example.strip() for example in examples)
        sections.append(f"Examples:\n\n```\n{lines}\n```\n")
        sections += [_option(each, types[each.name]) for each in options]
    return "\n".join(sections)


def insert_commands(_app: Any, _name: str, source: list[str]) -> None:
    """Put the commands where a page asks for them."""
    source[0] = source[0].replace("<!-- commands -->", command_sections())


def setup(sphinx: Any) -> None:
    """Connect the readers above."""
    sphinx.connect("autodoc-process-docstring", read_docstring)
    sphinx.connect("autodoc-process-signature", read_signature)
    sphinx.connect("doctree-read", shorten_types)
    sphinx.connect("doctree-read", mark_short_code)
    sphinx.connect("source-read", insert_commands)
