# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``fetch`` says: how patches landed, what ``series.toml`` lacks, what came later; lines to be pasted. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from seriestool.model.fetched import Fetched, FetchedPatch
from seriestool.report.view import clean, clean_line

_INDENT = "   "


def fetch_lines(fetched: Fetched, *, tracked: bool) -> Iterator[str]:
    """Yield what was found, line by line; *tracked* tells that there is a ``series.toml`` to hold it against."""
    for one in fetched.patches:
        patch = one.patch
        yield clean(f"{patch.number} {patch.patch_id[:12]} {patch.subject}")
        landed = _landed(one)
        if landed:
            yield _INDENT + clean(landed)
    if tracked:
        yield from _lacks(fetched)
    yield from _follow_ups(fetched)


def _landed(one: FetchedPatch) -> str | None:
    if one.landed is not None:
        form = ", in another form than it was posted" if one.differs else ""
        return f"landed as {one.landed.commit[:12]}, {one.landed.branch}{form}"
    return f"upstream {one.upstream[:12]} by series.toml; no commit notice of it is known" if one.upstream else None


def _lacks(fetched: Fetched) -> Iterator[str]:
    lines = [
        f"{one.patch.number}: {key} = {json.dumps(value, ensure_ascii=False)}"
        for one in fetched.patches
        for key, value in one.lacks
    ]
    if not lines:
        return
    yield ""
    hint = f"not in series.toml (seriestool fetch {fetched.slug} --update writes it)"
    yield "written to series.toml" if fetched.updated else hint
    yield from (clean(line) for line in lines)


def _follow_ups(fetched: Fetched) -> Iterator[str]:
    yield ""
    where = clean(fetched.searched)
    if not fetched.follow_ups:
        yield f"no follow-up that is not known; looked for in {where}"
        return
    yield f"follow-ups that are not known; looked for in {where}"
    for new in fetched.follow_ups:
        one = new.follow_up
        yield clean(f"- {one.title}")
        yield "  " + clean("; ".join(text for text in (one.evidence, one.exposes) if text))
        if new.lines:
            yield ""
            yield from (f"    {clean_line(line)}" for line in new.lines)
            yield ""
