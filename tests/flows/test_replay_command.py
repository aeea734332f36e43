"""Guards the review of a published score: equal bit for bit, complete, recorded, and silent about the person elsewhere.

LGPD art. 20 and Lei 12.414 art. 5 VI. Hand-made consumers in the real stores, and a hand-made model.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
import redis

from contracts.artifacts import ArtifactStore
from contracts.errors import (
    ClientNotFoundError,
    DataIntegrityError,
    EscoreError,
    RunConflictError,
    UnexpectedError,
    UsageError,
)
from contracts.settings import Settings
from extract.extraction import extract_range
from extract.lake import write_extraction
from extract.partitions import plan_ranges
from features.build import build_features
from flows.replay import refuse_differing, replay_score
from flows.run_plan import write_plan
from models.points.apply import apply_points
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo
from serve.publishing.generations import Generations
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine
from stores.run_ids import new_run_id
from tests.extract_samples import cpf_of, debt, sources_of
from tests.flows.conftest import escore, succeed
from tests.law_samples import Rows, consumer, insert_consumers
from tests.model_samples import crossed_table, write_model
from tests.score_samples import open_run
from tests.store_queries import query

AS_OF = date(2025, 6, 30)
CONSUMERS = 12
RANGE_SIZE = 5
RICH = "c3"
"""Of this consumer all is known, with three more debts."""


@dataclass(frozen=True)
class Reviewed:
    """An installation with two published runs; the second is in force."""

    settings: Settings
    before: UUID
    current: UUID
    version: str

    @property
    def lake(self) -> Path:
        return Path(self.settings.lake_root)

    def sql(self, text: str, **values: object) -> list[tuple[object, ...]]:
        return query(self.settings, text, **values)


@pytest.fixture(scope="module")
def reviewed(make_installation: Callable[[str], Settings]) -> Reviewed:
    settings = make_installation("revisao")
    insert_consumers(settings, *map(_consumer, range(CONSUMERS)))
    lake = ArtifactStore(settings.lake_root)
    points = crossed_table()
    version = write_model(lake, points)
    first, second = (_run(settings, lake, points, version) for _ in range(2))
    return Reviewed(settings, first, second, version)


def _consumer(number: int) -> Rows:
    """Every fourth is one of whom nothing is known."""
    key, cpf = f"c{number}", cpf_of(500_000_000 + number)
    rows = consumer(key, cpf, known=datetime(2024, 1, 1), events=datetime(2025, 6, 29 - number % 28))
    rows["divida"] += [debt(f"{key}-d{k}", key, valor=f"{10 ** (k + 1)}.00") for k in range(number % 5)]
    return rows if number % 4 else {name: found if name == "cliente" else [] for name, found in rows.items()}


def _run(settings: Settings, lake: ArtifactStore, points, version: str) -> UUID:
    """Do what a night does: extract by range, leave the snapshot, score, publish."""
    run_id = new_run_id(datetime.now(UTC))
    run = RunInfo(
        run_id, AS_OF, version, points.name, 12, points.texts, datetime.now(UTC), points.sha256, "# descricao\n"
    )
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    cache = redis_client(settings.secret("redis_url"), timeout=10)
    publisher = Publisher(engine, cache, cache_key=settings.secret("cache_key").encode())
    open_run(engine, run)
    publisher.begin(run, consumers=CONSUMERS)
    with sources_of(settings) as sources:
        ranges = plan_ranges(sources.base_a, range_size=RANGE_SIZE)
        write_plan(lake, str(run_id), ranges)
        for cpf_range in ranges:
            extraction = extract_range(sources, cpf_range, as_of=AS_OF)
            write_extraction(lake, str(run_id), cpf_range.index, extraction, as_of=AS_OF)
            publisher.stage(apply_points(points, build_features(extraction.tables, AS_OF, threads=1)))
    publisher.switch(run)
    engine.dispose()
    cache.close()
    return run_id


def test_every_published_score_is_recomputed_bit_for_bit(reviewed):
    """In PostgreSQL and in both records of Redis, whether the consumer has a score or not."""
    statuses = []
    for number in range(CONSUMERS):
        replay = replay_score(reviewed.settings, reviewed.current, f"c{number}")
        assert [(one.store, one.differences) for one in replay.comparisons] == [
            ("PostgreSQL", ()),
            ("Redis, by id", ()),
            ("Redis, by CPF", ()),
        ]
        refuse_differing(replay)
        statuses.append(replay.result.score.status)
        if number % 4:
            assert replay.result.base_points + replay.result.points_sum == replay.result.raw_score
    assert statuses.count("DADOS_INSUFICIENTES") == CONSUMERS / 4


def test_a_run_that_is_no_longer_in_force_is_reviewed_too(reviewed):
    replay = replay_score(reviewed.settings, reviewed.before, RICH)
    assert [(one.store, one.differences, one.note) for one in replay.comparisons] == [
        ("PostgreSQL", (), ""),
        ("Redis", None, "the run is not in force"),
    ]


def test_the_command_shows_all_that_the_score_came_from(reviewed):
    done = succeed(
        escore(reviewed.settings, "replay", "--execucao", str(reviewed.current), "--cliente", RICH, COLUMNS="300")
    )
    replay = replay_score(reviewed.settings, reviewed.current, RICH)
    assert done.stdout.count("equal") >= 3
    for term in replay.result.terms:
        assert f"{term.points:+d}" in done.stdout
    assert f"{replay.result.base_points} {replay.result.points_sum:+d} = {replay.result.raw_score}" in done.stdout
    for feature in replay.result.features:
        assert feature.name in done.stdout
        assert feature.description[:40] in done.stdout
    for number, reason in enumerate(replay.result.reasons, start=1):
        assert f"reason {number}: {reason.code} {reason.points:+d}" in done.stdout
    assert cpf_of(500_000_003) not in done.stdout + done.stderr
    assert done.stderr == ""


def test_the_json_has_the_records_behind_each_reason(reviewed):
    done = succeed(
        escore(reviewed.settings, "replay", "--execucao", str(reviewed.current), "--cliente", RICH, "--json")
    )
    body = json.loads(done.stdout)
    assert body["igual_ao_publicado"] is True
    assert body["pontos_base"] + sum(term["pontos"] for term in body["termos"]) == body["score_bruto"]
    assert len(body["motivos"]) == 4
    for reason in body["motivos"]:
        assert reason["registros"]
        assert all(body["registros"][family]["linhas"] is not None for family in reason["registros"])
    [row] = reviewed.sql(
        "select score, motivos from score where execucao_id = :run and cliente_id = :who",
        run=reviewed.current,
        who=RICH,
    )
    assert row == (body["score"], [{"codigo": m["codigo"], "pontos": m["pontos"]} for m in body["motivos"]])


def test_one_without_data_is_said_to_have_none(reviewed):
    done = succeed(escore(reviewed.settings, "replay", "--execucao", str(reviewed.current), "--cliente", "c4"))
    assert "DADOS_INSUFICIENTES" in done.stdout
    assert "no score" in done.stdout


def test_the_read_is_recorded_under_a_hash_before_it_is_shown(reviewed):
    """LGPD art. 37: who, of whom, what, when, for what purpose; found or not."""
    since = reviewed.sql("select coalesce(max(id), 0) from auditoria")[0][0]
    replay_score(reviewed.settings, reviewed.current, RICH)
    with pytest.raises(ClientNotFoundError):
        replay_score(reviewed.settings, reviewed.current, "ninguem", purpose="contestacao")
    rows = reviewed.sql(
        "select sujeito, recurso, finalidade, resultado, requisicao_id from auditoria where id > :since order by id",
        since=since,
    )
    hashes = PersonHash(reviewed.settings.secret("cache_key").encode())
    assert rows == [
        (hashes.subject_by_client(RICH), "replay", "revisao", 200, str(reviewed.current)),
        (hashes.subject_by_client("ninguem"), "replay", "contestacao", 404, str(reviewed.current)),
    ]


@contextmanager
def changed(reviewed: Reviewed, column: str, value: str) -> Iterator[None]:
    """Alter what PostgreSQL holds of one consumer, and put it back."""
    where = {"run": reviewed.current, "who": RICH}
    condition = "where execucao_id = :run and cliente_id = :who"
    [(held,)] = reviewed.sql(f"select {column}::text from score {condition}", **where)
    kind = {"motivos": "jsonb", "probabilidade": "real", "score": "smallint"}[column]
    update = f"update score set {column} = cast(:value as {kind}) {condition}"
    reviewed.sql(update, value=value, **where)
    try:
        yield
    finally:
        reviewed.sql(update, value=held, **where)


@pytest.mark.parametrize(
    ("column", "value"),
    [("score", "1"), ("probabilidade", "0.123456789"), ("motivos", '[{"codigo": "DIV01", "pontos": 1}]')],
)
def test_a_published_score_that_was_altered_is_found(reviewed, column, value):
    with changed(reviewed, column, value):
        replay = replay_score(reviewed.settings, reviewed.current, RICH)
    [differing] = replay.differing
    assert (differing.store, differing.differences) == ("PostgreSQL", (column,))


def test_a_difference_is_an_exit_code_and_one_line_without_values(reviewed):
    with changed(reviewed, "score", "7"):
        done = escore(reviewed.settings, "replay", "--execucao", str(reviewed.current), "--cliente", RICH)
    assert done.returncode == 5
    assert "differs: score" in done.stdout
    assert done.stderr.splitlines() == [
        f"error: run {reviewed.current}: the score recomputed is not the one in PostgreSQL: score"
    ]


def test_a_redis_that_holds_another_score_is_found(reviewed):
    hashes = PersonHash(reviewed.settings.secret("cache_key").encode())
    with redis.Redis.from_url(reviewed.settings.secret("redis_url")) as cache:
        generations = Generations(cache, hashes)
        other = crossed_table(base=300)
        with sources_of(reviewed.settings) as sources:
            tables = extract_range(sources, plan_ranges(sources.base_a, range_size=1_000)[0], as_of=AS_OF).tables
        filling = generations.filling(reviewed.current)
        filling.write_tables([apply_points(other, build_features(tables, AS_OF, threads=1))])
        replay = replay_score(reviewed.settings, reviewed.current, RICH)
        filling.write_tables([apply_points(crossed_table(), build_features(tables, AS_OF, threads=1))])
    assert {one.store for one in replay.differing} == {"Redis, by id", "Redis, by CPF"}
    assert all("score" in one.differences for one in replay.differing)


def test_a_redis_that_does_not_answer_stops_no_review(reviewed):
    away = Settings(
        **{name: getattr(reviewed.settings, name) for name in reviewed.settings.model_fields_set}
        | {"redis_url": "redis://127.0.0.1:1/0"}
    )
    replay = replay_score(away, reviewed.current, RICH)
    assert [(one.store, one.differences, one.note) for one in replay.comparisons][1:] == [
        ("Redis", None, "does not answer")
    ]


def test_runs_that_cannot_be_reviewed_are_told_apart(reviewed):
    unpublished = new_run_id(datetime.now(UTC))
    reviewed.sql(
        "insert into execucao (id, data_referencia, modelo_versao, situacao, iniciada_em, retomavel)"
        " values (:id, :day, :version, 'falhou', now(), false)",
        id=unpublished,
        day=AS_OF,
        version=reviewed.version,
    )
    for run_id, said in ((UUID(int=1), "there is no run"), (unpublished, "never published: it is falhou")):
        with pytest.raises(RunConflictError, match=said):
            replay_score(reviewed.settings, run_id, RICH)


def test_a_run_past_retention_is_said_so(reviewed):
    """Whether its scores or only its snapshot have gone."""
    snapshot = reviewed.lake / "snapshots" / str(reviewed.current)
    kept = snapshot.with_name("fora")
    snapshot.rename(kept)
    try:
        with pytest.raises(RunConflictError, match="snapshot is past retention"):
            replay_score(reviewed.settings, reviewed.current, RICH)
    finally:
        kept.rename(snapshot)
    reviewed.sql(f"alter table score detach partition score_{reviewed.before.hex}")
    try:
        with pytest.raises(RunConflictError, match="scores are past retention"):
            replay_score(reviewed.settings, reviewed.before, RICH)
    finally:
        reviewed.sql(
            f"alter table score attach partition score_{reviewed.before.hex} for values in ('{reviewed.before}')"
        )


@contextmanager
def altered(path: Path) -> Iterator[None]:
    """Change the last byte of a file, and put it back."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        yield
    finally:
        path.write_bytes(whole)


