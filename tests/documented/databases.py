"""Where a block of SQL is run: the results in PostgreSQL, unless it reads Parquet or makes views of Base A."""

from __future__ import annotations

import duckdb
import sqlalchemy as sa

from stores.connections import sql_engine
from tests.documented.house import House

OTHER_NAMES = """
create table tb_pessoa as
  select id as cod, cpf as nr_cpf, nome as nm, data_nascimento as dt_nasc, sexo as sx, estado_civil as est_civil,
         uf as sg_uf, cidade as mun, bairro as bai, longadouro as logr, numero as nr, complemento as compl,
         registrado_em as dh_inc, atualizado_em as dh_alt from cliente;
create table tb_debito as
  select id as cod, cliente_id as cod_pessoa, empresa as credor, valor as vl, vencimento as dt_venc,
         registrada_em as dh_inc, baixada_em as dh_baixa from divida;
alter table divida rename to divida_de_antes;
alter table cliente rename to cliente_de_antes;
"""
"""Base A as somebody else may have it, for the time of one transaction."""
SAME = """
select (select count(*) from (table cliente except table cliente_de_antes) x)
     + (select count(*) from (table divida except table divida_de_antes) y) as differing
"""


def answer(house: House, text: str) -> str:
    """Return the answer as psql and DuckDB print it: names of columns, then rows."""
    if "read_parquet(" in text:
        return str(duckdb.sql(text.replace("'var/", f"'{house.var}/").rstrip().rstrip(";")))
    if "create view" in text:
        return _views(house, text)
    try:
        return "\n".join(" | ".join(map(str, row)) for part in _statements(text) for row in house.query(part))
    except sa.exc.SQLAlchemyError as error:
        raise ValueError(str(error)) from error


def _views(house: House, text: str) -> str:
    """Make the views on tables of other names and compare them with the tables that were there; leave no trace."""
    engine = sql_engine(house.settings().secret("base_a_admin_url"), timeout=10)
    try:
        with engine.connect() as connection:
            for statement in (*_statements(OTHER_NAMES), *_statements(text)):
                connection.execute(sa.text(statement))
            differing = connection.execute(sa.text(SAME)).scalar_one()
            connection.rollback()
    finally:
        engine.dispose()
    if differing:
        raise ValueError(f"{differing} rows of the views are not those of the contract's tables")
    return ""


def _statements(text: str) -> list[str]:
    return [part for part in text.split(";") if part.strip()]
