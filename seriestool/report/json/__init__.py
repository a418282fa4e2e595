# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON contracts: docs/reference/schema/ describes them, and a test holds the two together.

A key is never renamed or removed without a new major version; new keys may come. Every object has all of its keys,
``null`` where there is nothing to say, always in the same order.
"""

from __future__ import annotations

from seriestool.report.json.abi import abi_json
from seriestool.report.json.apply import apply_json
from seriestool.report.json.fetch import fetch_json
from seriestool.report.json.run import run_json
from seriestool.report.json.status import status_json, status_list_json

__all__ = ["abi_json", "apply_json", "fetch_json", "run_json", "status_json", "status_list_json"]
