"""What docs/explanation/privacy.md generates from the declarations: its tables between marks, and its picture.

``python -m flows.privacy_page docs`` writes both; a test keeps the committed ones equal. The prose is the page's own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.settings import PREFIX, Settings
from contracts.table_declaration import Nature, Store
from contracts.tables import TABLES, tables_of
from flows.data_flow_figure import data_flow_figure
from flows.half_finished import RESUME_WITHIN
from flows.personal_data_map import PERSONAL_RESULTS, PLACES, SCORE, Form, Held
from flows.reference_pages import api_document
from serve.access.callers import SCOPES
from serve.auditing.accesses import MONTHS
from serve.published.kept_answers import SCORE_DATA_PREFIX
from serve.published.key_layout import POINTER_KEY
from serve.publishing.generations import GENERATIONS_KEY
from serve.systems.score_data import CACHE_SECONDS

_STORES = {"clientes:ler": Store.A, "score-data:ler": Store.B, "eventos:ler": Store.C}
PAGE = Path("explanation") / "privacy.md"
FIGURE = Path("assets") / "data-flow.svg"
_MARKED = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS: dict[Nature | str, str] = {
    Nature.IDENTIFIER: "CPF",
    Nature.NAME: "name",
    Nature.PSEUDONYM: "the consumer's id",
    Nature.CONTACT: "address",
    Nature.PROFILE: "profile",
    Nature.FINANCIAL: "debts, income, assets",
    Nature.EVENT: "events",
    Nature.FREE_TEXT: "free text",
    Nature.NONE: "the record's own",
    SCORE: "score, probability, reasons",
}


def blocks() -> dict[str, str]:
    """Return each marked block of the page by its name."""
    return {
        "columns": _columns(),
        "places": _places(),
        "results": _results(),
        "redis": _redis(),
        "api": _api(),
        "terms": _terms(),
    }


def fill_page(text: str, made: Mapping[str, str]) -> str:
    """Return a page with every marked block replaced; LookupError if page and blocks do not name the same ones."""
    marked = [name for _, name, _ in _MARKED.findall(text)]
    if sorted(marked) != sorted(made):
        raise LookupError(f"the page marks {sorted(marked)}, the declarations give {sorted(made)}")
    return _MARKED.sub(lambda match: f"{match[1]}\n{made[match[2]].strip()}\n\n{match[3]}", text)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [f"| {' | '.join(line)} |" for line in (titles, *rows)]
    return "\n".join([lines[0], "|---" * len(titles) + "|", *lines[1:]])


def _columns() -> str:
    """Return every column by what it tells of a person, those that are never extracted apart."""
    rows = []
    for nature in Nature:
        found = [(table.name, column) for table in TABLES for column in table.columns if column.nature is nature]
        read = ", ".join(f"`{table}.{column.name}`" for table, column in found if column.read)
        unread = ", ".join(f"`{table}.{column.name}`" for table, column in found if not column.read)
        rows.append((f"{_WORDS[nature]} (`{nature.value}`)", read, unread))
    return _table(("what it tells", "extracted", "left in the stores"), rows)


def _places() -> str:
    rows = (
        (
            f"**{place.title}**",
            _held(place.holds),
            place.kept,
            place.readers,
            place.erased,
            ", ".join(f"`{name}`" for name in place.evidence),
        )
        for place in PLACES
    )
    return _table(("place", "holds", "kept", "who may read", "erased", "looked into by"), rows)


def _held(holds: Held) -> str:
    by_form: dict[Form, list[str]] = {}
    for nature, form in holds.items():
        by_form.setdefault(form, []).append(_WORDS[nature])
    return "; ".join(f"{form.value}: {', '.join(words)}" for form, words in by_form.items())


def _results() -> str:
    rows = (
        (f"`{table}.{column}`", _WORDS[nature], form.value)
        for table, columns in PERSONAL_RESULTS.items()
        for column, (nature, form) in columns.items()
    )
    return _table(("column", "tells", "form"), rows)


def _redis() -> str:
    rows = (
        (f"`{POINTER_KEY}`, `{GENERATIONS_KEY}`", "ids of runs", "nobody", "until the next run"),
        ("`escore:<run>:info`", "run, model, texts of reasons", "nobody", "with its run"),
        (
            "`escore:<run>:i:<bucket>`",
            "score, band, probability, reasons",
            "field: 8 bytes of the keyed hash of the id; the CPF's six middle digits under a pad of the same hash",
            "with its run",
        ),
        (
            "`escore:<run>:p:<bucket>`",
            "the same",
            "field: 8 bytes of the keyed hash of the CPF; the id under a pad of the same hash",
            "with its run",
        ),
        (
            f"`{SCORE_DATA_PREFIX}<hash>`",
            "a person's answer of `score-data`",
            "key: keyed hash; value encrypted (Fernet)",
            f"{CACHE_SECONDS} seconds",
        ),
        ("`escore:limite:{<hash>}`, `escore:cota:{<hash>}:<day>`", "requests of a consulente", "nobody", "a day"),
    )
    return _table(("key", "holds", "the person", "kept"), rows)


def _api() -> str:
    document = api_document()
    rows = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if scopes := [scope for one in operation.get("security", ()) for scope in one.get("oauth2", ())]:
                schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
                fields = set(_fields(schema.get("schema", {}), document))
                rows.append((f"`{method.upper()} {path}`", f"`{scopes[0]}`", _told(scopes[0], fields)))
    assert {scope.strip("`") for _, scope, _ in rows} == set(SCOPES)
    return _table(("endpoint", "scope", "tells"), rows)


def _told(scope: str, fields: Collection[str]) -> str:
    """Return what an answer's fields tell, in words; a store's by its declaration, ours by what they are."""
    ours = {
        "score": _WORDS[SCORE],
        "cpf_mascarado": "the CPF masked",
        "consulente": "who read the person's data, when and why",
        "pedida_em": "reviews of the score asked for, and what became of them",
    }
    if said := [words for name, words in ours.items() if name in fields]:
        return "; ".join(said)
    tables = tables_of(_STORES[scope]) if scope in _STORES else ()
    columns = {column.name: column.nature for table in reversed(tables) for column in table.columns}
    told = {columns[name] for name in fields if name in columns}
    return "; ".join(_WORDS[nature] for nature in Nature if nature in told) or "nothing of the person"


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for one in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _fields(one, document)
    for name, below in schema.get("properties", {}).items():
        yield name
        yield from _fields(below, document)


_TERMS: tuple[tuple[str, Callable[[Any], str], str], ...] = (
    ("retention_runs", lambda runs: f"{runs} runs, and the last of each month", "snapshots, features, scores"),
    ("score_validity_days", lambda days: f"{days} days", "how long a score may be used (`valido_ate`)"),
    ("daily_quota", lambda persons: f"{persons} persons a day; 0, no limit", "what one consulente may read"),
    ("audit_max_bytes", lambda size: f"{size:,} bytes", "audit that may wait on the disk"),
)


def _terms() -> str:
    rows = [
        (f"`{PREFIX}{name.upper()}`", write(Settings.model_fields[name].default), what) for name, write, what in _TERMS
    ]
    rows += [
        ("fixed", f"{RESUME_WITHIN.total_seconds() / 3600:.0f} hours", "the lake of a run or training that was killed"),
        ("fixed", f"{CACHE_SECONDS} seconds", "the encrypted copy of Base B's answers in Redis"),
        ("fixed", f"{MONTHS} months", "accesses that a person is shown; the rows themselves stay"),
    ]
    return _table(("setting", "by default", "of what"), rows)


def main() -> None:
    """Write the page's blocks and the picture into the documentation named on the command line."""
    docs = Path(sys.argv[1])
    page = docs / PAGE
    page.write_text(fill_page(page.read_text(encoding="utf-8"), blocks()), encoding="utf-8")
    (docs / FIGURE).write_text(data_flow_figure(), encoding="utf-8")


if __name__ == "__main__":
    main()
