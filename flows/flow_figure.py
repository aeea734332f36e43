"""The picture of a night for whoever sees the engine for the first time, in English and in Portuguese, as SVG.

Every word stands on a box of its own colour and every arrow is of a middle grey, so that the picture reads on a light
page and on a dark one. Tables, counts and the scale come from the declarations.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from contracts.score_scale import SCORE_MAX, SCORE_MIN
from contracts.table_declaration import Store
from contracts.tables import tables_of
from features.catalog import FEATURES
from flows.gates import gates

_BLUE, _TEAL, _VIOLET, _AMBER, _SLATE, _GREEN = "#1f5f99", "#17686b", "#6b4a9e", "#8f5610", "#4d5966", "#23734f"
"""White text has a contrast of at least 5.5 on each; each stands out from white and from black."""
_ARROW = "#8b949e"
_WIDTH, _HEIGHT = 1120, 400
_TITLE_SIZE, _TEXT_SIZE, _LINE = 15, 13, 17
_MAKERS = {Store.A: "Oracle", Store.B: "PostgreSQL", Store.C: "MongoDB"}


@dataclass(frozen=True, slots=True)
class Words:
    """What the picture says in one language; a line of a box an entry."""

    title: str
    story: str
    extract: tuple[str, ...]
    features: tuple[str, ...]
    score: tuple[str, ...]
    gates: tuple[str, ...]
    train: tuple[str, ...]
    model: tuple[str, ...]
    lake: tuple[str, ...]
    postgresql: tuple[str, ...]
    redis: tuple[str, ...]
    api: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float
    colour: str
    lines: tuple[str, ...]

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


def flow_figures() -> dict[str, str]:
    """Return the picture in each language, by the name of its file."""
    return {"flow.svg": flow_figure(_english()), "flow.pt.svg": flow_figure(_portuguese())}


def flow_figure(words: Words) -> str:
    """Return the picture as an SVG document; equal declarations give equal bytes."""
    boxes = _boxes(words)
    shapes = [*(_arrow(*ends) for ends in _arrows()), *(_drawn(box) for box in boxes)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="flow-title flow-story" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, '
        'sans-serif">'
    )
    told = f'<title id="flow-title">{escape(words.title)}</title>\n<desc id="flow-story">{escape(words.story)}</desc>'
    marker = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0.5 7.5 4 0 7.5z" fill="{_ARROW}"/></marker></defs>'
    )
    return "\n".join([head, told, marker, *shapes, "</svg>"]) + "\n"


def _boxes(words: Words) -> list[_Box]:
    stores = [
        _Box(10, 120 + 90 * number, 186, 76, _BLUE, (f"Base {store.value} · {_MAKERS[store]}", *_tables(store)))
        for number, store in enumerate(Store)
    ]
    return [
        *stores,
        _Box(226, 160, 156, 106, _TEAL, words.extract),
        _Box(406, 160, 136, 106, _TEAL, words.features),
        _Box(566, 160, 136, 106, _TEAL, words.score),
        _Box(726, 160, 146, 106, _AMBER, words.gates),
        _Box(374, 20, 156, 84, _VIOLET, words.train),
        _Box(556, 20, 156, 84, _VIOLET, words.model),
        _Box(226, 318, 476, 68, _SLATE, words.lake),
        _Box(900, 120, 210, 76, _BLUE, words.postgresql),
        _Box(900, 210, 210, 76, _BLUE, words.redis),
        _Box(726, 318, 384, 68, _GREEN, words.api),
    ]


def _arrows() -> Iterator[tuple[float, float, float, float]]:
    """Yield where each arrow begins and ends, drawn before the boxes."""
    yield from ((196, 158 + 90 * number, 224, 190 + 24 * number) for number in range(len(Store)))
    yield from ((382, 213, 404, 213), (542, 213, 564, 213), (702, 213, 724, 213))
    yield from ((872, 190, 898, 165), (872, 236, 898, 248))
    yield from ((304, 266, 304, 316), (634, 266, 634, 316))
    yield from ((530, 62, 554, 62), (634, 104, 634, 158))
    yield (1005, 286, 1005, 316)


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    line = f'd="M{x1:g} {y1:g} {x2:g} {y2:g}" stroke="{_ARROW}" stroke-width="2"'
    return f'<path {line} fill="none" marker-end="url(#tip)"/>'


def _drawn(box: _Box) -> str:
    x, y = box.middle
    first = y - _LINE * (len(box.lines) - 1) / 2 + _TITLE_SIZE / 3
    spans = "".join(
        f'<tspan x="{x:g}" y="{first + _LINE * number:g}"'
        + (f' font-weight="600" font-size="{_TITLE_SIZE}">' if number == 0 else ">")
        + f"{escape(line)}</tspan>"
        for number, line in enumerate(box.lines)
    )
    place = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
    return (
        f'<rect {place} rx="9" fill="{box.colour}"/>\n'
        f'<text fill="#fff" font-size="{_TEXT_SIZE}" text-anchor="middle">{spans}</text>'
    )


def _tables(store: Store) -> tuple[str, ...]:
    """Return a store's tables in lines of some 22 characters."""
    return tuple(_in_lines([table.name for table in tables_of(store)]))


