# SPDX-License-Identifier: GPL-2.0-or-later
"""The abi stage: what every patch does to the user-space layout of a tree, without building a kernel."""

from __future__ import annotations

from seriestool.pipeline.abi.between import ComparedTrees, compare_two_trees
from seriestool.pipeline.abi.check import CheckedTree, check_abi, check_trees
from seriestool.pipeline.abi.guard import Guard
from seriestool.pipeline.abi.request import AbiRequest, asked_abis

__all__ = [
    "AbiRequest",
    "CheckedTree",
    "ComparedTrees",
    "Guard",
    "asked_abis",
    "check_abi",
    "check_trees",
    "compare_two_trees",
]
