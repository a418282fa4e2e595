# SPDX-License-Identifier: GPL-2.0-or-later
"""Kill -9 while writing, readers beside a writer, two processes that both find no database."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seriestool.store import open_store

ROOT = Path(__file__).parents[2]

# Records one stage after the other, and says so as soon as each is on disk.
WRITER = """
import sys
from seriestool.model.run import Stage, StageResult, Status
from seriestool.store import open_store
with open_store(sys.argv[1]) as store:
    run_id = store.begin_run(slug="s", title="t", revision=1, arches=("arm",), command="c", started="now",
                             patches=(), known=())
    for number in range(100000):
        store.record_stage(run_id, StageResult(Stage.BUILD, Status.PASSED, str(number), 1.0, warnings=("x" * 5000,)))
        print(number, flush=True)
"""
OPENER = "import sys; from seriestool.store import open_store; open_store(sys.argv[1]).close()"


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def test_kill_9_loses_no_finished_stage(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with writer(path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "20\n":
                break
        time.sleep(0.013)  # somewhere within a later transaction
        process.kill()
        told = 20 + len(process.stdout.readlines())
    assert process.returncode == -9
    with open_store(path) as store:
        record = store.latest_run("s")
        assert record is not None
        assert record.finished is None
        assert told + 1 <= len(record.stages) <= told + 2
        assert [stage.detail for stage in record.stages] == [str(number) for number in range(len(record.stages))]
        store.finish_run(record.id, (), "ended", 0, "later")


def test_a_reader_sees_whole_stages_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with writer(path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = []
        with open_store(path) as store:
            for _ in range(20):
                record = store.latest_run("s")
                assert record is not None
                assert all(len(stage.warnings[0]) == 5000 for stage in record.stages)
                seen.append(len(record.stages))
        assert process.poll() is None
    assert seen == sorted(seen)
    assert seen[-1] > seen[0] >= 1


def test_processes_that_find_no_database_make_one(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    openers = [subprocess.Popen([sys.executable, "-c", OPENER, path], cwd=ROOT) for _ in range(3)]
    assert [opener.wait() for opener in openers] == [0, 0, 0]
    with open_store(path) as store:
        assert store.runs() == ()