def test_an_altered_snapshot_is_named_before_it_is_used(reviewed):
    folder = reviewed.lake / "snapshots" / str(reviewed.current)
    with (
        altered(folder / "faixa-00000" / "divida.parquet"),
        pytest.raises(DataIntegrityError, match=r"divida\.parquet"),
    ):
        replay_score(reviewed.settings, reviewed.current, "c1")


def test_an_altered_model_never_scores(reviewed):
    with (
        altered(reviewed.lake / "models" / reviewed.version / "scorecard.json"),
        pytest.raises(DataIntegrityError, match=r"scorecard\.json"),
    ):
        replay_score(reviewed.settings, reviewed.current, RICH)


def test_a_model_that_is_whole_but_not_the_published_one_never_scores(reviewed):
    """Its eight digits may be right by design of whoever forged it; PostgreSQL keeps all sixty-four."""
    reviewed.sql("update modelo set sha256 = :other where versao = :v", other="0" * 64, v=reviewed.version)
    try:
        with pytest.raises(DataIntegrityError, match="not the one that run"):
            replay_score(reviewed.settings, reviewed.current, RICH)
    finally:
        sha256 = crossed_table().sha256
        reviewed.sql("update modelo set sha256 = :own where versao = :v", own=sha256, v=reviewed.version)


