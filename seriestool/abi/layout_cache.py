# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts kept by the key of what they were read from; everything in it can be made again."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from seriestool.formats.layout_json import decode_layout, encode_layout
from seriestool.model.layout import Layout


class LayoutCache:
    """A directory of layouts. It may be emptied, be full or be read-only at any time: then there are just no hits."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, key: str) -> Layout | None:
        """Return the layout kept under *key*, None where there is none or it is damaged."""
        try:
            return decode_layout(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None

    def put(self, key: str, layout: Layout) -> None:
        """Keep *layout*, whole or not at all."""
        path = self._path(key)
        part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
        with suppress(OSError):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(encode_layout(layout))
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key[2:]
