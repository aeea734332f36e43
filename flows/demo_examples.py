"""Consumers to look at in a demonstration: of each band, without data, refused; found as a consulente finds them.

A generated population of one size and date is the same each time, and so are these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from contracts.cpf_number import normalize_cpf

KINDS = 5
"""Four bands, and nothing known that counts."""
_MOST_PAGES = 5
_PAGE = 100
_SECONDS = 30


@dataclass(frozen=True)
class Caller:
    """Reads the API with a token."""

    address: str
    token: str

    def get(self, path: str) -> Any:
        """Return an answer's JSON; URLError if there is none."""
        return self._ask(path, None)

    def post(self, path: str, body: object) -> Any:
        """Return the answer's JSON to a body of JSON; URLError if there is none."""
        return self._ask(path, json.dumps(body).encode())

    def _ask(self, path: str, body: bytes | None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        asked = Request(f"{self.address}{path}", body, headers)  # noqa: S310 - the demonstration's own server
        with urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - the same
            return json.load(answer)


def find_examples(caller: Caller) -> list[dict[str, Any]]:
    """Return the scores of the first consumer of each kind, by id, as the API answers them."""
    found: dict[str | None, dict[str, Any]] = {}
    for clients in _pages(caller):
        for score in filter(None, _scores(caller, clients).values()):
            found.setdefault(score["faixa"], score)
        if len(found) == KINDS:
            break
    return list(found.values())


def find_refused(caller: Caller) -> str | None:
    """Return the id of the first consumer, by id, who is in the register and whom the run refused; None if none is."""
    for clients in _pages(caller):
        scores = _scores(caller, clients)
        for client in clients:
            if scores.get(normalize_cpf(client["cpf"]) or "") is None:
                return str(client["id"])
    return None


def _pages(caller: Caller) -> Iterator[list[dict[str, Any]]]:
    """Yield the consumers of the register by id, a page at a time, and so many pages at most."""
    link: str | None = f"/clientes?page_size={_PAGE}"
    for _ in range(_MOST_PAGES):
        if link is None:
            return
        page = caller.get(link)
        yield page["results"]
        link = page["next"]


def _scores(caller: Caller, clients: list[dict[str, Any]]) -> dict[str, dict[str, Any] | None]:
    """Return the score of each CPF that is one."""
    cpfs = list(dict.fromkeys(filter(None, (normalize_cpf(client["cpf"]) for client in clients))))
    answer = caller.post("/scores/consultar", {"cpfs": cpfs})
    return {cpf: one["resultado"] for cpf, one in zip(cpfs, answer["resultados"], strict=True)}
