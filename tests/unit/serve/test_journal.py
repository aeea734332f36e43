"""The journal: what was answered is in the file; what cannot be written is refused; the file says when it is over."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from contracts.errors import SettingsError, StoreUnavailableError
from serve.auditing.backlog import lag_of, measure
from serve.auditing.group_sync import GroupSync
from serve.auditing.journal import AuditJournal
from serve.auditing.journal_format import encode_entry
from serve.auditing.segment import LiveSegment, segment_paths
from serve.auditing.segment_reader import LONG_PIECE_BYTES, MUCH_BYTES, PIECE_BYTES, reading
from tests.audit_samples import entry, requests_in

ROOT = Path(__file__).parents[3]


def keep(journal: AuditJournal, *numbers: int) -> None:
    async def record() -> None:
        for number in numbers:
            await journal.record(entry(number))

    asyncio.run(record())


def names(*numbers: int) -> list[str]:
    return [entry(number).requisicao_id for number in numbers]


def test_a_recorded_read_is_in_the_file_at_once(tmp_path):
    journal = AuditJournal(tmp_path)
    for number in range(3):
        keep(journal, number)
        assert requests_in(tmp_path) == names(*range(number + 1))


def test_files_are_their_owners_alone_and_their_names_tell_nothing(tmp_path):
    folder = tmp_path / "var" / "auditoria"
    journal = AuditJournal(folder)
    journal.open()
    keep(journal, 1)
    [path] = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.stem) == 36
    assert path.suffix == ".diario"


def test_a_read_of_nobody_leaves_nothing(tmp_path):
    journal = AuditJournal(tmp_path)
    asyncio.run(journal.record(entry(1, subjects=0)))
    assert list(tmp_path.iterdir()) == []


def test_a_segment_that_is_long_enough_is_ended(tmp_path):
    journal = AuditJournal(tmp_path, segment_bytes=1000)
    keep(journal, *range(20))
    assert sorted(requests_in(tmp_path)) == names(*range(20))
    segments = measure(tmp_path, {})
    assert len(segments) > 3
    [live] = [segment for segment in segments if segment.is_live]
    assert {segment.size for segment in segments if segment is not live} < set(range(1000, 1500))


def test_a_segment_is_over_when_its_journal_closes(tmp_path):
    journal = AuditJournal(tmp_path)
    keep(journal, 1)
    asyncio.run(journal.close())
    [path] = segment_paths(tmp_path)
    with reading(path) as segment:
        assert segment.is_over
    with pytest.raises(StoreUnavailableError, match="closed"):
        keep(journal, 2)
    assert requests_in(tmp_path) == names(1)


def test_a_journal_that_recorded_nothing_leaves_no_file(tmp_path):
    journal = AuditJournal(tmp_path)
    journal.open()
    asyncio.run(journal.close())
    assert list(tmp_path.iterdir()) == []


def test_beyond_what_may_wait_reads_are_refused_until_some_is_shipped(tmp_path):
    journal = AuditJournal(tmp_path, max_bytes=1000)
    with pytest.raises(StoreUnavailableError, match="no more may wait"):
        keep(journal, *range(20))
    kept = requests_in(tmp_path)
    assert 3 < len(kept) < 6
    journal.bytes_waiting = 0
    keep(journal, 9)
    assert requests_in(tmp_path) == [*kept, *names(9)]


def test_a_file_removed_under_the_journal_is_replaced(tmp_path):
    journal = AuditJournal(tmp_path)
    keep(journal, 1)
    for path in segment_paths(tmp_path):
        path.unlink()
    journal.drop_if_deleted()
    keep(journal, 2)
    assert requests_in(tmp_path) == names(2)


def test_the_lag_is_what_is_not_shipped_and_how_old_it_is(tmp_path):
    journal = AuditJournal(tmp_path)
    keep(journal, 1, 2)
    [path] = segment_paths(tmp_path)
    with reading(path) as segment:
        header = segment.header
        first = segment.read(0)
    assert header is not None
    size = path.stat().st_size
    lag = lag_of(measure(tmp_path, {}))
    assert lag.bytes_waiting == size - header.size
    assert lag.oldest_seconds > 0
    half = lag_of(measure(tmp_path, {header.id: (header.size + first.end) // 2}))
    assert half.bytes_waiting == lag.bytes_waiting // 2
    done = lag_of(measure(tmp_path, {header.id: first.end}))
    assert (done.bytes_waiting, done.oldest_seconds) == (0, 0.0)


FILLING = """
import asyncio, resource, sys
from pathlib import Path
from contracts.errors import StoreUnavailableError
from serve.auditing.journal import AuditJournal
from tests.audit_samples import entry

async def main() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
    journal = AuditJournal(Path(sys.argv[1]))
    for number in range(200):
        try:
            await journal.record(entry(number, subjects=1 + number % 4))
        except StoreUnavailableError:
            print("refused", number)
        else:
            print("kept", number)

