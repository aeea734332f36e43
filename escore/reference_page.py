"""The reference page of the Python interface, made from signatures and docstrings.

``python -m escore.reference_page docs/reference`` writes it; a test keeps the committed one equal.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import escore

NAME = "python.md"
GROUPS = {
    "What there is": ("list_runs", "list_models", "list_tables", "list_columns", "list_features"),
    "Consumers": ("load_features", "iter_features", "load_labels", "iter_labels", "load_scores", "iter_scores"),
    "The stores' records": ("load_records", "iter_records", "load_rejects"),
    "Models": ("load_model", "load_points", "load_figures", "load_fairness", "score_features", "load_drift"),
    "One person": ("explain", "Explanation"),
    "Plots": (
        *("plot_scores", "plot_feature", "plot_term", "plot_ranking", "plot_reliability", "plot_fairness"),
        "plot_drift",
    ),
}
"""Every public name, in the order in which a reader meets them."""

_SECTION = re.compile(r"^(?P<name>[A-Z]\w+)\n-{4,}\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?P<name>\S.*)\n(?P<text>(?:    .*\n?|\n)*)", re.MULTILINE)


def python_page() -> str:
    """Return the page."""
    groups = "".join(f"## {title}\n\n" + "".join(map(_entry, names)) for title, names in GROUPS.items())
    about = re.sub(r"::\n\n((?:(?:    .*)?\n)+)", _block, _markdown(inspect.getdoc(escore) or ""))
    return (
        "<!-- Made from the declarations by `make docs`; edit those. -->\n\n# Python interface\n\n"
        f"{_examples_fenced(about)}\nHow to use it: [explore in Python](../how-to/explore-in-python.md). "
        'A `Day` is a `date` or its\ntext, `"2025-12-31"`; a `RunName` is a run\'s id or its date. Errors are those of '
        f"[errors and exit codes](errors.md), in `contracts.errors`.\n\n{groups.rstrip()}\n"
    )


def _block(found: re.Match[str]) -> str:
    return f":\n\n```python\n{inspect.cleandoc(found[1])}\n```\n\n"


def _entry(name: str) -> str:
    item = getattr(escore, name)
    shown = "".join(_members(item)) if inspect.isclass(item) else ""
    call = f"```text\n{_signature(name, item)}\n```\n\n" if inspect.isfunction(item) else ""
    return f"### {name}\n\n{call}{_described(inspect.getdoc(item) or '')}{shown}\n"


def _members(item: type) -> Iterator[str]:
    """Yield a line for each public property and method of a class."""
    yield "\n"
    for name, member in vars(item).items():
        if not name.startswith("_") and (isinstance(member, property) or inspect.isfunction(member)):
            call = f"{name}()" if inspect.isfunction(member) else name
            yield f"- `.{call}`: {_markdown(inspect.getdoc(member) or '').partition('.')[0]}.\n"


def _signature(name: str, item: object) -> str:
    """Return a call with a parameter a line where one line does not hold it; the annotations are those of the code."""
    signature = inspect.signature(item)  # type: ignore[arg-type]
    returned = signature.return_annotation
    parameters = [_parameter(one) for one in signature.parameters.values()]
    first_named = next(
        (place for place, one in enumerate(signature.parameters.values()) if one.kind is one.KEYWORD_ONLY), None
    )
    if first_named is not None:
        parameters.insert(first_named, "*")
    line = f"escore.{name}({', '.join(parameters)}) -> {returned}"
    if len(line) <= 100:
        return line
    listed = "".join(f"    {one},\n" for one in parameters)
    return f"escore.{name}(\n{listed}) -> {returned}"


def _parameter(one: inspect.Parameter) -> str:
    default = f"{one.default:_}" if type(one.default) is int else repr(one.default).replace("'", '"')
    return f"{one.name}: {one.annotation}" + ("" if one.default is one.empty else f" = {default}")


def _described(text: str) -> str:
    """Return a docstring as Markdown: prose, then its sections."""
    before, *parts = _SECTION.split(f"{text}\n")
    told = [_examples_fenced(_markdown(before))]
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        told.append(f"**{title}**\n\n" + (_examples_fenced(body) if title == "Examples" else _listed(body)))
    return "\n\n".join(part.strip() for part in told) + "\n"


def _listed(body: str) -> str:
    entries = [(found["name"], inspect.cleandoc(found["text"])) for found in _ENTRY.finditer(body)]
    return "".join(f"- `{name}`: {_markdown(' '.join(text.split()))}\n" for name, text in entries)


def _examples_fenced(body: str) -> str:
    """Return the text with its examples, each run of lines from ``>>>`` to the next empty one, as blocks."""
    return re.sub(
        r"(?:^>>> .*\n(?:.+\n)*)+", lambda found: f"```pycon\n{found[0]}```\n", f"{body.strip()}\n", flags=re.MULTILINE
    )


def _markdown(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)


if __name__ == "__main__":
    (Path(sys.argv[1]) / NAME).write_text(python_page(), "utf-8")
