"""`aws` commands as the pages show them, read as the AWS CLI reads them: service, operation, parameters."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

GLOBAL = {"region", "query", "output", "profile", "cli-input-json"}
OWN = {
    ("s3", "cp"): {"recursive"},
    ("s3", "sync"): {"delete", "exclude", "cache-control"},
    ("s3", "ls"): set(),
    ("logs", "tail"): {"since", "follow", "log-stream-name-prefix"},
    ("ecr", "get-login-password"): set(),
    ("cloudformation", "package"): {"template-file", "s3-bucket", "output-template-file"},
    ("cloudformation", "deploy"): {
        "template-file",
        "stack-name",
        "s3-bucket",
        "parameter-overrides",
        "capabilities",
        "disable-rollback",
        "no-execute-changeset",
    },
}
"""Commands that the CLI has beside the services' operations, with the options that the pages use; by its reference."""
SAMPLES: Mapping[str, Any] = {
    "NETWORK": {"awsvpcConfiguration": {"subnets": ["subnet-00000001"], "securityGroups": ["sg-00000001"]}}
}
"""What a variable of the shell holds that is more than a text."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?$")
_ENDS = {"|", "&&", "||", ";", ">", "<", "<<<"}


class NotACommandError(Exception):
    """The AWS CLI would refuse it."""


@dataclass(frozen=True)
class AwsCommand:
    """One command: its service and operation, and its options with their words."""

    service: str
    operation: str
    options: Mapping[str, list[str]]
    words: tuple[str, ...]
    text: str

    @property
    def is_own(self) -> bool:
        """Return whether the CLI itself has it, and no service."""
        return (self.service, self.operation) in OWN

    @property
    def model(self) -> OperationModel:
        """Return the service's description of the operation, that of its first call where it waits."""
        return operation(self.service, self.operation, self.words)

    def parameters(self) -> dict[str, Any]:
        """Return what the service would be sent; NotACommandError if it would refuse it."""
        shape = self.model.input_shape
        members = {xform_name(name, "-"): name for name in (shape.members if shape else {})}
        sent: dict[str, Any] = {}
        for option, words in self.options.items():
            if option in GLOBAL:
                continue
            negated = option.removeprefix("no-")
            name = members.get(option) or members.get(negated)
            if name is None:
                raise NotACommandError(f"{self.service} {self.operation} has no --{option}")
            sent[name] = value_of(shape.members[name], words, negated=option not in members)
        if "cli-input-json" not in self.options and shape is not None:
            report = ParamValidator().validate(sent, shape)
            if report.has_errors():
                raise NotACommandError(report.generate_report())
            _check_enums(shape, sent)
        return sent


@cache
def service(name: str) -> Any:
    """Return a service's description."""
    session = botocore.session.get_session()
    if name not in session.get_available_services():
        raise NotACommandError(f"no service {name}")
    return session.get_service_model(name)


def operation(service_name: str, name: str, words: tuple[str, ...]) -> OperationModel:
    """Return an operation's description; ``words`` name what a command waits for."""
    model = service(service_name)
    by_name = {xform_name(each, "-"): each for each in model.operation_names}
    if name == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service_name)
        by_waiter = {xform_name(each, "-"): waiters.get_waiter(each).operation for each in waiters.waiter_names}
        if not words or words[0] not in by_waiter:
            raise NotACommandError(f"{service_name} cannot wait for {words}")
        return model.operation_model(by_waiter[words[0]])
    if name not in by_name:
        raise NotACommandError(f"{service_name} has no {name}")
    if words:
        raise NotACommandError(f"{service_name} {name}: words without an option: {words}")
    return model.operation_model(by_name[name])


def value_of(shape: Shape, words: list[str], *, negated: bool) -> Any:
    """Return an option's value as the service takes it."""
    if shape.type_name == "boolean":
        if words:
            raise NotACommandError(f"{shape.name} is a switch, and has {words}")
        return not negated
    if negated or not words:
        raise NotACommandError(f"{shape.name} asks for a value")
    if shape.type_name == "list":
        if words[0].startswith("["):
            return _json(words[0])
        return [value_of(shape.member, [word], negated=False) for word in words]
    if len(words) > 1:
        raise NotACommandError(f"{shape.name} takes one value, and has {words}")
    return _scalar(shape, words[0])


def _scalar(shape: Shape, word: str) -> Any:
    variable = _VARIABLE.match(word)
    if shape.type_name in {"structure", "map"}:
        return SAMPLES[variable[1]] if variable else _json(word)
    if shape.type_name in {"integer", "long"}:
        return int(word)
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(word)
    return word


def _json(word: str) -> Any:
    try:
        return json.loads(word)
    except json.JSONDecodeError:
        raise NotACommandError(f"no JSON: {word}") from None


def _check_enums(shape: Shape, sent: Mapping[str, Any]) -> None:
    for name, value in sent.items():
        member = shape.members[name]
        values = value if isinstance(value, list) else [value]
        known = getattr(member.member if member.type_name == "list" else member, "enum", [])
        for each in values:
            if known and isinstance(each, str) and not _VARIABLE.match(each) and each not in known:
                raise NotACommandError(f"{name} is one of {known}, and not {each}")


def commands_in(text: str) -> Iterator[AwsCommand]:
    """Yield the `aws` commands of a line of shell, those within `$(...)` too."""
    text = text.replace("\\\n", " ")
    for inner in re.findall(r"\$\((aws [^()]*(?:\([^()]*\)[^()]*)*)\)", text):
        yield from commands_in(inner)
    outer = re.sub(r"\$\(aws [^()]*(?:\([^()]*\)[^()]*)*\)", "$INNER", text)
    lexer = shlex.shlex(outer, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words = list(lexer)
    for start in [number for number, word in enumerate(words) if word == "aws"]:
        end = next((n for n in range(start, len(words)) if words[n] in _ENDS), len(words))
        yield _command(words[start + 1 : end], text)


def _command(words: list[str], text: str) -> AwsCommand:
    options: dict[str, list[str]] = {}
    loose: list[str] = []
    held = loose
    for word in words[2:]:
        if word.startswith("--"):
            held = options.setdefault(word[2:], [])
        else:
            held.append(word)
    return AwsCommand(words[0], words[1], options, tuple(loose), text.strip())


def judge(command: AwsCommand) -> None:
    """Raise NotACommandError if the AWS CLI would refuse a command."""
    if command.is_own:
        unknown = set(command.options) - OWN[command.service, command.operation] - GLOBAL
        if unknown:
            raise NotACommandError(f"{command.service} {command.operation} has no {sorted(unknown)}")
        return
    command.parameters()
