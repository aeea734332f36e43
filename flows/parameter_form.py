"""The form that Prefect's pages show of a flow's parameters: described by the flow's docstring, bounded, with defaults.

Prefect reads descriptions from Google's form of docstrings or from pydantic's ``Field``; ours are in numpydoc's form.
Its server holds the runs that it makes to the form; the flow itself holds whoever calls it to the bounds.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from pydantic import Field

from contracts.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")

_PARAMETERS = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}$|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest number that a parameter takes."""

    least: int
    greatest: int

    def to_json_schema(self) -> dict[str, int]:
        """Return the bounds as JSON Schema has them."""
        return {"minimum": self.least, "maximum": self.greatest}

    def holds(self, number: Any) -> bool:
        """Return whether a number lies within them."""
        return isinstance(number, int) and self.least <= number <= self.greatest


def with_form(**bounds: Bounds) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that lets Prefect find each parameter's description and bounds in the signature.

    Every parameter needs a default and a description in the docstring: ValueError where one lacks either. A call beyond
    the bounds is a UsageError that names all such parameters.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function, eval_str=True)
        told = described_parameters(inspect.getdoc(function) or "")
        lacking = [p.name for p in signature.parameters.values() if p.name not in told or p.default is p.empty]
        if lacking or not bounds.keys() <= signature.parameters.keys():
            raise ValueError(f"{function}: no description or default, or no such parameter: {lacking or [*bounds]}")
        fields = [_field(p, told[p.name], bounds.get(p.name)) for p in signature.parameters.values()]

        @functools.wraps(function)
        def held(*args: P.args, **kwargs: P.kwargs) -> R:
            _refuse_beyond(bounds, signature.bind(*args, **kwargs).arguments)
            return function(*args, **kwargs)

        held.__signature__ = signature.replace(parameters=fields)  # type: ignore[attr-defined]
        return held

    return decorate


def _refuse_beyond(bounds: Mapping[str, Bounds], given: Mapping[str, Any]) -> None:
    wrong = [
        f"{name}: a whole number from {bounds[name].least} to {bounds[name].greatest} is needed"
        for name in bounds
        if name in given and not bounds[name].holds(given[name])
    ]
    if wrong:
        raise UsageError("\n".join(wrong))


def described_parameters(docstring: str) -> dict[str, str]:
    r"""Return the descriptions in a numpydoc docstring, without its markup, each in one line.

    >>> described_parameters("Do.\n\nParameters\n----------\nlimit\n    How many,\n    ``n``.\n\nReturns\n-------\nint")
    {'limit': 'How many, n.'}
    """
    found = _PARAMETERS.search(docstring)
    parts = re.split(r"^(\w+)(?: ?:[^\n]*)?$", found[1] if found else "", flags=re.MULTILINE)[1:]
    return {name: " ".join(text.replace("`", "").split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _field(parameter: inspect.Parameter, description: str, bounds: Bounds | None) -> inspect.Parameter:
    extra: Any = {} if bounds is None else bounds.to_json_schema()
    return parameter.replace(default=Field(parameter.default, description=description, json_schema_extra=extra))
