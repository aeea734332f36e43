"""The lake keeps the data of runs that are needed, and of nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from contracts.artifacts import ArtifactStore
from flows.lake_retention import clear_lake, drop_changes, is_needed
from flows.run_plan import changes_root
from stores.ledger import Run
from stores.run_ids import new_run_id

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
RUN = Run(
    id=UUID(int=1),
    data_referencia=date(2026, 1, 1),
    modelo_versao="2025-12-31-00000000",
    situacao="falhou",
    extraidos=None,
    pontuados=None,
    insuficientes=None,
    rejeitados=None,
    contagens=None,
    impressao=None,
    motivo_falha="x",
    retomavel=True,
    iniciada_em=NOW - timedelta(hours=1),
    terminada_em=None,
    publicada_em=None,
)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, True),
        ({"retomavel": False}, False),
        ({"iniciada_em": NOW - timedelta(hours=25)}, False),
        ({"situacao": "publicada", "iniciada_em": NOW - timedelta(days=90)}, True),
        ({"situacao": "substituida"}, True),
        ({"situacao": "substituida", "id": UUID(int=2)}, False),
        ({"situacao": "em_andamento"}, True),
    ],
)
def test_which_runs_are_needed(changes, needed):
    """One whose scores went is not, even if the process that dropped them died before it came to the lake."""
    assert is_needed(replace(RUN, **changes), {RUN.id}, now=NOW, resume_within=DAY) is needed


def test_everything_else_goes(tmp_path):
    lake = ArtifactStore(tmp_path)
    kept, dropped = (new_run_id(NOW) for _ in range(2))
    old, young = (f"treino-{new_run_id(NOW - timedelta(hours=hours))}" for hours in (25, 1))
    for path in (f"snapshots/{kept}/faixa-0", f"scores/{kept}/faixa-0", f"snapshots/{dropped}/faixa-0"):
        lake.write(path, {"a": b"x"}, meta={})
    for training in (old, young):
        lake.write(f"snapshots/{training}/faixa-0", {"a": b"x"}, meta={})
        lake.write(f"training/{training}/2025-01-31/faixa-0", {"a": b"x"}, meta={})
    lake.write("models/2025-12-31-00000000", {"a": b"x"}, meta={})
    assert clear_lake(lake, lambda: {kept}, now=NOW, training_within=DAY) == 3
    assert set(lake.list("snapshots")) == {str(kept), young}
    assert lake.list("scores") == (str(kept),)
    assert lake.list("training") == (young,)
    assert lake.list("models") == ("2025-12-31-00000000",)


def test_a_run_that_begins_while_the_lake_is_cleared_keeps_its_folder(tmp_path):
    """The ledger is read after the folders were listed: whatever is made in between is not seen."""
    lake = ArtifactStore(tmp_path)
    begun, dropped = (new_run_id(NOW) for _ in range(2))
    lake.write(f"snapshots/{dropped}/plano", {"a": b"x"}, meta={})

    def find_needed() -> set[UUID]:
        lake.write(f"snapshots/{begun}/plano", {"a": b"x"}, meta={})
        return set()

    assert clear_lake(lake, find_needed, now=NOW, training_within=DAY) == 1
    assert lake.list("snapshots") == (str(begun),)


def test_what_an_incremental_run_laid_out_goes_once_it_is_published(tmp_path):
    """Also of one that was killed right after; what one under way reads stays."""
    lake = ArtifactStore(tmp_path)
    published, under_way = (replace(RUN, id=new_run_id(NOW), situacao=s) for s in ("publicada", "em_andamento"))
    for run in (published, under_way):
        lake.write(f"{changes_root(run.id)}/grupo-00000/compras-00000", {"a": b"x"}, meta={})
        lake.write(f"snapshots/{run.id}/faixa-00000", {"a": b"x"}, meta={})
    drop_changes(lake, [published, under_way])
    assert lake.list(f"snapshots/{published.id}") == ("faixa-00000",)
    assert lake.list(f"snapshots/{under_way.id}") == ("faixa-00000", "mudancas")
