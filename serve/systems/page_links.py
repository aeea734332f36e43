"""The listing's ``next`` and ``previous``: where they lead travels sealed, for a URL ends up in logs.

The parameter ``cursor`` holds the search, its count and the place of the page, encrypted (Fernet: AES-128-CBC with
HMAC-SHA-256) and good for an hour; ``page`` and ``page_size`` beside it are for the reader's eyes.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken

from serve.api.problem_error import ProblemError
from serve.api.problem_types import BAD_LINK, EXPIRED_LINK
from serve.published.person_hash import PersonHash, derive_key
from serve.systems.client_counts import Count
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import Position

LIFETIME_SECONDS = 3600
DEFAULT_PAGE_SIZE = 20
PATH = "/clientes/"
_PURPOSE = "escore-cursor"
"""Part of the key: another form of the sealed text needs another purpose, so that no old cursor is misread."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A page of a search: its number as shown, its size and place, and how many consumers the search found."""

    conditions: ClientFilter
    count: Count
    page: int
    page_size: int
    position: Position


class PageLinks:
    """Writes links with cursors under one secret and reads cursors back, those under other known ones too."""

    def __init__(self, secret: bytes, *others: bytes) -> None:
        keys = [derive_key(each, _PURPOSE) for each in (secret, *others)]
        self._fernet, *self._others = [Fernet(base64.urlsafe_b64encode(key)) for key in keys]

    @classmethod
    def of(cls, hashes: PersonHash) -> PageLinks:
        """Return the links of an installation."""
        return cls(hashes.secret, *(names.secret for names in hashes.others))

    def link(self, cursor: Cursor) -> str:
        """Return the relative URL of a page."""
        parameters = {"page": str(cursor.page)}
        if cursor.page_size != DEFAULT_PAGE_SIZE:
            parameters["page_size"] = str(cursor.page_size)
        return f"{PATH}?{urlencode(parameters | {'cursor': self._seal(cursor)})}"

    def open(self, text: str) -> Cursor:
        """Return the page that ``link`` sealed; a 400 that tells a stale link from one that was not ours."""
        token = (text + "=" * (-len(text) % 4)).encode()
        fernet = next((each for each in (self._fernet, *self._others) if _is_of(each, token)), None)
        if fernet is None:
            raise ProblemError(BAD_LINK)
        try:
            sealed = json.loads(fernet.decrypt(token, ttl=LIFETIME_SECONDS))
        except InvalidToken:
            raise ProblemError(EXPIRED_LINK) from None
        given, count, page, size, place = sealed
        return Cursor(ClientFilter.from_given(given), Count(*count), page, size, Position(*place))

    def _seal(self, cursor: Cursor) -> str:
        count, place = cursor.count, cursor.position
        body = [
            cursor.conditions.given(),
            [count.value, count.is_exact],
            cursor.page,
            cursor.page_size,
            [place.way, place.id],
        ]
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return self._fernet.encrypt(text.encode()).decode().rstrip("=")


def _is_of(fernet: Fernet, token: bytes) -> bool:
    """Return whether a token was sealed under this key."""
    try:
        fernet.extract_timestamp(token)
    except InvalidToken:
        return False
    return True
