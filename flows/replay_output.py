"""A replay as tables in the terminal of the authorised reader who asked for it; nothing here is logged."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contracts.cpf_number import mask_cpf
from contracts.score_terms import Status
from flows.replayed import Comparison, FamilyRecords, FeatureLine, ReasonLine, Replay, plain_rows
from flows.terminal import print_table
from serve.published.published_score import shortest_float32

ROWS_SHOWN = 20
"""Records of one family in the terminal; ``--json`` has all."""


def print_replay(replay: Replay, console: Console) -> None:
    """Print the score, how it compares, its points, its features, and the records behind each reason."""
    result = replay.result
    console.print(
        f"run {replay.execucao_id}, reference date {replay.as_of}, model {replay.model_version}\n"
        f"consumer {escape(replay.client_id)}, CPF {mask_cpf(replay.cpf)}",
        highlight=False,
    )
    print_table(console, _score_table(replay))
    print_table(console, _comparison_table(replay.comparisons))
    if result.score.status == Status.INSUFFICIENT_DATA.value:
        console.print(
            f"{Status.INSUFFICIENT_DATA}: nothing that counts was known of the consumer on that date, so there is no "
            "score, no points and no reasons.",
            highlight=False,
        )
    else:
        print_table(console, _points_table(replay))
    features = {feature.name: feature for feature in result.features}
    print_table(console, _feature_table(features))
    shown: set[str] = set()
    for number, reason in enumerate(result.reasons, start=1):
        _print_reason(console, number, reason, features)
        for name in reason.families:
            _print_records(console, result.records[name], seen=name in shown)
            shown.add(name)


def _score_table(replay: Replay) -> Table:
    score = replay.result.score
    table = _table("score, recomputed", "what", "value")
    for name, value in (
        ("score", score.score),
        ("score_bruto (unclipped)", replay.result.raw_score),
        ("probabilidade", shortest_float32(score.probability)),
        ("faixa", score.band),
        ("status", score.status),
    ):
        table.add_row(name, _text(value))
    return table


def _comparison_table(comparisons: tuple[Comparison, ...]) -> Table:
    table = _table("bit for bit against what was published", "where", "result")
    for one in comparisons:
        if one.differences is None:
            told = f"not compared: {one.note}"
        else:
            told = f"[bold red]differs: {', '.join(one.differences)}[/]" if one.differences else "equal"
        table.add_row(one.store, told)
    return table


def _points_table(replay: Replay) -> Table:
    result = replay.result
    table = _table("points", "term", "values (cells)", "points")
    table.columns[2].justify = "right"
    table.add_row("base", "", str(result.base_points))
    for term in sorted(result.terms, key=lambda term: (-abs(term.points), term.code)):
        values = "; ".join(f"{name} = {_text(value)} ({term.cells[name]})" for name, value in term.values.items())
        table.add_row(escape(term.code), escape(values), f"{term.points:+d}")
    table.add_section()
    total = result.base_points + result.points_sum
    table.add_row("score_bruto", f"{result.base_points} {result.points_sum:+d} = {total}", str(total))
    return table


def _feature_table(features: Mapping[str, FeatureLine]) -> Table:
    table = _table("features as of the date", "code", "feature", "value", "unit", "what it is")
    for one in features.values():
        table.add_row(one.code, one.name, escape(_text(one.value)), one.unit, escape(one.description))
    return table


def _print_reason(console: Console, number: int, reason: ReasonLine, features: Mapping[str, FeatureLine]) -> None:
    values = "; ".join(f"{name} = {_text(features[name].value)} {features[name].unit}" for name in reason.features)
    console.print(
        f"\n[bold]reason {number}: {escape(reason.code)} {reason.points:+d} ({reason.direction})[/] "
        f"{escape(reason.text)}\n{escape(values)}",
        highlight=False,
    )


def _print_records(console: Console, records: FamilyRecords, *, seen: bool) -> None:
    if seen:
        console.print(f"{records.family}: as above")
        return
    rows: pa.Table = records.rows
    count = f"{rows.num_rows} records" if rows.num_rows != 1 else "1 record"
    title = f"{records.family}: {count} of {records.table} counted ({records.rule})"
    if not rows.num_rows:
        console.print(escape(title))
        return
    table = _table(escape(title), *rows.column_names)
    for row in plain_rows(rows.slice(max(0, rows.num_rows - ROWS_SHOWN))):
        table.add_row(*(escape(_text(value)) for value in row.values()))
    if rows.num_rows > ROWS_SHOWN:
        table.caption = f"the latest {ROWS_SHOWN}; --json shows all"
    print_table(console, table)


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left")


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
