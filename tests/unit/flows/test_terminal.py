"""Tables can be read wherever they are printed: in a terminal of 80 columns, in a narrow one, and by a program."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import termios
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console
from rich.table import Table

from flows.run_listing import RunSummary, print_list
from flows.terminal import WITHOUT_LIMIT, print_table, whole
from stores.ledger import Run

ROOT = Path(__file__).parents[3]
IDS = [UUID(int=(0x019AAC10 << 96) + number) for number in range(3)]
WHY = "StoreUnavailableError: MongoDB base_c at 127.0.0.1:25301: connection failed, and this line is a long one"
SPEAKS = """
from rich.table import Table
from flows.commands.output import OUT
from flows.terminal import print_table, whole
table = Table(whole("one"), "other")
table.add_row("a" * 60, "b" * 60)
print_table(OUT, table)
"""


def told(width: int, table: Table, *, least: tuple[str, ...] = ()) -> list[str]:
    out = io.StringIO()
    print_table(Console(file=out, width=width), table, least=least)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def runs(consumers: int) -> list[RunSummary]:
    begun = datetime(2026, 1, 1, 5, 30, tzinfo=UTC)
    common = {"data_referencia": date(2025, 12, 31), "modelo_versao": "2025-12-31-5cfce3e2", "iniciada_em": begun}
    found = []
    for run_id, state in zip(IDS, ("vigente", "em_andamento", "falhou"), strict=True):
        values = dict.fromkeys(Run.__dataclass_fields__) | common | {"id": run_id, "extraidos": consumers}
        values |= {"situacao": state, "motivo_falha": WHY if state == "falhou" else None}
        found.append(RunSummary(Run(**values), state))
    return found


def listed(width: int, *, consumers: int = 2_014) -> str:
    out = io.StringIO()
    print_list(runs(consumers), Console(file=out, width=width))
    return out.getvalue()


def test_the_list_of_runs_is_whole_in_a_terminal_of_80_columns():
    text = listed(80)
    table, below = text.split("└")
    assert max(map(len, table.splitlines())) <= 80
    for run_id in IDS:
        (line,) = [line for line in table.splitlines() if str(run_id) in line]
        assert "2025-12-31" in line
        assert "2,014" in line
    assert all(state in table for state in ("vigente", "em_andamento", "falhou"))
    assert f"{IDS[2]}, falhou: {WHY}\n" in below
    assert "no room for: begun (UTC), model;" in below


def test_a_country_counts_need_no_more_room_than_there_is():
    table = listed(80, consumers=220_000_000).split("└")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert all(str(run_id) in table for run_id in IDS)


def test_with_room_nothing_is_left_out():
    text = listed(130)
    assert "2025-12-31-5cfce3e2" in text
    assert "2026-01-01 05:30" in text
    assert "no room" not in text


def test_what_does_not_fit_in_any_way_becomes_a_block_a_row():
    table = Table(whole("request"), whole("consumer"), "why", title="reviews")
    table.add_row(str(IDS[0]), str(IDS[1]), r"\[divida_paga]")
    assert told(80, table) == [
        "reviews",
        f"request   {IDS[0]}",
        f"consumer  {IDS[1]}",
        "why       [divida_paga]",
        "",
    ]


def test_words_are_folded_and_never_cut():
    table = Table("store", "what")
    table.add_row("base_a", f"{'word ' * 20}{'x' * 100}")
    lines = told(40, table)
    assert max(map(len, lines)) <= 40
    joined = "".join(line.split("│")[2].strip() for line in lines if line.startswith("│"))
    assert joined.count("word") == 20
    assert joined.count("x") == 100
    assert "…" not in "".join(lines)


@pytest.mark.parametrize("width", range(20, 90))
def test_no_width_loses_a_character(width):
    table = Table(whole("id"), "text", whole("n"))
    table.add_row("0123456789", "alpha beta gamma", "123")
    everything = "".join(told(width, table))
    assert all(word in everything for word in ("0123456789", "alpha", "beta", "gamma", "123"))


def test_a_table_without_rows_is_one_line():
    assert told(80, Table(whole("request"), title="reviews")) == ["reviews: none"]


def test_a_list_without_runs_says_how_to_make_one():
    out = io.StringIO()
    print_list([], Console(file=out, width=80))
    assert out.getvalue() == "no run yet: `escore run --as-of DATE` makes one\n"


def test_what_a_program_reads_is_neither_cut_nor_folded(tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_VAR": str(tmp_path)}
    for width in ({}, {"COLUMNS": "80"}):
        done = subprocess.run(
            [sys.executable, "-c", SPEAKS], env=environment | width, capture_output=True, text=True, check=True
        )
        assert "a" * 60 in done.stdout
        assert done.stdout.count("b") == 60
        assert "…" not in done.stdout
        assert ("┏" in done.stdout) == (not width), "only where a width was asked for is there no room"


def test_a_terminal_tells_its_width(tmp_path):
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "dumb", "SCORE_VAR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", SPEAKS], env=environment, stdout=follower, check=True)
    text = os.read(leader, WITHOUT_LIMIT).decode()
    os.close(follower)
    os.close(leader)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "a" * 60 in text
    assert text.count("b") == 60
