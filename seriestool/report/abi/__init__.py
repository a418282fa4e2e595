# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series does to the user-space layout, for people: a sentence, findings, a terminal page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seriestool.model.abi import AbiMatrix
from seriestool.report.abi.sentence import abi_findings, abi_sentence

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["abi_findings", "abi_sentence", "render_abi"]


def render_abi(matrix: AbiMatrix) -> RenderableType:
    """Return the matrix patch x ABI, each break with its layouts side by side, and everything else that was found."""
    from seriestool.report.abi.terminal import render  # a sentence needs no terminal

    return render(matrix)
