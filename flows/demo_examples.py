"""Consumers to look at in a demonstration: one of each band and one without a score, found as a consulente finds them.

A generated population of one size and date is the same each time, and so are these.
"""

from __future__ import annotations

import json
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
    link: str | None = f"/clientes?page_size={_PAGE}"
    for _ in range(_MOST_PAGES):
        if link is None or len(found) == KINDS:
            break
        page = caller.get(link)
        cpfs = dict.fromkeys(filter(None, (normalize_cpf(client["cpf"]) for client in page["results"])))
        answer = caller.post("/scores/consultar", {"cpfs": list(cpfs)})
        for score in filter(None, (one["resultado"] for one in answer["resultados"])):
            found.setdefault(score["faixa"], score)
        link = page["next"]
    return list(found.values())
