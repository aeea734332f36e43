"""Results that were restored to a moment get back what only the ones before knew: the runbook's steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from deploy.package.bundles import ROOT
from tests.provisioning import Provisioner
from tests.restored_results import Restored, run

pytestmark = pytest.mark.long

PASSWORD = ROOT / "deploy" / "sql" / "postgresql_password.sql"
READ = "insert into auditoria (consulente, recurso, resultado, requisicao_id) values ('loja', '/clientes', 200, :id)"
KNOWN_TO_ALL = "00000000-0000-7000-8000-00000000000{}"


@pytest.fixture
def restored(provisioner: Provisioner, installation: Settings) -> Iterator[Restored]:
    found = Restored(
        sa.make_url(provisioner.root_url("results")), sa.make_url(installation.secret("results_admin_url"))
    )
    yield found
    found.drop()


def ids(found: Restored, url: sa.URL) -> list[str]:
    return [row[0] for row in found.ask(url, "select requisicao_id from auditoria order by id")]


def review(found: Restored, url: sa.URL, number: int, client: str) -> None:
    found.ask(
        url,
        "insert into revisao (id, cliente_id, execucao_id, motivo)"
        " values (cast(:id as uuid), :client, gen_random_uuid(), 'outro')",
        id=KNOWN_TO_ALL.format(number),
        client=client,
    )


def test_what_was_written_since_the_moment_comes_over_once(restored: Restored):
    for number in range(3):
        restored.ask(restored.old, READ, id=f"before-{number}")
    review(restored, restored.old, 1, "a")
    restored.restore()
    for number in range(4):
        restored.ask(restored.old, READ, id=f"since-{number}")
    restored.ask(restored.old, "update revisao set situacao = 'concluida', resultado = 'mantido', concluida_em = now()")
    review(restored, restored.old, 2, "a")  # the same person asks again; one request of a person is open at a time
    restored.ask(restored.old, "insert into apagamento (titular, cpfs) values ('k00000000:x', '{}')")
    restored.ask(
        restored.old,
        "insert into auditoria_diario (id, iniciado_em, bytes, registros, danificados)"
        " values (cast(:id as uuid), now(), 10, 1, 0)",
        id=KNOWN_TO_ALL.format(9),
    )
    assert len(ids(restored, restored.new)) == 3

    done = restored.bring_over()
    assert done.returncode == 0, done.stderr
    assert "auditoria: 4" in done.stdout
    assert ids(restored, restored.new) == ids(restored, restored.old)
    for table in ("revisao", "apagamento", "auditoria_diario", "pedido_apagamento", "modelo"):
        told = [restored.ask(url, f"select t::text from {table} t order by 1") for url in (restored.old, restored.new)]
        assert told[0] == told[1], table

    again = restored.bring_over()
    assert again.returncode == 0, again.stderr
    assert "auditoria: 0" in again.stdout
    restored.ask(restored.new, READ, id="after")
    assert ids(restored, restored.new) == [*ids(restored, restored.old), "after"]


def test_rows_that_would_take_each_other_s_place_are_refused(restored: Restored):
    """The restored store gives out the ids that the old one gave out since: who writes to it first is told."""
    restored.restore()
    restored.ask(restored.old, READ, id="in-the-old")
    restored.ask(restored.new, READ, id="in-the-new")
    done = restored.bring_over()
    assert done.returncode != 0
    assert "were written to before this" in done.stderr
    assert ids(restored, restored.new) == ["in-the-new"]


def test_a_store_that_cannot_be_read_to_its_end_brings_nothing_over(restored: Restored):
    restored.ask(restored.old, READ, id="before")
    restored.restore()
    restored.ask(restored.old, READ, id="since")
    restored.ask(restored.old, "alter table pedido_apagamento rename to fora")
    try:
        assert restored.bring_over().returncode != 0
    finally:
        restored.ask(restored.old, "alter table fora rename to pedido_apagamento")
    assert ids(restored, restored.new) == ["before"]


def test_a_role_gets_the_password_of_today(provisioner: Provisioner, installation: Settings):
    engine = sa.make_url(installation.secret("results_url"))
    root = sa.make_url(provisioner.root_url("results")).set(database=engine.database, drivername="postgresql")
    address = root.render_as_string(hide_password=False)
    words = ("psql", address, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(PASSWORD))

    def enters(password: str) -> bool:
        url = engine.set(drivername="postgresql", password=password).render_as_string(hide_password=False)
        return run("psql", url, "-X", "-A", "-t", "-c", "select 1").stdout == "1\n"

    assert not enters("o'f\"today")
    for password in ("o'f\"today", str(engine.password)):
        assert run(*words, ROLE=str(engine.username), PASSWORD=password).returncode == 0
        assert enters(password)