def _in_lines(names: Sequence[str]) -> Iterator[str]:
    """Yield names parted by commas, in lines of some 22 characters.

    >>> list(_in_lines(["pessoa", "fonte_de_renda", "bem"]))
    ['pessoa,', 'fonte_de_renda, bem']
    """
    line = ""
    for number, name in enumerate(names):
        name_and_comma = name if number == len(names) - 1 else f"{name}, "
        if line and len(line + name_and_comma.strip()) > 22:
            yield line.strip()
            line = ""
        line += name_and_comma
    yield line


def _english() -> Words:
    count = len(gates(0.1))
    return Words(
        title="A night of escore",
        story="The records of three stores are extracted one range of CPFs at a time; features, scores and "
        "records are kept in "
        f"the lake; {count} gates judge the whole run; it is then published to PostgreSQL and Redis, which the API "
        "reads. The model is trained on past dates and comes in force through a gate of its own.",
        extract=("Extract", "each record used,", "or refused by", "a named rule"),
        features=("Features", f"{len(FEATURES)} of them,", "as known by the", "end of the date"),
        score=("Score", f"{SCORE_MIN} to {SCORE_MAX}, with", "exact reasons"),
        gates=("Gates", f"{count} must hold, or", "nothing is", "published"),
        train=("Train", "on past dates,", "judged on later ones"),
        model=("Model in force", "a table of points,", "let in by a gate"),
        lake=(
            "Lake",
            "records, features, scores and models, with checksums:",
            "replay, resume, monitor, explore in Python",
        ),
        postgresql=("PostgreSQL", "all runs,", "and who read what"),
        redis=("Redis", "the run in force, at hand", "in milliseconds"),
        api=("API and its page", "tokens and scopes; every read is recorded", "before its answer leaves"),
    )


def _portuguese() -> Words:
    count = len(gates(0.1))
    return Words(
        title="Uma noite do escore",
        story="Os registros de três bases são extraídos por faixas de CPF; variáveis, scores e registros ficam "
        "no lago; "
        f"{count} portas julgam a execução inteira; então ela é publicada no PostgreSQL e no Redis, de onde a "
        "API lê. O "
        "modelo é treinado em datas passadas e só entra em vigor por uma porta própria.",
        extract=("Extração", "cada registro usado,", "ou recusado por", "regra com nome"),
        features=("Variáveis", f"{len(FEATURES)}, com o que se", "sabia até o fim", "da data"),
        score=("Score", f"de {SCORE_MIN} a {SCORE_MAX},", "motivos exatos"),
        gates=("Portas", f"{count} se cumprem, ou", "nada é", "publicado"),
        train=("Treino", "em datas passadas,", "julgado em posteriores"),
        model=("Modelo em vigor", "tabela de pontos,", "passou por uma porta"),
        lake=(
            "Lago",
            "registros, variáveis, scores e modelos, com checksums:",
            "recalcular, retomar, monitorar, explorar em Python",
        ),
        postgresql=("PostgreSQL", "todas as execuções,", "e quem leu o quê"),
        redis=("Redis", "a execução em vigor,", "em milissegundos"),
        api=("API e sua página", "tokens e escopos; toda leitura é registrada", "antes que a resposta saia"),
    )


def main() -> None:
    """Write the pictures into the folder named on the command line."""
    for name, text in flow_figures().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
