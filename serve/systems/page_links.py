"""The listing's ``next`` and ``previous``: no name, CPF or birth date in them, for a URL ends up in logs.

Conditions that could tell who is searched for travel as one opaque parameter ``filtro``, encrypted
(Fernet: AES-128-CBC with HMAC-SHA-256) and good for an hour. The others stay readable.
"""

from __future__ import annotations

import base64
import json
from datetime import date
from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken
from starlette.exceptions import HTTPException

from serve.published.person_hash import derive_key
from serve.systems.client_queries import ClientFilter

LIFETIME_SECONDS = 3600
DEFAULT_PAGE_SIZE = 20
PATH = "/clientes/"


class PageLinks:
    """Writes the links of a page and reads their ``filtro`` back."""

    def __init__(self, secret: bytes) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(derive_key(secret, "escore-filtro")))

    def link(self, conditions: ClientFilter, *, page: int, page_size: int) -> str:
        """Return the relative URL of a page of the same search."""
        parameters = {"page": str(page)}
        if page_size != DEFAULT_PAGE_SIZE:
            parameters["page_size"] = str(page_size)
        if conditions.is_personal:
            parameters["filtro"] = self._fernet.encrypt(json.dumps(conditions.given()).encode()).decode()
        else:
            parameters |= conditions.given()
        return f"{PATH}?{urlencode(parameters)}"

    def open(self, token: str) -> ClientFilter:
        """Return the conditions that ``link`` sealed; a 400 that tells a stale link from one that was not ours."""
        try:
            self._fernet.extract_timestamp(token.encode())
        except InvalidToken:
            raise HTTPException(400, "filtro: malformado; só se aceita o que veio em next ou previous") from None
        try:
            given = json.loads(self._fernet.decrypt(token.encode(), ttl=LIFETIME_SECONDS))
        except InvalidToken:
            raise HTTPException(400, "filtro: o endereço da página venceu; refaça a busca") from None
        born = given.pop("data_nascimento", None)
        return ClientFilter(**given, data_nascimento=None if born is None else date.fromisoformat(born))
