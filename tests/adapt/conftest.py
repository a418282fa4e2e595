# SPDX-License-Identifier: GPL-2.0-or-later
"""One store per test, as in ``tests.git``."""

from tests.git.conftest import store

__all__ = ["store"]
