"""Replay: a published score recomputed from what was known then, and shown to be what was published, bit for bit.

Enters a run and a consumer; leaves the score, every feature and term, and the source records behind each reason.
Rule: a solely automated decision can be reviewed (LGPD art. 20; Lei 12.414 art. 5 VI). The snapshot, the model and
the date are the run's own, checked by their hashes. The read is entered in ``auditoria`` before anything is
computed, and what fails, fails without a person's value in its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from getpass import getuser
from uuid import UUID

from contracts.artifacts import ArtifactStore
from contracts.errors import (
    ClientNotFoundError,
    DataIntegrityError,
    RunConflictError,
    StoreUnavailableError,
    UsageError,
)
from contracts.settings import RESULTS_SETTINGS, Settings
from flows.consumer_snapshot import read_consumer
from flows.recompute import recompute
from flows.replayed import Comparison, Recomputed, Replay
from flows.resources import Results, open_lake, open_results
from flows.withheld import values_withheld
from models.points.table import PointsTable
from models.registered_model import load_model
from serve.access.tokens import is_purpose
from serve.auditing.direct import record_now
from serve.auditing.entry import AuditEntry
from serve.published.person_hash import PersonHash
from serve.published.run_info import load_run_info
from serve.published.stored_scores import StoredScore, read_postgres, read_redis
from serve.publishing.score_partitions import attached_runs
from stores.ledger import PUBLISHED, Run, get_run

PURPOSE = "revisao"
"""``finalidade`` of a replay unless another is given: the review of an automated decision (LGPD art. 20)."""

RESOURCE = "replay"
FOUND, NOT_FOUND = 200, 404
"""``resultado`` in the audit, as the API enters it."""


@values_withheld
def replay_score(settings: Settings, execucao_id: UUID, cliente_id: str, *, purpose: str = PURPOSE) -> Replay:
    """Recompute one consumer's score of a published run, and compare it with what each store holds.

    Parameters
    ----------
    settings
        Where the results, the cache and the lake are.
    execucao_id
        The run, in force or not, within retention.
    cliente_id
        The consumer, by the id that Base A gives.
    purpose
        Why the person's data are read, in words of letters; kept in ``auditoria``.

    Returns
    -------
    Replay
        Its ``differing`` names the stores that hold anything else; empty for a score that stands.

    Raises
    ------
    RunConflictError
        No such run, one that was never published, or one whose scores or snapshot are past retention.
    ClientNotFoundError
        The run holds no such consumer.
    DataIntegrityError, ModelNotFoundError
        The snapshot or the model is not what the run used.
    """
    if not is_purpose(purpose):
        raise UsageError("finalidade: words of letters only, up to 80 characters, such as revisao")
    settings.require(*RESULTS_SETTINGS)
    hashes = PersonHash.from_settings(settings)
    with open_results(settings) as results:
        run = _published_run(results, execucao_id)
        found = read_postgres(results.engine, execucao_id, cliente_id)
        subject = hashes.subject_by_client(cliente_id)
        _enter_in_audit(results, execucao_id, subject, purpose=purpose, found=found is not None)
        if found is None:
            raise ClientNotFoundError(f"run {execucao_id} holds no consumer with that cliente_id")
        cpf, published = found
        lake = open_lake(settings)
        result = recompute(_points_of(results, lake, run), read_consumer(lake, run.id, cpf), run.data_referencia)
        ask_cache = partial(read_redis, results.cache, hashes, run.id, client_id=cliente_id, cpf=cpf)
        comparisons = (
            Comparison("PostgreSQL", result.score.differences(published)),
            *_compare_cache(run, result, ask_cache),
        )
    return Replay(run.id, run.data_referencia, run.modelo_versao, cliente_id, cpf, result, comparisons)


def refuse_differing(replay: Replay) -> None:
    """Raise DataIntegrityError, naming stores and fields and no value, unless the score is what was published."""
    told = [f"{one.store}: {', '.join(one.differences or ())}" for one in replay.differing]
    if told:
        raise DataIntegrityError(f"run {replay.execucao_id}: the score recomputed is not the one in {'; '.join(told)}")


def _published_run(results: Results, execucao_id: UUID) -> Run:
    run = get_run(results.engine, execucao_id)
    if run is None:
        raise RunConflictError(f"there is no run {execucao_id}")
    if run.situacao not in PUBLISHED:
        raise RunConflictError(f"run {execucao_id} was never published: it is {run.situacao}")
    with results.engine.connect() as connection:
        if execucao_id not in attached_runs(connection):
            raise RunConflictError(f"run {execucao_id}: its scores are past retention and no longer kept")
    return run


def _enter_in_audit(results: Results, execucao_id: UUID, subject: str, *, purpose: str, found: bool) -> None:
    entry = AuditEntry(
        consulente=getuser(),
        subjects=[subject],
        recurso=RESOURCE,
        finalidade=purpose,
        resultado=FOUND if found else NOT_FOUND,
        requisicao_id=str(execucao_id),
    )
    record_now(results.engine, entry)


def _points_of(results: Results, lake: ArtifactStore, run: Run) -> PointsTable:
    """Return the points that the run was published with; DataIntegrityError if the lake holds others."""
    points = load_model(lake, run.modelo_versao).points
    with results.engine.connect() as connection:
        info = load_run_info(connection, run.id)
    if info is None or info.modelo_sha256 != points.sha256:
        raise DataIntegrityError(f"model {run.modelo_versao}: not the one that run {run.id} was published with")
    return points


def _compare_cache(
    run: Run, result: Recomputed, ask_cache: Callable[[], Mapping[str, StoredScore | None]]
) -> tuple[Comparison, ...]:
    """Return how Redis compares; of a run that is not in force it holds nothing that readers get."""
    if run.situacao != "publicada":
        return (Comparison("Redis", None, "the run is not in force"),)
    try:
        cached = ask_cache()
    except StoreUnavailableError:
        return (Comparison("Redis", None, "does not answer"),)
    return tuple(_compare_record(store, held, result) for store, held in cached.items())


def _compare_record(store: str, held: StoredScore | None, result: Recomputed) -> Comparison:
    if held is None:
        return Comparison(store, None, "does not hold this run's record")
    return Comparison(store, result.score.differences(held))
