"""The watch keeps what was there and what was only there for a while."""

import time
from pathlib import Path

from tests.file_watch import watched


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.iterdir()}


def test_files_that_are_gone_again_are_kept_as_they_were_last(tmp_path):
    watch, kept = tmp_path / "watch", tmp_path / "kept"
    (watch / "lake").mkdir(parents=True)
    (watch / "before").write_bytes(b"there before")
    with watched([watch], kept, leave_out=["lake"]):
        for number in range(5):
            folder = watch / f"folder-{number}"
            folder.mkdir()
            with (folder / "file").open("wb") as file:
                file.write(b"first, ")
                file.flush()
                time.sleep(0.2)
                file.write(b"then %d" % number)
            (folder / "file").unlink()
            folder.rmdir()
        (watch / "lake" / "file").write_bytes(b"left out")
        (watch / "last").write_bytes(b"made last")
    assert contents(kept) == {b"there before", b"made last", *(b"first, then %d" % number for number in range(5))}
