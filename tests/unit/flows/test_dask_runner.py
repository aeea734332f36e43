"""What the Dask runner adds to Prefect's: errors of our family, results let go of, a cluster that the machine bears."""

import pickle
from datetime import date
from uuid import UUID, uuid4

import dask
import pytest
from distributed import CancelledError, KilledWorker
from prefect.states import Completed

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import Settings, load_settings
from flows.dask_runner import RangeFuture, dask_runner, local_cluster
from flows.dask_workers import check_workers, describe_installation
from flows.run_plan import RunIdentity
from flows.score_tasks import score_ranges


class Wrapped:
    """A future of Dask's, by hand: gives a result or fails, and notes that it was let go of."""

    def __init__(self, result: object) -> None:
        self._result = result
        self.released = False

    def result(self, timeout: float | None = None) -> object:
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result

    def release(self) -> None:
        self.released = True


def future(result: object) -> tuple[RangeFuture, Wrapped]:
    wrapped = Wrapped(result)
    return RangeFuture(task_run_id=uuid4(), wrapped_future=wrapped), wrapped


def test_a_result_is_let_go_of_once_it_was_taken_and_stays_known():
    sent, wrapped = future(Completed(data={"faixas": 1}))
    assert sent.result() == {"faixas": 1}
    assert wrapped.released
    assert sent.result() == {"faixas": 1}


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (KilledWorker("t", None, 3), "every worker that took up the same ranges died"),
        (CancelledError("t"), "the scheduler went away"),
    ],
)
def test_what_dask_fails_with_is_one_clear_line(failure, text):
    sent, wrapped = future(failure)
    with pytest.raises(StoreUnavailableError, match=text):
        sent.result()
    assert not wrapped.released


def test_a_local_cluster_is_sized_to_the_machine(tmp_path):
    assert local_cluster(Settings(var=tmp_path, workers=3, dask_worker_mib=256))["n_workers"] == 3
    assert local_cluster(Settings(var=tmp_path, dask_worker_mib=1 << 30))["n_workers"] == 1
    options = local_cluster(Settings(var=tmp_path))
    assert options["n_workers"] >= 1
    assert options["threads_per_worker"] == 1
    assert options["memory_limit"] == 2_048 << 20
    assert options["security"] is True


def test_dask_needs_a_prefect_server(tmp_path):
    with pytest.raises(SettingsError, match="needs a Prefect server"):
        dask_runner(Settings(var=tmp_path, dask="local", prefect_api_url=None))


def test_a_scheduler_that_does_not_answer_is_one_clear_line(tmp_path):
    settings = Settings(var=tmp_path, dask="tcp://127.0.0.1:1", prefect_api_url="http://h", store_timeout_seconds=0.5)
    with pytest.raises(StoreUnavailableError, match="no scheduler answers at tcp://127"):
        dask_runner(settings)


def test_problems_cross_processes_apart():
    error = pickle.loads(pickle.dumps(SettingsError(["uma", "outra"])))
    assert (error.problems, str(error)) == (("uma", "outra"), "uma\noutra")


@pytest.mark.parametrize("files", [{}, {"CA_FILE": "nao/ca.pem", "CLIENT__CERT": "nao/c.pem"}, {"CA_FILE": __file__}])
def test_tls_without_certificates_is_one_clear_line(tmp_path, files):
    given = {
        f"distributed.comm.tls.{name.lower().replace('__', '.').replace('_', '-')}": f for name, f in files.items()
    }
    with dask.config.set(given), pytest.raises(SettingsError, match="tls:// needs certificates"):
        check_workers("tls://127.0.0.1:1", Settings(var=tmp_path))


def test_a_worker_that_cannot_know_who_was_erased_reads_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("SCORE_VAR", str(tmp_path))
    for base, url in (("A", "postgresql://h/a"), ("B", "postgresql://h/b"), ("C", "mongodb://h/c")):
        monkeypatch.setenv(f"SCORE_BASE_{base}_URL", url)
    with pytest.raises(SettingsError) as refused:
        score_ranges.fn(RunIdentity(UUID(int=1), date(2025, 12, 31), "m"), [0])
    assert [problem.split()[0] for problem in refused.value.problems] == ["SCORE_RESULTS_URL", "SCORE_CACHE_KEY"]


def test_an_installation_is_described_without_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("SCORE_LAKE", str(tmp_path))
    monkeypatch.setenv("SCORE_REDIS_URL", "redis://:s3nha@h:6379/0")
    found = describe_installation()
    assert found["the lake"] == str(tmp_path) == load_settings().lake_root
    assert "s3nha" not in repr(found)
