# SPDX-License-Identifier: GPL-2.0-or-later
"""What changed between two forms of one patch, told by ``git range-diff`` itself.

git compares commits, and a patch out of a mail has none: its files are not there. So each form becomes a commit on
files that hold what its hunks show and nothing else. Lines that only keep the hunks apart are taken out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, pairwise

from seriestool.git.changes import commit_object
from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE, Entry, Oid
from seriestool.model.series import Change, FileDiff, Hunk, Patch

_EMPTY_TREE = Oid.of("tree", b"")
_APART = 8  # git joins hunks with six lines or fewer between them (git-diff(1), -U and --inter-hunk-context)
_FILLER_LIMIT = 1 << 20  # lines of one file that only keep hunks apart
_CREATION_FACTOR = 999  # two forms of one patch are a pair, however much they differ (git-range-diff(1))


def range_diff(store: ObjectStore, old: Patch, new: Patch) -> str:
    """Return what ``git range-diff`` says of *old* and *new*, two forms of one patch.

    Differences of author, message and hunks are shown, line numbers do not count, and the hunks' functions are named
    as the patches name them. Ends in a line feed; for equal forms it is one line with ``=``. Four commits are written
    to *store*, on no ref. Raises MachineFault.
    """
    mark = _mark(old, new)
    ranges = [_as_range(store, patch, mark) for patch in (old, new)]
    said = run_git(
        git_at(store.path), "range-diff", "--no-color", f"--creation-factor={_CREATION_FACTOR}", *ranges,
        settings=(f"diff.default.xfuncname=^{mark}section (.*)$", "diff.context=3", "diff.renames=true"),
    )  # fmt: skip
    return "".join(f"{line}\n" for line in said.split("\n") if mark not in line)


def _mark(old: Patch, new: Patch) -> str:
    """Return what begins our own lines and stands in neither patch, so that no line of theirs is taken out."""
    return next(
        mark
        for mark in (f"seriestool-{number} " for number in count())
        if mark.encode() not in old.diff + new.diff and mark not in old.message + new.message
    )


def _as_range(store: ObjectStore, patch: Patch, mark: str) -> str:
    before, after = (_tree(store, patch.files, mark, new=new) for new in (False, True))
    base = store.write_commit(commit_object(before, None, patch))
    return f"{base}..{store.write_commit(commit_object(after, base, patch))}"


def _tree(store: ObjectStore, files: Sequence[FileDiff], mark: str, *, new: bool) -> Oid:
    """Return the tree object of all pre-images, or of all post-images."""
    hunks: dict[str, list[Hunk]] = {}  # a patch may name a file more than once
    entries: dict[str, Entry | None] = {}
    for file in files:
        hunks.setdefault(file.path, []).extend(file.hunks)
        content = _content(file, hunks[file.path], mark, new=new)
        mode = (file.new_mode if new else None) or file.old_mode or file.new_mode or FILE
        path = file.new_path if new else None if file.change is Change.COPY else file.old_path
        if path is not None:
            entries[path] = Entry(mode, store.write_blob(content))
        if new and file.change is Change.RENAME and file.old_path is not None:
            entries.setdefault(file.old_path, None)
    return store.update_tree(_EMPTY_TREE, entries)


def _content(file: FileDiff, hunks: Sequence[Hunk], mark: str, *, new: bool) -> bytes:
    if file.binary or file.binary_without_data:
        blob = file.new_blob if new else file.old_blob
        return b"\0" + (blob or ("new" if new else "old")).encode()  # git shows that it is binary, and no more
    parts: list[bytes] = []
    if file.old_path is not None:
        for number, (hunk, gap) in enumerate(zip(hunks, _gaps(hunks), strict=True)):
            parts += _filler(f"{mark}filler {file.path!a} {number}", f"{mark}section {hunk.section}", gap)
            parts += _ended(hunk.new if new else hunk.old, last=number == len(hunks) - 1)
    else:
        parts += [line for hunk in hunks for line in (hunk.new if new else hunk.old)]
    if not hunks:  # moved, copied or given another mode, as it is
        parts += _filler(f"{mark}filler {file.old_path!a}", f"{mark}section ", _APART)
    return b"".join(parts)


def _gaps(hunks: Sequence[Hunk]) -> Iterator[int]:
    """Yield for each hunk how many lines to put before it: the real number, within reason.

    As many lines as the patch changes are enough that no diff is shorter by pairing lines of different hunks.
    """
    changed = sum(line.sign != " " for hunk in hunks for line in hunk.lines)
    most = max(min(changed, _FILLER_LIMIT // max(len(hunks), 1)), _APART)
    if hunks:
        yield min(hunks[0].old_start - 1, _APART)
    for before, hunk in pairwise(hunks):
        real = hunk.old_start - before.old_start - len(before.old)
        yield max(min(real, most), _APART)


def _filler(text: str, section: str, lines: int) -> Iterator[bytes]:
    """Yield the line git takes for the function, then at least as many as a hunk's context, none of them twice."""
    if lines > 0:
        yield section.encode("latin-1", "replace") + b"\n"  # as formats.patch reads it
        yield from (f"{text} {number}\n".encode() for number in range(max(lines, _APART)))


def _ended(lines: Sequence[bytes], *, last: bool) -> Iterator[bytes]:
    for line in lines:
        yield line if last or line.endswith(b"\n") else line + b"\n"
