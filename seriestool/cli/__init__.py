# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: arguments in, one call, one message out. Only this room prints and exits."""
