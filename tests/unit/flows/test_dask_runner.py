"""What the Dask runner adds to Prefect's: errors of our family, results let go of, a cluster that the machine bears."""

import pickle
from uuid import uuid4

import pytest
from distributed import CancelledError, KilledWorker
from prefect.states import Completed

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import Settings, load_settings
from flows.dask_runner import RangeFuture, dask_runner, local_cluster
from flows.dask_workers import describe_installation


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


def test_problems_cross_processes_apart():
    error = pickle.loads(pickle.dumps(SettingsError(["uma", "outra"])))
    assert (error.problems, str(error)) == (("uma", "outra"), "uma\noutra")


def test_an_installation_is_described_without_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("SCORE_LAKE", str(tmp_path))
    monkeypatch.setenv("SCORE_REDIS_URL", "redis://:s3nha@h:6379/0")
    found = describe_installation()
    assert found["the lake"] == str(tmp_path) == load_settings().lake_root
    assert "s3nha" not in repr(found)
