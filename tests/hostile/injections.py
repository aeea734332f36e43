"""Texts that mean something to whoever forgets that they are text: SQL, NoSQL, Redis, logs, HTML, CSV, paths."""

from __future__ import annotations

CANARY = "canario"
"""A table and a collection that every one of the texts below would drop, empty or copy, were it obeyed."""

MARK = "zqx7"
"""Stands in every text, so that it is known again wherever it turns up."""

SQL = (
    f"'; drop table {CANARY}; -- {MARK}",
    f"' or '1'='1' /* {MARK} */",
    f'"; delete from {CANARY}; -- {MARK}',
    f"{MARK}'||(select pg_sleep(20))||'",
    f"1; select pg_sleep(20); -- {MARK}",
    f"{MARK}'); copy {CANARY} to program 'touch /tmp/{MARK}'; --",
    f"$${MARK}$$; truncate {CANARY};",
    f"%' escape '' or pg_sleep(20) is null -- {MARK}",
    f"{MARK}\\'; drop table {CANARY}; --",
    f"{MARK}%s %(cpf)s :cpf {{0}} ? %%",
    f"'{MARK}:*' & !'x' | <->",
)
NOSQL = (
    f'{{"$gt": "{MARK}"}}',
    f'{{"$where": "sleep(20000) || \'{MARK}\'"}}',
    f"{MARK}'; db.{CANARY}.drop(); while(true){{}}; '",
    f"$where{MARK}",
    f"[$ne]{MARK}",
)
REDIS = (
    f"{MARK}\r\nFLUSHALL\r\n",
    f"*1\r\n$8\r\nFLUSHALL\r\n{MARK}",
    f"{MARK}\r\nEVAL \"redis.call('flushall')\" 0\r\n",
)
LOGS = (
    f'{MARK}\n{{"momento":"2026-01-01T00:00:00Z","nivel":"erro","mensagem":"falsa {MARK}"}}',
    f"{MARK}\r\nHTTP/1.1 200 OK\r\nSet-Cookie: {MARK}",
    f"\x1b[2J\x1b]0;{MARK}\x07",
    f"{MARK}\u2028falsa\u2029\u0085\u000b\u000c",
    f"\u202e{MARK}\u2066",
    f"{MARK}\x7f\x01\x02",
)
MARKUP = (
    f"<script>alert('{MARK}')</script>",
    f'"><img src=x onerror=alert("{MARK}")>',
    f"</title></script><svg/onload=alert(1)>{MARK}",
    f"[{MARK}](javascript:alert(1)) `x` | **x**",
    f"[/{MARK}] [bold][link=file:///etc/passwd]x",
    f"{{{{ 7*7 }}}}{{% raw %}}${{7*7}}{MARK}",
)
FORMULAS = (
    f"=cmd|'/c calc'!A1{MARK}",
    f'@SUM(1+1)*cmd|"{MARK}"',
    f"+1+{MARK}",
    f"-2+3+{MARK}",
    f'{MARK},";\t\\N\n\\.\n',
)
PATHS = (
    f"../../../../tmp/{MARK}",
    f"/etc/passwd{MARK}",
    f"..\\..\\{MARK}",
    f"%2e%2e%2f{MARK}",
    f"{MARK}/../../x",
    f"file:///tmp/{MARK}",
    f"${{jndi:ldap://127.0.0.1/{MARK}}}",
    f"$(touch /tmp/{MARK})",
    f"`touch /tmp/{MARK}`",
    f"--{MARK}",
)
TEXTS = (*SQL, *NOSQL, *REDIS, *LOGS, *MARKUP, *FORMULAS, *PATHS)
WITH_NUL = (f"{MARK}\0", f"\0{MARK}", f"a{MARK}%00b")
