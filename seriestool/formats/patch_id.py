# SPDX-License-Identifier: GPL-2.0-or-later
"""``git patch-id --stable`` without a process: the id by which a patch is known again after it moved.

git-patch-id(1): a sum of SHA-1 over each file's diff, whitespace and line numbers left out. The rules for
binary and mode-only changes are those of git 2.39 and later, measured against the program in the tests.
"""

from __future__ import annotations

import hashlib
import io
import re

from seriestool.errors import InputRefused

_SPACE = b" \t\n\r"  # what git's own isspace() knows
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))?")
_BYTES = 20
_HEADER = -1


def patch_id(diff: bytes) -> str:
    """Return the stable patch-id of the first patch in *diff*, 40 hex digits.

    Text before the first ``diff`` line and behind the last hunk does not count.
    Raises InputRefused when there is no diff in it.
    """
    summer = _Summer()
    for line in io.BytesIO(diff):
        if not summer.feed(line):
            break
    if not summer.length:
        raise InputRefused("no diff, hence no patch-id")
    return summer.result()


class _Summer:
    """State of one computation.

    ``old`` and ``new`` count the lines left of a hunk; ``old`` -1 stands for "inside a file header", also where a
    damaged hunk counts down to it, because git does the same.
    """

    def __init__(self) -> None:
        self.length = 0
        self._total = 0
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._old = self._new = _HEADER
        self._binary = False
        self._blobs = b""

    def feed(self, line: bytes) -> bool:
        """Take one line; return False when the patch is over."""
        begins = line.startswith(b"diff ")
        if (line.startswith(b"\\ ") and len(line) > 12) or not (self.length or begins):
            return True
        if self._old == _HEADER:
            if self._header(line):
                return True
            if self._old == _HEADER and not line[:1].isalpha():
                return False
        if self._binary:
            if begins:  # git does not count this line either
                self._binary, self._old, self._new = False, _HEADER, _HEADER
        elif self._old == 0 and self._new == 0 and not begins:
            return self._hunk(line)
        else:
            if self._old == 0 and self._new == 0:
                self._flush()
                self._old = self._new = _HEADER
            self._body(line)
        return True

    def result(self) -> str:
        self._flush()
        return self._total.to_bytes(_BYTES, "little").hex()

    def _header(self, line: bytes) -> bool:
        """Look at a line of a file header; return True when it does not itself count."""
        if line.startswith((b"GIT binary patch", b"Binary files")):
            self._binary = True
            self._old = 0
            self._hash.update(self._blobs)
            self._flush()
            return True
        if line.startswith(b"index "):
            self._blobs = _blob_ids(line)
            return True
        if line.startswith(b"--- "):
            self._old = self._new = 1
        return False

    def _hunk(self, line: bytes) -> bool:
        """Take the line behind a complete hunk: the next one's header, or the end of the patch."""
        if not line.startswith(b"@@ -"):
            return False
        match = _HUNK.match(line)
        if match is None:
            raise InputRefused(f"malformed hunk header: {line[:80].decode('utf-8', 'replace').strip()}")
        self._old, self._new = (1 if count is None else int(count) for count in match.groups())
        return True

    def _body(self, line: bytes) -> None:
        self._old -= line[:1] in b"- "
        self._new -= line[:1] in b"+ "
        words = line.translate(None, _SPACE)
        self.length += len(words)
        self._hash.update(words)

    def _flush(self) -> None:
        number = int.from_bytes(self._hash.digest(), "little")
        self._total = (self._total + number) % (1 << (8 * _BYTES))
        self._hash = hashlib.sha1(usedforsecurity=False)


def _blob_ids(line: bytes) -> bytes:
    """Return both ids of an ``index`` line, one behind the other."""
    old, _, rest = line.removeprefix(b"index ").rstrip(b"\n").partition(b"..")
    return old[:40] + rest.partition(b" ")[0][:40]