def test_a_purpose_is_words(reviewed):
    with pytest.raises(UsageError, match="finalidade"):
        replay_score(reviewed.settings, reviewed.current, RICH, purpose="cpf 52998224725")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--execucao", "00000000-0000-0000-0000-000000000001", "--cliente", RICH), 9, "there is no run"),
        (("--execucao", "{current}", "--cliente", "ninguem"), 10, "holds no consumer"),
        (("--execucao", "amanha", "--cliente", RICH), 2, "--execucao"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(reviewed, arguments, code, said):
    done = escore(reviewed.settings, "replay", *(text.format(current=reviewed.current) for text in arguments))
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "ninguem" not in done.stderr


def test_a_fault_and_the_logs_tell_nothing_of_the_person(reviewed, monkeypatch, caplog):
    """LGPD art. 46: an exception that quotes a record is replaced, and no logger is given a value."""
    caplog.set_level(logging.DEBUG)
    replay_score(reviewed.settings, reviewed.current, RICH)
    cpf = cpf_of(500_000_003)
    assert not [record.name for record in caplog.records if cpf in record.getMessage() or RICH in record.getMessage()]

    def fail(*_args: object) -> None:
        raise ValueError(f"{cpf} {RICH}")

    monkeypatch.setattr("flows.replay.read_consumer", fail)
    with pytest.raises(EscoreError) as caught:
        replay_score(reviewed.settings, reviewed.current, RICH)
    assert isinstance(caught.value, UnexpectedError)
    assert cpf not in str(caught.value)
    assert caught.value.__cause__ is None
