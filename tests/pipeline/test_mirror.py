# SPDX-License-Identifier: GPL-2.0-or-later
"""The follow-ups of the flagship are the same ones, whether the archive is a directory of threads or a mirror."""

from __future__ import annotations

import gzip
from pathlib import Path

from seriestool.formats.mail import read_messages
from seriestool.model.series import FollowUpReason
from seriestool.pipeline.context import Context, load_config
from seriestool.pipeline.follow_ups import FoundFollowUps, search_follow_ups
from seriestool.pipeline.library import open_library
from seriestool.pipeline.series import open_series
from seriestool.places import Cache, Workspace
from tests.mails import mail
from tests.sources.mirror import make_inbox

FLAGSHIP = "synchronous-perf-signals"


def found_in(archive: Path, room: Path) -> FoundFollowUps:
    room.mkdir()
    (room / "seriestool.toml").touch()
    workspace = Workspace(room)
    ctx = Context(workspace, Cache(room / "cache"), load_config(workspace), lore=str(archive))
    with open_library(ctx) as library:
        return search_follow_ups(library, open_series(ctx, FLAGSHIP))


def test_a_mirror_gives_the_follow_ups_that_a_directory_gives(shared_lore: Path, tmp_path: Path) -> None:
    mails: dict[str, bytes] = {}
    for file in sorted(shared_lore.glob("*/t.mbox.gz")):
        for one in read_messages(gzip.decompress(file.read_bytes())):
            mails.setdefault(one.message_id, one.raw)
    others = [mail(f"[PATCH] other {number}", message_id=f"{number}@x") for number in range(20)]
    inbox = make_inbox(tmp_path / "inbox", list(mails.values())[:100], [*others, *list(mails.values())[100:]])
    expected = found_in(shared_lore, tmp_path / "directory")
    found = found_in(inbox, tmp_path / "mirror")
    assert {one.reason for one in expected.follow_ups} >= {FollowUpReason.FIXES, FollowUpReason.SAME_LINES}
    assert found.follow_ups == expected.follow_ups
    assert found.searched == f"the archive {inbox}"
