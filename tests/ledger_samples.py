"""Runs in the ledger that no process made, and settings changed in a place or two."""

from __future__ import annotations

from datetime import date, datetime
from uuid import uuid4

import sqlalchemy as sa

from contracts.settings import Settings
from stores.connections import sql_engine


def changed(settings: Settings, **values: object) -> Settings:
    return Settings(**{name: getattr(settings, name) for name in settings.model_fields_set} | values)


def _in_results(settings: Settings, statement: str, **values: object) -> None:
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(sa.text(statement), values)
    engine.dispose()


def enter_run(settings: Settings, situacao: str, when: datetime) -> str:
    run_id = str(uuid4())
    _in_results(
        settings,
        "insert into execucao (id, data_referencia, modelo_versao, situacao, pontuados, iniciada_em)"
        " values (:id, :day, 'm', :situacao, 1234, :when)",
        id=run_id,
        day=date(2025, 6, 30),
        situacao=situacao,
        when=when,
    )
    return run_id
