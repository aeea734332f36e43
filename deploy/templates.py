"""The CloudFormation templates of ``deploy/aws`` as documents: short forms (``!Ref``) read as their long ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import yaml

FOLDER = Path(__file__).parent / "aws"
ROOT_TEMPLATE = "main"
NESTED = "AWS::CloudFormation::Stack"
Template: TypeAlias = dict[str, Any]


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
    stacks = {name: body for name, body in root["Resources"].items() if body["Type"] == NESTED}
    ordered: list[str] = []

    def place(name: str) -> None:
        for other in _named_in(stacks[name]):
            if other in stacks and other != name and other not in ordered:
                place(other)
        if name not in ordered:
            ordered.append(name)

    for name in stacks:
        place(name)
    return ordered


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and all that lies in it."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def _named_in(value: Any) -> Iterator[str]:
    for part in walk(value):
        if isinstance(part, dict):
            if "Fn::GetAtt" in part:
                yield part["Fn::GetAtt"][0]
            if "Fn::Sub" in part:
                yield from (piece.split(".")[0] for piece in str(part["Fn::Sub"]).split("${")[1:])
