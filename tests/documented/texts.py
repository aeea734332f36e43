"""Blocks that are parsed and no more: documents."""

from __future__ import annotations

import json
import tomllib

import yaml

from tests.documented.blocks import Block


def parse(block: Block) -> None:
    """Raise ValueError if a block is not of the language that its fence names."""
    if block.tag == "json":
        _parse_json(block.body)
    elif block.tag == "yaml":
        _parse_yaml(block.body)
    elif block.tag == "toml":
        tomllib.loads(block.body)
    else:
        raise ValueError(f"no parser of {block.tag}")


def _parse_json(text: str) -> None:
    """Take one document, or one a line."""
    try:
        json.loads(text)
    except ValueError:
        for line in text.splitlines():
            json.loads(line)


def _parse_yaml(text: str) -> None:
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
