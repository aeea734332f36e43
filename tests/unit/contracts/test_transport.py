"""In production no store on another machine is reached without TLS that checks the certificate and its host name."""

from __future__ import annotations

import pytest

from contracts.errors import SettingsError
from contracts.settings import load_settings
from contracts.transport import NEEDED

PG = "postgresql+psycopg2://u:s3nha@db.exemplo/base"
ORACLE = "oracle+oracledb://u:s3nha@db.exemplo:2484/?service_name=A"
MONGO = "mongodb://u:s3nha@db.exemplo/base"
REDIS = "rediss://u:s3nha@db.exemplo/0"
MSSQL = "mssql+pyodbc://u:s3nha@db.exemplo/a"


pytestmark = pytest.mark.usefixtures("clean_environment", "production")


@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("SCORE_ENV", "producao")


def problems_of(monkeypatch, **values: str) -> list[str]:
    for name, value in values.items():
        monkeypatch.setenv(f"SCORE_{name}", value)
    try:
        load_settings()
    except SettingsError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_B_URL", PG),
        ("BASE_B_URL", f"{PG}?sslmode=require"),
        ("BASE_B_URL", f"{PG}?sslmode=verify-ca&sslrootcert=/ca.pem"),
        ("BASE_B_URL", f"{PG}?sslmode=verify-full&sslmode=prefer"),
        ("RESULTS_URL", "postgresql://u:s3nha@localhost,db.exemplo/base"),
        ("RESULTS_URL", "postgresql://u:s3nha@localhost/base?host=db.exemplo"),
        ("RESULTS_URL", "postgresql://u:s3nha@localhost/base?hostaddr=10.0.0.1"),
        ("RESULTS_URL", "postgresql:///base?service=producao"),
        ("RESULTS_ADMIN_URL", PG),
        ("BASE_A_URL", ORACLE),
        ("BASE_A_URL", f"{ORACLE}&protocol=tcps&ssl_server_dn_match=no"),
        ("BASE_A_URL", "oracle+oracledb://u:s3nha@apelido?protocol=tcps"),
        ("BASE_A_URL", "oracle+oracledb://u:s3nha@/?dsn=db.exemplo/A"),
        ("BASE_A_URL", "mysql+pymysql://u:s3nha@db.exemplo/a?ssl_ca=/ca.pem"),
        ("BASE_A_URL", MSSQL),
        ("BASE_A_URL", f"{MSSQL}?Encrypt=yes&TrustServerCertificate=yes"),
        ("BASE_C_URL", MONGO),
        ("BASE_C_URL", f"{MONGO}?tls=false"),
        ("BASE_C_URL", f"{MONGO}?tls=True"),
        ("BASE_C_URL", f"{MONGO}?tls=true&tlsInsecure=true"),
        ("BASE_C_URL", f"{MONGO}?tls=true&TLSALLOWINVALIDHOSTNAMES=true"),
        ("BASE_C_URL", f"{MONGO}?tls=true;tlsAllowInvalidCertificates=true"),
        ("BASE_C_URL", "mongodb://u:s3nha@localhost,db.exemplo/base"),
        ("BASE_C_URL", "mongodb://u:s3nha@localhost/base?replicaSet=rs0"),
        ("REDIS_URL", "redis://u:s3nha@db.exemplo/0"),
        ("REDIS_URL", "redis:///0?host=db.exemplo"),
        ("REDIS_URL", f"{REDIS}?ssl_cert_reqs=none"),
        ("REDIS_URL", f"{REDIS}?ssl_check_hostname=False"),
        ("LAKE", "s3://balde/lago?scheme=http"),
        ("LAKE", "s3://balde/lago?endpoint_override=http://minio.exemplo:9000"),
        ("DASK", "tcp://agendador.exemplo:8786"),
    ],
)
def test_what_is_not_checked_is_refused_by_name_and_never_shown(monkeypatch, name, value):
    [problem] = problems_of(monkeypatch, **{name: value})
    assert problem.startswith(f"SCORE_{name}: {NEEDED}")
    assert not any(part in problem for part in ("s3nha", "exemplo", "10.0.0.1", "apelido", "balde"))
    monkeypatch.setenv("SCORE_ENV", "desenvolvimento")
    assert problems_of(monkeypatch) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_B_URL", f"{PG}?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem"),
        ("BASE_B_URL", "postgresql://u:p@h1,h2:5433/base?sslmode=verify-full"),
        ("BASE_B_URL", "postgresql://u:p@127.0.0.1:5432/base"),
        ("BASE_B_URL", "postgresql://u:p@[::1]/base"),
        ("BASE_B_URL", "postgresql://u:p@/base?host=/run/postgresql"),
        ("BASE_A_URL", f"{ORACLE}&protocol=tcps&wallet_location=/carteira"),
        ("BASE_A_URL", "oracle+oracledb://u:p@localhost/?service_name=A"),
        ("BASE_A_URL", "sqlite:////dados/a.db"),
        ("BASE_A_URL", "mysql+pymysql://u:p@db.exemplo/a?ssl_ca=/ca.pem&ssl_verify_identity=true"),
        ("BASE_A_URL", f"{MSSQL}?Encrypt=yes"),
        ("BASE_C_URL", f"{MONGO}?tls=true&tlsCAFile=/ca.pem&tlsCertificateKeyFile=/c.pem"),
        ("BASE_C_URL", "mongodb://u:p@%2Frun%2Fmongo.sock/base"),
        ("REDIS_URL", REDIS),
        ("REDIS_URL", f"{REDIS}?ssl_ca_certs=/ca.pem&ssl_cert_reqs=required&ssl_check_hostname=true"),
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("LAKE", "s3://balde/lago?region=sa-east-1"),
        ("LAKE", "s3://balde/lago?endpoint_override=127.0.0.1:9000&scheme=http"),
        ("LAKE", "/srv/lago"),
        ("DASK", "tls://agendador.exemplo:8786"),
        ("DASK", "tcp://127.0.0.1:8786"),
        ("DASK", "local"),
    ],
)
def test_what_is_checked_and_what_is_on_this_machine_pass(monkeypatch, name, value):
    assert problems_of(monkeypatch, **{name: value}) == []


def test_all_that_is_wrong_is_named_together(monkeypatch):
    told = problems_of(monkeypatch, BASE_A_URL=ORACLE, BASE_B_URL=PG, REDIS_URL="redis://h", RANGE_SIZE="-5", TYPO="1")
    names = {problem.split(":")[0] for problem in told}
    assert names == {f"SCORE_{name}" for name in ("BASE_A_URL", "BASE_B_URL", "REDIS_URL", "RANGE_SIZE", "TYPO")}
