# SPDX-License-Identifier: GPL-2.0-or-later
"""The export command's steps: messages and commits, the proof, files or a branch."""
