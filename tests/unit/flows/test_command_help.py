"""Every command says what it is for, what each option means, and shows a call that the command line understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from flows.cli import app
from flows.commands.panels import PANELS, examples_of
from flows.reference_pages import commands

COMMANDS = commands()
WITHOUT_JSON = {
    "escore serve": "prints for people until it is stopped; its log lines are JSON by SCORE_LOG_FORMAT",
    "escore demo": "a show for people",
    "escore jwks": "prints JSON and nothing else",
    "escore prefect local": "goes on until it is stopped",
}
SAME_EVERYWHERE = {
    "--json": "as_json",
    "--as-of": ("as_of", "observado_ate"),
    "--execucao": "execucao",
    "--cliente": "cliente",
    "--finalidade": ("finalidade", "purpose"),
    "--limit": "limit",
    "--why": "why",
}
"""Options that mean the same wherever they are; each has one parameter's name, or two."""

ROOT = typer.main.get_command(app)
CALL = re.compile(r"\bescore +([a-z][^\n#&|;)>]*)")


def options_of(command: Any) -> Iterator[tuple[str, Any]]:
    for parameter in command.params:
        for name in (*parameter.opts, *parameter.secondary_opts):
            yield name, parameter


def understood(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Parse a call down to its command, as the command line does, without running it."""
    command: Any = ROOT
    context: Any = None
    while True:
        context = command.make_context(command.name or "escore", list(words), parent=context)
        if not hasattr(command, "resolve_command"):
            return context.command_path, context.params
        rest = [*context._protected_args, *context.args]
        _, command, words = command.resolve_command(context, rest)


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_says_in_one_line_what_it_is_for(name, command):
    purpose = (command.help or "").split("\n\n")[0]
    assert purpose.endswith("."), name
    assert len(purpose) < 150
    assert "\n" not in purpose


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_option_says_what_it_means(name, command):
    assert [option for option, one in options_of(command) if not (one.help or "").endswith(".")] == []


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_example_is_a_call_that_is_understood(name, command):
    shown = examples_of(command.epilog)
    assert shown, f"{name} shows no example"
    calls = [words for example in shown for words in CALL.findall(example.replace("\\\n", " "))]
    assert len(calls) >= len(shown)
    for words in calls:
        assert f"escore {words}".startswith(name)
        understood(shlex.split(words))


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_what_a_machine_would_read_comes_as_json_too(name, command):
    assert ("--json" in dict(options_of(command))) != (name in WITHOUT_JSON)


@pytest.mark.parametrize(("option", "parameter"), SAME_EVERYWHERE.items(), ids=SAME_EVERYWHERE)
def test_an_option_means_the_same_wherever_it_is(option, parameter):
    found = {dict(options_of(one))[option].name for one in COMMANDS.values() if option in dict(options_of(one))}
    assert found
    assert found <= ({parameter} if isinstance(parameter, str) else set(parameter))


def test_every_command_stands_in_a_panel_that_is_shown():
    panels = {name: one.rich_help_panel for name, one in ROOT.commands.items()}
    assert set(panels.values()) == set(PANELS), panels


def test_an_example_that_is_none_would_be_found():
    with pytest.raises(typer.BadParameter):
        understood(shlex.split("run --as-of yesterday"))
    assert examples_of("Example: escore up") == ()
