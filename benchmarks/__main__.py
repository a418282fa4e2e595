# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m benchmarks``."""

import sys

from benchmarks.apply import main

sys.exit(main())
