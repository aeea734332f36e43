"""What the templates set becomes settings that the engine takes, whatever a password is made of."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote

import oracledb
import pytest
import sqlalchemy as sa

from contracts.settings import PREFIX, Settings
from deploy.package.bundles import RUNTIME
from deploy.templates import load_templates, walk
from stores.addresses import oracle_options

TEMPLATES = load_templates()
PASSWORD = "a@b:c/d%e?f#g &+{h}"
LOGIN = json.dumps({"username": "escore_leitor_clone", "password": PASSWORD, "host": "elsewhere"})
CACHE_KEYS = json.dumps({"current": "s" * 64, "next": "", "earlier": f"{'t' * 64} {'u' * 64}"})
PROGRAMS = (
    ("systems", "SystemA"),
    ("systems", "SystemB"),
    ("system-c", "System"),
    ("workers", "RunTask"),
    ("workers", "RangeTask"),
    ("tasks", "MigrateTask"),
)
PARAMETERS = {
    "BaseCUrl": "mongodb://{username}:{password}@c.example:27017/base_c?tls=true&tlsCAFile={certs}/rds.pem&retryWrites=false",
    "Jwks": "https://id.example/jwks.json",
    "Issuer": "https://id.example",
    "AuditMode": "direto",
    "Regime": "gestor",
    "AWS::Region": "sa-east-1",
    "LakeBucket": "lake",
    "MinDebtReais": "100",
}


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, RUNTIME / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


logins = module("logins")


def value_of(value: Any, template: str) -> str:
    """Return what a variable is set to, parameters by their defaults or by a sample."""
    if not isinstance(value, dict):
        return str(value)
    declared = TEMPLATES[template]["Parameters"]

    def parameter(name: str) -> str:
        return PARAMETERS.get(name) or str(declared.get(name, {}).get("Default", f"{name.lower()}.example"))

    if "Fn::If" in value:  # what an installation with all its own has
        return value_of(value["Fn::If"][1], template)
    if "Ref" in value:
        return parameter(value["Ref"])
    return re.sub(r"\$\{([\w:]+)\}", lambda place: parameter(place[1]), value["Fn::Sub"])


def environment_of(template: str, logical: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in walk(TEMPLATES[template]["Resources"][logical]):
        if not isinstance(part, dict):
            continue
        name = part.get("OptionName", part.get("Name"))
        if str(part.get("Namespace", "")).endswith("application:environment") or (
            name and "Value" in part and "Namespace" not in part
        ):
            found[name] = value_of(part["Value"], template)
        elif str(part.get("Namespace", "")).endswith("environmentsecrets") or "ValueFrom" in part:
            found[name] = CACHE_KEYS if name == "CACHE_KEYS" else LOGIN
        elif "Variables" in part:
            for key, value in part["Variables"].items():
                secret = key.startswith("LOGIN_") or key == "CACHE_KEYS"
                found[key] = f"arn:of:{key}" if secret else value_of(value, template)
    return found


@pytest.mark.parametrize(("template", "logical"), PROGRAMS)
def test_the_engine_takes_what_a_template_sets(template, logical):
    environment = environment_of(template, logical)
    logins.fill(environment, lambda arn: CACHE_KEYS if "CACHE_KEYS" in arn else LOGIN)
    assert not [name for name in environment if name.startswith(("LOGIN_", "CACHE_KEYS"))]
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    settings = Settings(_env_file=None, **given)
    urls = [settings.secret(name) for name in given if name.endswith("_url") and name != "prefect_api_url"]
    assert urls
    assert not [url for url in urls if "{" in unquote(url).replace("{h}", "")]
    for url in urls:
        if not url.startswith(("mongodb", "rediss")):
            parsed = sa.make_url(url)
            assert parsed.password in {PASSWORD, None}
        else:
            assert quote(PASSWORD, safe="") in url
    if logical != "MigrateTask":
        assert logins.CERTIFICATES.name in environment.get("SCORE_RESULTS_URL", "certs")


def test_oracle_is_reached_over_tls_with_its_server_s_name_checked():
    environment = environment_of("systems", "SystemA")
    logins.fill(environment)
    url = sa.make_url(environment["SCORE_BASE_A_URL"])
    url, extra = oracle_options(url)
    dialect = url.get_dialect()
    _, options = dialect(dbapi=dialect.import_dbapi()).create_connect_args(url)
    options |= extra
    assert (options["user"], options["password"]) == ("escore_leitor_clone", PASSWORD)
    parameters = oracledb.ConnectParams()
    parameters.parse_connect_string(options["dsn"])
    assert (parameters.protocol, parameters.host, parameters.port) == ("tcps", "baseahost.example", 2484)
    assert parameters.service_name == "BASEA"
    assert parameters.ssl_server_dn_match
    assert Path(options["wallet_location"]) == logins.CERTIFICATES


def test_a_login_without_its_address_is_named():
    with pytest.raises(KeyError, match="SCORE_BASE_B_URL"):
        logins.fill({"LOGIN_SCORE_BASE_B_URL": LOGIN})


def test_one_secret_of_keys_is_the_current_the_next_and_the_earlier_ones():
    environment = {"CACHE_KEYS": CACHE_KEYS}
    logins.fill(environment)
    assert environment == {"SCORE_CACHE_KEY": "s" * 64, "SCORE_CACHE_KEYS_EARLIER": f"{'t' * 64} {'u' * 64}"}
    settings = Settings(_env_file=None, cache_key="s" * 64, cache_keys_earlier=environment["SCORE_CACHE_KEYS_EARLIER"])
    assert settings.earlier_cache_keys == ("t" * 64, "u" * 64)
    environment = {"CACHE_KEYS": json.dumps({"current": "s" * 64, "next": "n" * 64, "earlier": ""})}
    logins.fill(environment)
    assert environment == {"SCORE_CACHE_KEY": "s" * 64, "SCORE_CACHE_KEY_NEXT": "n" * 64}


def test_the_secret_of_keys_is_made_with_the_names_that_are_read():
    made = TEMPLATES["secrets"]["Resources"]["CacheKeys"]["Properties"]["GenerateSecretString"]
    assert {*json.loads(made["SecretStringTemplate"]), made["GenerateStringKey"]} == set(logins.KEYS)
