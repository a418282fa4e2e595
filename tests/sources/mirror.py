# SPDX-License-Identifier: GPL-2.0-or-later
"""Mirrors of public-inbox v2 for tests: the real git writes one commit for every mail."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from tests.mails import git


def make_epoch(path: Path) -> Path:
    """Make an empty epoch, a bare repository."""
    path.mkdir(parents=True)
    git("init", "-q", "--bare", "-b", "master", "--template=", cwd=path)
    return path


def put(epoch: Path, *mails: bytes) -> None:
    """Add mails, one commit each."""
    _commits(epoch, [(b"m", mail) for mail in mails])


def remove(epoch: Path, *mails: bytes) -> None:
    """Remove mails, one commit each."""
    _commits(epoch, [(b"d", mail) for mail in mails])


def rewrite(epoch: Path, *mails: bytes) -> None:
    """Make a history of these mails alone the epoch's, as after a purge."""
    git("update-ref", "-d", "refs/heads/master", cwd=epoch)
    put(epoch, *mails)


def make_inbox(root: Path, *epochs: Sequence[bytes]) -> Path:
    """Make an inbox with these mails in ``git/0.git``, ``git/1.git`` and so on."""
    for number, mails in enumerate(epochs):
        put(make_epoch(root / "git" / f"{number}.git"), *mails)
    make_epoch(root / "all.git")
    return root


def _commits(epoch: Path, files: Sequence[tuple[bytes, bytes]]) -> None:
    """Let git-fast-import(1) commit each file as the only one of its tree object."""
    parent = b"from refs/heads/master^0\n" if git("for-each-ref", cwd=epoch) else b""
    out = io.BytesIO()
    for name, data in files:
        out.write(b"commit refs/heads/master\ncommitter a <a> 0 +0000\ndata 0\n" + parent)
        out.write(b"deleteall\nM 100644 inline %s\ndata %d\n%s\n" % (name, len(data), data))
        parent = b""
    git("fast-import", "--quiet", "--force", stdin=out.getvalue(), cwd=epoch)
