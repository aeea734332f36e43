"""Options of a store's URL that its driver would misread in silence, or answer for with their text: told as settings.

PyMongo drops an option that it does not know, or whose value it does not, with a warning: ``tls=True`` is then no TLS.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from contracts.errors import SettingsError
from stores.addresses import UNREADABLE_FILE, describe_url

UNKNOWN = "an option of the URL is not one that the driver knows, or its value is not"


def check_mongo_options(url: str) -> None:
    """Raise SettingsError, which repeats no option, if one is unknown, ill-formed or contradicted by another."""
    from pymongo import MongoClient  # noqa: PLC0415 - only who has this store pays for its driver
    from pymongo.errors import PyMongoError  # noqa: PLC0415
    from pymongo.uri_parser import parse_uri  # noqa: PLC0415

    try:
        parse_uri(url, validate=True, warn=False)
        MongoClient[Any](url, connect=False).close()  # reads the files
    except OSError:
        raise SettingsError([f"{describe_url(url)}: {UNREADABLE_FILE}"]) from None
    except (PyMongoError, ValueError, TypeError):
        raise SettingsError([f"{describe_url(url)}: {UNKNOWN}"]) from None


def check_redis_options(url: str) -> None:
    """Raise SettingsError, which repeats no option, if one is unknown or ill-formed, or if its database is no number.

    redis-py passes over a database that is none, and works on the first one.
    """
    from redis.connection import ConnectionPool  # noqa: PLC0415
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        ConnectionPool.from_url(url).make_connection()
        int(urlsplit(url).path.removeprefix("/") or "0")
    except (RedisError, ValueError, TypeError):
        raise SettingsError([f"{describe_url(url)}: {UNKNOWN}"]) from None
