"""Every rule of extraction, planted by hand in real stores: exact rejects, exact counts, nothing personal."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import bson
import pytest
from bson import Decimal128, Int64, ObjectId

from contracts.extraction import CpfRange, Extraction, TableCounts
from contracts.rules import RULES, Outcome
from contracts.tables import TABLES, TABLES_BY_NAME
from extract.erased import Erased
from extract.extraction import extract_range, extract_strays
from tests.extract_samples import (
    AS_OF,
    CUTOFF,
    EARLIER,
    Case,
    asset,
    change_schema,
    client,
    cpf_of,
    debt,
    income,
    insert,
    person,
    sources_of,
)

ONE, TWO, LATE, REFUSED, NOBODY = (cpf_of(n) for n in (100200300, 500600700, 300300300, 700800900, 999888777))
GONE = cpf_of(400400400)
ERASED = Erased(frozenset({f"cpf {GONE}", "id c-apagado"}), "cpf {}".format, "id {}".format)
WRONG_DIGITS = ONE[:9] + ("00" if ONE[9:] != "00" else "11")
JUST_IN_TIME = CUTOFF - timedelta(microseconds=1)

CLIENTS = [
    Case("cliente", client("c-um", ONE)),
    Case("cliente", client("c-dois", TWO, registrado_em=JUST_IN_TIME, uf="RR", sexo=None)),
    Case("cliente", client("c-apagado", GONE), "titular_apagado"),
    Case("cliente", client("c-tarde", LATE, registrado_em=CUTOFF), "posterior_a_data_referencia"),
    Case("cliente", client("c-uf", REFUSED, uf="sp"), "valor_fora_do_dominio"),
    Case("cliente", client("c-digito", WRONG_DIGITS, uf="XX"), "cpf_digito_verificador"),
    Case("cliente", client("c-letras", "1234567890X"), "cpf_malformado"),
    Case("cliente", client("c-iguais", "11111111111"), "cpf_digito_verificador"),
    Case("cliente", client("c-velho", cpf_of(1), data_nascimento=date(1850, 1, 1)), "data_impossivel"),
    Case("cliente", client("c-feto", cpf_of(2), data_nascimento=date(2025, 7, 1)), "data_impossivel"),
    Case("cliente", client("c-9999", cpf_of(3), atualizado_em=datetime(9999, 1, 1)), "data_impossivel"),
]
DEBTS = [
    Case("divida", debt("d-boa", "c-um")),
    Case("divida", debt("d-apagada", "c-apagado"), "titular_apagado"),
    Case("divida", debt("d-paga-depois", "c-um", baixada_em=CUTOFF)),
    Case("divida", debt("d-zero", "c-um", valor=0), "valor_nao_positivo"),
    Case("divida", debt("d-menos", "c-um", valor=-5), "valor_nao_positivo"),
    Case("divida", debt("d-absurda", "c-um", valor="1000000000.01"), "valor_absurdo"),
    Case("divida", debt("d-no-limite", "c-um", valor="1000000000.00")),
    Case("divida", debt("d-ano-1", "c-um", vencimento=date(1, 1, 1)), "data_impossivel"),
    Case("divida", debt("d-fim", "c-um", baixada_em=EARLIER - timedelta(days=1)), "fim_antes_do_inicio"),
    Case("divida", debt("d-futura", "c-um", registrada_em=CUTOFF), "posterior_a_data_referencia"),
    Case("divida", debt("d-prescrita", "c-um", vencimento=date(2020, 6, 29)), "divida_prescrita"),
    Case("divida", debt("d-quase", "c-um", vencimento=date(2020, 6, 30))),
    Case("divida", debt("d-rep-1", "c-dois", empresa="Igual")),
    Case("divida", debt("d-rep-2", "c-dois", empresa="Igual", baixada_em=CUTOFF), "duplicado"),
    Case("divida", debt("d-rep-0", "c-dois", empresa="Igual", registrada_em=CUTOFF), "posterior_a_data_referencia"),
    Case("divida", debt("d-refusada", "c-uf"), "titular_rejeitado"),
    Case("divida", debt("d-tarde", "c-tarde"), "titular_posterior"),
    Case("divida", debt("d-orfa", "c-ninguem"), "orfao"),
    Case("divida", debt("d-orfa-zero", "c-ninguem", valor=0), "valor_nao_positivo"),
]
PEOPLE = [
    Case("pessoa", person("c-um", ONE)),
    Case("pessoa", person("c-outro", TWO), "cliente_divergente"),
    Case("pessoa", person("c-tarde", LATE), "titular_posterior"),
    Case("pessoa", person("c-uf", REFUSED), "titular_rejeitado"),
    Case("pessoa", person("c-sem", NOBODY), "orfao"),
    Case("pessoa", person("c-digito", WRONG_DIGITS), "cpf_digito_verificador"),
]
INCOMES = [
    Case("fonte_de_renda", income("f-boa", ONE, frequencia=" DIÁRIA ")),
    Case("fonte_de_renda", income("f-aberta", ONE, encerrada_em=CUTOFF + timedelta(days=3))),
    Case("fonte_de_renda", income("f-freq", ONE, frequencia="às vezes"), "frequencia_desconhecida"),
    Case("fonte_de_renda", income("f-vazia", ONE, frequencia=""), "frequencia_desconhecida"),
    Case("fonte_de_renda", income("f-nan", ONE, valor="NaN"), "valor_nao_finito"),
    Case("fonte_de_renda", income("f-zero", ONE, valor=0), "valor_nao_positivo"),
    Case("fonte_de_renda", income("f-sem-tipo", ONE, tipo=None), "campo_ausente"),
    Case("fonte_de_renda", income("f-sem-cpf", None), "campo_ausente"),
    Case("fonte_de_renda", income("f-infinita", ONE, registrada_em="infinity"), "data_impossivel"),
    Case("fonte_de_renda", income("f-fim", ONE, encerrada_em=EARLIER - timedelta(1)), "fim_antes_do_inicio"),
    Case("fonte_de_renda", income("f-rep-1", ONE, tipo="igual", frequencia="mensal")),
    Case("fonte_de_renda", income("f-rep-2", ONE, tipo="igual", frequencia="Mensal"), "duplicado"),
    Case("fonte_de_renda", income("f-orfa", NOBODY), "orfao"),
    Case("fonte_de_renda", income("f-letras", "não sei"), "cpf_malformado"),
]
ASSETS = [
    Case("bem", asset("b-bom", TWO, alienado_em=CUTOFF, tipo='diz "oi",\nfim')),
    Case("bem", asset("b-caro", TWO, valor_estimado="99999999999.99"), "valor_absurdo"),
    Case("bem", asset("b-futuro", TWO, registrado_em=CUTOFF), "posterior_a_data_referencia"),
    Case("bem", asset("b-tarde", LATE), "titular_posterior"),
    Case("bem", asset("b-uf", REFUSED), "titular_rejeitado"),
]


def _query(rule: str | None = None, **fields: object) -> Case:
    row = {"_id": ObjectId(), "cpf": ONE, "empresa": "Banco", "tipo_empresa": "banco", "data_consulta": EARLIER}
    return Case("consultas", {k: v for k, v in {**row, **fields}.items() if v is not ...}, rule)


def _movement(rule: str | None = None, **fields: object) -> Case:
    row = {"_id": ObjectId(), "cpf": TWO, "tipo_movimentacao": "debito", "data_movimentacao": EARLIER, "valor": 10.5}
    return Case("movimentacoes", {k: v for k, v in {**row, **fields}.items() if v is not ...}, rule)


def _purchase(rule: str | None = None, **fields: object) -> Case:
    row = {"_id": ObjectId(), "cpf": ONE, "data_compra": EARLIER, "valor": 10, "codigo_transacao": str(ObjectId())}
    return Case("compras", {k: v for k, v in {**row, **fields}.items() if v is not ...}, rule)


HOUR = timedelta(hours=1)
QUERIES = [
    _query(empresa="Padaria São José 🥖"),
    _query("consulta_do_titular", tipo_empresa=" Titular\n"),
    _query("campo_ausente", empresa=...),
    _query("campo_ausente", empresa=None),
    _query("tipo_errado", empresa=7, tipo_empresa=...),
    _query("tipo_errado", data_consulta="2025-01-10"),
    _query("tipo_errado", cpf=int(ONE)),
    _query("tipo_errado", cpf=[ONE, NOBODY]),
    _query("campo_ausente", cpf=...),
    _query("campo_ausente", cpf=None),
    _query("cpf_malformado", cpf=""),
    _query("cpf_malformado", cpf="529.982.247-25"),
    _query("cpf_digito_verificador", cpf=WRONG_DIGITS),
    _query("data_impossivel", data_consulta=datetime(1850, 1, 1)),
    _query("data_impossivel", data_consulta=datetime(2201, 1, 1)),
    _query("posterior_a_data_referencia", data_consulta=CUTOFF),
    _query("fora_da_janela", data_consulta=CUTOFF - timedelta(days=365, milliseconds=1)),
    _query(data_consulta=CUTOFF - timedelta(days=365)),
    _query(data_consulta=EARLIER + HOUR, _id=ObjectId("0" * 24), campo_extra={"cpf": NOBODY}),
    _query("duplicado", data_consulta=EARLIER + HOUR, _id=ObjectId("1" * 24)),
    _query("orfao", cpf=NOBODY, _id=NOBODY),
    _query("titular_rejeitado", cpf=REFUSED),
    _query("titular_posterior", cpf=LATE),
]
MOVEMENTS = [
    _movement(valor=Decimal128("10.555")),
    _movement(valor=Int64(4)),
    _movement(valor=3),
    _movement("duplicado", valor=Decimal128("3.00"), _id=ObjectId("f" * 24)),
    _movement("duplicado", valor=3.0, _id=ObjectId("e" * 24)),
    _movement("valor_nao_finito", valor=float("nan")),
    _movement("valor_nao_finito", valor=Decimal128("Infinity")),
    _movement("valor_nao_positivo", valor=0.0),
    _movement("valor_nao_positivo", valor=Decimal128("-1E+20")),
    _movement("valor_absurdo", valor=1e300),
    _movement("tipo_errado", valor="10,50"),
    _movement("campo_ausente", valor=...),
    _movement("valor_fora_do_dominio", tipo_movimentacao="CREDITO"),
    _movement("tipo_errado", tipo_movimentacao=True),
    _movement("titular_apagado", cpf=GONE),
    _movement("titular_apagado", cpf=f"{GONE[:3]}.{GONE[3:6]}.{GONE[6:9]}-{GONE[9:]}"),
]
PURCHASES = [
    _purchase(tipo=5, bandeira_cartao={"a": 1}, codigo_transacao=...),
    _purchase(codigo_transacao="T1", _id=ObjectId("2" * 24)),
    _purchase("duplicado", codigo_transacao="T1", valor=99, _id=ObjectId("3" * 24)),
    _purchase(codigo_transacao="T1", cpf=TWO),
    _purchase("posterior_a_data_referencia", codigo_transacao="T1", data_compra=CUTOFF, _id=ObjectId("1" * 24)),
    _purchase("valor_nao_positivo", valor=-1),
]
CASES = [*CLIENTS, *DEBTS, *PEOPLE, *INCOMES, *ASSETS, *QUERIES, *MOVEMENTS, *PURCHASES]
RANGES = [CpfRange(0, None, cpf_of(200000000)), CpfRange(1, cpf_of(200000000), TWO), CpfRange(2, TWO, None)]


@pytest.fixture(scope="module")
def parts(make_installation) -> Iterator[list[Extraction]]:
    """The three ranges and the strays of stores that hold every case."""
    settings = make_installation("extract_regras")
    change_schema(settings, "base_a", "ALTER TABLE divida DROP CONSTRAINT fk_divida_cliente")
    change_schema(
        settings,
        "base_b",
        "ALTER TABLE fonte_de_renda ALTER COLUMN cpf DROP NOT NULL",
        "ALTER TABLE fonte_de_renda ALTER COLUMN tipo DROP NOT NULL",
    )
    rows = {table.name: [case.row for case in CASES if case.table == table.name] for table in TABLES}
    insert(settings, rows)
    with sources_of(settings) as stores:
        sources = replace(stores, erased=ERASED)
        return [*(extract_range(sources, r, as_of=AS_OF) for r in RANGES), extract_strays(sources, as_of=AS_OF)]


def outcome(case: Case) -> Outcome | None:
    return None if case.rule is None else RULES[case.rule].outcome


def all_rejects(parts: list[Extraction]) -> list[dict[str, str]]:
    return [row for part in parts for row in part.rejects.to_pylist()]


def test_every_reject_is_the_one_expected_and_no_other(parts):
    expected = Counter(
        (str(TABLES_BY_NAME[c.table].store), c.table, "sha256" if c.key == NOBODY else c.key, c.rule)
        for c in CASES
        if outcome(c) is Outcome.REJECTED
    )
    found = Counter(
        (r["base"], r["tabela"], "sha256" if r["chave"].startswith("sha256:") else r["chave"], r["regra"])
        for r in all_rejects(parts)
    )
    assert found - expected == Counter()
    assert expected - found == Counter()


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_counts_reconcile_with_what_was_inserted(parts, table):
    total = sum((part.counts[table] for part in parts), TableCounts())
    cases = [case for case in CASES if case.table == table]
    assert total.read == len(cases)
    assert total.difference == 0
    assert total.ignored == Counter(c.rule for c in cases if outcome(c) is Outcome.IGNORED)
    assert total.rejected == Counter(c.rule for c in cases if outcome(c) is Outcome.REJECTED)
    assert total.used == sum(case.rule is None for case in cases)
    kept = total.used + total.ignored.get("divida_prescrita", 0) + total.ignored.get("fora_da_janela", 0)
    assert sum(part.tables[table].num_rows for part in parts) == kept


def test_every_rule_that_decides_is_planted():
    assert {rule.name for rule in RULES.values() if rule.outcome is not Outcome.HARMLESS} == {
        case.rule for case in CASES if case.rule
    }


def test_tables_have_the_lake_schema_and_are_sorted_by_cpf(parts):
    for part in parts:
        for table in TABLES:
            got = part.tables[table.name]
            assert got.schema == table.lake_schema
            assert got["cpf"].to_pylist() == sorted(got["cpf"].to_pylist())


def test_the_strays_tables_are_empty(parts):
    assert all(table.num_rows == 0 for table in parts[-1].tables.values())
    assert parts[-1].counts["divida"].read == 2
    assert parts[-1].counts["consultas"].read == 3


def test_values_arrive_as_the_lake_keeps_them(parts):
    debts = {r["id"]: r for part in parts for r in part.tables["divida"].to_pylist()}
    assert debts["d-paga-depois"]["baixada_em"] is None
    assert debts["d-boa"]["cpf"] == ONE
    assert debts["d-no-limite"]["valor_centavos"] == 10**11
    assert "d-rep-1" in debts
    assert "d-prescrita" in debts
    incomes = {r["id"]: r for part in parts for r in part.tables["fonte_de_renda"].to_pylist()}
    assert incomes["f-boa"]["frequencia"] == "diaria"
    assert incomes["f-aberta"]["encerrada_em"] is None
    movements = [r["valor_centavos"] for part in parts for r in part.tables["movimentacoes"].to_pylist()]
    assert sorted(movements) == [300, 400, 1056]
    purchases = [r for part in parts for r in part.tables["compras"].to_pylist()]
    assert [r["tipo"] for r in purchases if r["codigo_transacao"] is None] == [None]
    assets = [r for part in parts for r in part.tables["bem"].to_pylist()]
    assert [(r["tipo"], r["alienado_em"]) for r in assets] == [('diz "oi",\nfim', None)]


def test_no_reject_or_count_holds_a_cpf(parts):
    text = " ".join(str(r) for r in all_rejects(parts)) + str([c.to_json() for p in parts for c in p.counts.values()])
    people = {ONE, TWO, LATE, REFUSED, NOBODY, WRONG_DIGITS}
    assert not [cpf for cpf in people if cpf in text]
    assert not re.search(r"\b[0-9]{11}\b", text)
    assert bson.ObjectId("3" * 24).__str__() in text
