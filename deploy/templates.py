"""The CloudFormation templates of ``deploy/aws`` as documents: short forms (``!Ref``) read as their long ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

FOLDER = Path(__file__).parent / "aws"
ROOT_TEMPLATE = "main"
NESTED = "AWS::CloudFormation::Stack"
Template: TypeAlias = dict[str, Any]
PLACE = re.compile(r"\$\{([^}]+)\}")
NO_VALUE = object()
"""What CloudFormation leaves out, list's item or property."""


class _Loader(yaml.SafeLoader):
    """Reads a template; dates stay texts, for a policy's version is one."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def template_files() -> list[Path]:
    """Return the templates' files, the root's among them, by name."""
    return sorted(FOLDER.glob("*.yaml"))


def load_template(file: Path) -> Template:
    """Return one template."""
    template: Template = yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 - safe loader with CloudFormation's tags
    return template


def load_templates() -> dict[str, Template]:
    """Return every template by its file's name, the root's last: a nested stack stands before who names it."""
    files = sorted(template_files(), key=lambda file: file.stem == ROOT_TEMPLATE)
    return {file.stem: load_template(file) for file in files}


def nested_order(root: Template) -> list[str]:
    """Return the logical ids of the root's stacks, each after those whose outputs it takes."""
    return in_order({name: body for name, body in root["Resources"].items() if body["Type"] == NESTED})


def in_order(bodies: Mapping[str, Any]) -> list[str]:
    """Return the names of resources, each after those of them that it refers to."""
    ordered: list[str] = []

    def place(name: str) -> None:
        for other in named_in(bodies[name]):
            if other in bodies and other != name and other not in ordered:
                place(other)
        if name not in ordered:
            ordered.append(name)

    for name in bodies:
        place(name)
    return ordered


class Resolver:
    """Fills references in; ``names`` has parameters by name, resources by ``Logical`` and ``Logical.Attribute``."""

    def __init__(self, template: Template, names: Mapping[str, Any]) -> None:
        self._conditions = template.get("Conditions", {})
        self.names = dict(names)

    def holds(self, condition: str | None) -> bool:
        """Return whether a condition of the template holds; none always does."""
        return condition is None or self._is_true(self._conditions[condition])

    def resolved(self, value: Any) -> Any:
        """Return a value with its references filled in; what has no name keeps that of its place."""
        if isinstance(value, list):
            filled = [self.resolved(each) for each in value]
            return [each for each in filled if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        ways: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._text,
            "Fn::Join": self._join,
            "Fn::If": self._choice,
        }
        for name, way in ways.items():
            if name in value:
                return way(value[name])
        filled_in = {key: self.resolved(each) for key, each in value.items()}
        return {key: each for key, each in filled_in.items() if each is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        return NO_VALUE if name == "AWS::NoValue" else self.names.get(name, name.lower().replace(".", "-"))

    def _attribute(self, place: list[str]) -> Any:
        return self.names.get(".".join(place), "-".join(place).lower().replace(".", "-"))

    def _text(self, text: str) -> str:
        return PLACE.sub(lambda place: str(self.names.get(place[1], place[1].lower().replace(".", "-"))), text)

    def _join(self, parts: list[Any]) -> str:
        return str(parts[0]).join(self.resolved(parts[1]))

    def _choice(self, parts: list[Any]) -> Any:
        condition, then, otherwise = parts
        return self.resolved(then if self.holds(condition) else otherwise)

    def _is_true(self, condition: Any) -> bool:
        if "Fn::Not" in condition:
            return not self._is_true(condition["Fn::Not"][0])
        first, second = self.resolved(condition["Fn::Equals"])
        return str(first) == str(second)


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and all that lies in it."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def named_in(value: Any) -> Iterator[str]:
    """Yield the names that a value refers to."""
    for part in walk(value):
        if isinstance(part, dict):
            if "Ref" in part:
                yield str(part["Ref"]).split(".")[0]  # SAM's names have a point: System.Alias
            if "Fn::GetAtt" in part:
                yield part["Fn::GetAtt"][0]
            if "Fn::Sub" in part:
                yield from (piece.split(".")[0] for piece in str(part["Fn::Sub"]).split("${")[1:])
