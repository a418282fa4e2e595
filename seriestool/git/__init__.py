# SPDX-License-Identifier: GPL-2.0-or-later
"""Typed plumbing over one bare object store; GitPython is the door to git."""
