"""Who may do what in Redis: the rules of the engine's and the API's users, as its ACL wants them.

The same as in ``deploy/sql/redis.acl``. The engine publishes below ``escore:``; the API reads there, and writes what it
counts and keeps itself. Neither may list keys, empty a database, change the configuration or see other clients. A
command that Redis does not know, such as CLIENT SETINFO before 7.2, would keep it from starting: drivers do without.
"""

from __future__ import annotations

ENGINE = "escore_motor"
API = "escore_api"

_CONNECTION = "+auth +hello +ping +select +client|setname"
CACHE_USERS = {
    ENGINE: (
        "~escore:* resetchannels -@all "
        f"{_CONNECTION} +get +set +del +unlink +exists +expire +sadd +srem +smembers +hset +hget +hdel +hexists +hlen"
    ),
    API: (
        "%R~escore:* %RW~escore:limite:* %RW~escore:cota:* %RW~escore:dados:* resetchannels -@all "
        f"{_CONNECTION} +get +set +del +exists +hget +time +evalsha +script|load"
    ),
}
"""User: keys and commands. ``set`` and ``time`` are the scripts', which run with their caller's rights."""


def acl_line(user: str, password: str) -> str:
    """Return a user's line of a configuration or of an ACL file.

    >>> acl_line("escore_api", "x").startswith("user escore_api reset on >x %R~escore:* ")
    True
    """
    return f"user {user} reset on >{password} {CACHE_USERS[user]}"