asyncio.run(main())
"""


def test_a_write_cut_short_is_refused_and_costs_no_other_record(tmp_path):
    """The kernel takes part of a write where a file may grow no further, as on a full disk."""
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    refused = [int(number) for word, number in lines if word == "refused"]
    assert 5 < len(refused) < 50
    assert sorted(requests_in(tmp_path)) == names(*(int(number) for word, number in lines if word == "kept"))
    torn = 0
    for path in segment_paths(tmp_path):
        with reading(path) as segment:
            torn += segment.read(segment.read(0).end).tail
    assert torn > 0


def test_what_the_writer_is_in_the_middle_of_is_left_until_it_is_whole(tmp_path):
    keep(AuditJournal(tmp_path), 1)
    [path] = segment_paths(tmp_path)
    with path.open("ab") as file, reading(path) as segment:
        assert segment.header is not None
        record = encode_entry(entry(2), segment.header.seed)
        file.write(record[:100])
        file.flush()
        with reading(path) as half:
            first = half.read(0)
            assert (len(first.payloads), first.damaged, first.tail) == (1, 0, 0)
        file.write(record[100:])
        file.flush()
        with reading(path) as whole:
            assert len(whole.read(first.end).payloads) == 1


@pytest.mark.parametrize(
    ("length", "readings"),
    [(10, [PIECE_BYTES]), (PIECE_BYTES, [PIECE_BYTES, LONG_PIECE_BYTES]), (MUCH_BYTES, [LONG_PIECE_BYTES])],
)
def test_a_piece_that_holds_nothing_whole_is_read_again_only_where_more_follows(
    tmp_path, monkeypatch, length, readings
):
    journal = AuditJournal(tmp_path)
    keep(journal, 1)
    [path] = segment_paths(tmp_path)
    end = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\x1e00030000" + bytes(length - 9))
    asked: list[int] = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda descriptor, size, at: asked.append(size) or pread(descriptor, size, at))
    with reading(path) as segment:
        asked.clear()
        assert segment.read(end).is_empty
    assert asked == readings


def test_a_disk_that_takes_nothing_refuses_and_leaves_nothing(tmp_path):
    journal = AuditJournal(tmp_path / "sumida")
    for number in range(3):
        with pytest.raises(StoreUnavailableError, match="cannot be written"):
            keep(journal, number)
    (tmp_path / "sumida").mkdir()
    keep(journal, 4)
    assert requests_in(tmp_path / "sumida") == names(4)


def test_a_place_that_cannot_be_written_is_told_at_the_start(tmp_path):
    (tmp_path / "arquivo").touch()
    for folder in (tmp_path / "arquivo" / "auditoria", tmp_path / "arquivo", Path("/proc/auditoria")):
        with pytest.raises(SettingsError, match=r"SCORE_AUDIT_DIR: .* cannot be written"):
            AuditJournal(folder).open()


def test_a_place_that_others_may_write_to_is_refused_at_the_start(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(SettingsError, match="others may write"):
        AuditJournal(tmp_path).open()
    AuditJournal(tmp_path / "auditoria").open()


class SlowDisk(LiveSegment):
    """A segment on a disk whose every wait takes a while, or fails."""

    syncs = 0
    error: OSError | None = None
    release = threading.Event()

    def sync(self) -> None:
        SlowDisk.syncs += 1
        assert self.release.wait(10)
        if self.error is not None:
            raise self.error
        super().sync()


@pytest.fixture
def slow(tmp_path) -> SlowDisk:
    SlowDisk.syncs, SlowDisk.error, SlowDisk.release = 0, None, threading.Event()
    return SlowDisk.create(tmp_path)


def test_those_who_wait_for_the_disk_wait_together(slow):
    """One round is under way; all who come meanwhile share the next, and are answered when it ends, not before."""

    async def wait_for_many() -> None:
        sync = GroupSync()
        first = asyncio.create_task(sync.wait(slow))
        while not slow.syncs:
            await asyncio.sleep(0.001)
        others = []
        for _ in range(50):
            others.append(asyncio.create_task(sync.wait(slow)))
            await asyncio.sleep(0.001)
        assert not any(task.done() for task in [first, *others])
        slow.release.set()
        await asyncio.gather(first, *others)
        await sync.close()

    asyncio.run(wait_for_many())
    assert slow.syncs == 2


def test_a_disk_that_fails_refuses_all_who_wait(slow):
    SlowDisk.error = OSError(5, "I/O error")
    slow.release.set()

    async def wait_for_many() -> list[BaseException | None]:
        sync = GroupSync()
        return await asyncio.gather(*(sync.wait(slow) for _ in range(5)), return_exceptions=True)

    assert [type(error) for error in asyncio.run(wait_for_many())] == [OSError] * 5


def test_a_disk_that_hangs_costs_a_bounded_time(slow, monkeypatch):
    monkeypatch.setattr("serve.auditing.group_sync.LONGEST_WAIT_SECONDS", 0.1)

    async def wait() -> None:
        sync = GroupSync()
        with pytest.raises(TimeoutError):
            await sync.wait(slow)
        slow.release.set()

    began = time.monotonic()
    asyncio.run(wait())
    assert time.monotonic() - began < 5


def test_with_fsync_every_segment_that_was_waited_for_is_whole_and_closed(tmp_path):
    async def record_at_once() -> None:
        journal = AuditJournal(tmp_path, fsync=True, segment_bytes=1000)
        await asyncio.gather(*(journal.record(entry(number)) for number in range(60)))
        await journal.close()

    asyncio.run(record_at_once())
    assert sorted(requests_in(tmp_path)) == names(*range(60))
    segments = measure(tmp_path, {})
    assert len(segments) > 5
    assert not any(segment.is_live for segment in segments)
