"""The results database: version of its schema, tables, columns, the index that allows one published run only."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from stores.checks.problem import Problem
from stores.checks.schema import GRANT, MIGRATE, can_select

_SCORE = "execucao_id cliente_id cpf score probabilidade faixa status motivos data_referencia modelo_versao"
COLUMNS = {
    "execucao": "id data_referencia modelo_versao situacao extraidos pontuados insuficientes rejeitados contagens "
    "impressao motivo_falha retomavel iniciada_em terminada_em publicada_em",
    "score": _SCORE,
    "score_vigente": _SCORE,
    "rejeitado": "execucao_id base tabela chave regra",
    "auditoria": "id momento consulente sujeito recurso finalidade resultado requisicao_id titular",
    "auditoria_diario": "id iniciado_em bytes registros danificados atualizado_em",
    "apagamento": "titular cpfs cpfs_selados pedido_em concluido_em contagens readmitidos readmitido_em",
    "pedido_apagamento": "id titular cliente_selado situacao pedido_em tentativas tentado_em motivo concluido_em prova",
    "revisao": "id cliente_id execucao_id motivo situacao resultado pedida_em concluida_em",
    "modelo": "versao nome horizonte_meses textos sha256 registrado_em descricao",
}
INDEXES = {
    "execucao": (("id",), ("situacao",)),
    "score": (("execucao_id", "cliente_id"), ("execucao_id", "cpf")),
    "rejeitado": (("execucao_id", "regra"),),
    "auditoria": (("sujeito", "momento", "id"), ("momento",)),
    "auditoria_diario": (("id",),),
    "apagamento": (("titular",),),
    "pedido_apagamento": (("id",), ("titular",), ("pedido_em",)),
    "revisao": (("id",), ("cliente_id", "pedida_em"), ("cliente_id",)),
    "modelo": (("versao",),),
}


def check_results(connection: sa.Connection, newest: str) -> list[Problem]:
    """Return what the results lack against the newest step of their migrations."""
    inspector = sa.inspect(connection)
    problems = [problem for table in COLUMNS for problem in _check_table(inspector, table)]
    if inspector.has_table("alembic_version"):
        problems += _check_version(connection, newest)
    return problems


def _check_table(inspector: sa.Inspector, table: str) -> Iterator[Problem]:
    if not inspector.has_table(table):
        yield Problem("results", "table", f"table {table} does not exist", MIGRATE)
        return
    found = {str(column["name"]) for column in inspector.get_columns(table)}
    for name in COLUMNS[table].split():
        if name not in found:
            yield Problem("results", "column", f"column {table}.{name} does not exist", MIGRATE)
    indexes: list[tuple[str | None, ...]] = [tuple(inspector.get_pk_constraint(table)["constrained_columns"])]
    indexes += [tuple(index["column_names"]) for index in inspector.get_indexes(table)]
    for wanted in INDEXES.get(table, ()):
        if not any(columns[: len(wanted)] == wanted for columns in indexes):
            message = f"table {table} has no index that begins with ({', '.join(wanted)})"
            yield Problem("results", "index", message, MIGRATE)


def _check_version(connection: sa.Connection, newest: str) -> list[Problem]:
    if not can_select(connection, "alembic_version"):
        return [Problem("results", "rights", "this login may not read alembic_version", GRANT, "warning")]
    found = connection.scalar(sa.text("select version_num from alembic_version"))
    if found == newest:
        return []
    return [Problem("results", "version", f"the schema is at {found}, this engine needs {newest}", MIGRATE)]
