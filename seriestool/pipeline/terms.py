# SPDX-License-Identifier: GPL-2.0-or-later
"""On which terms a series is put onto trees: every stage that applies patches is asked in the same words."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.model.series import Variant


@dataclass(frozen=True, slots=True)
class Terms:
    """What is applied, in which form, and what may help it to fit.

    ``variant`` is the form of patches that landed. ``adapt`` takes recorded adaptations. With ``context``, a patch may
    also fit with only so many lines of it. With ``with_prerequisites``, what the series needs and some history has goes
    in front, as patches "P1", "P2". ``refresh`` reads the archive again.
    """

    variant: Variant = Variant.LANDED
    with_follow_ups: bool = False
    with_prerequisites: bool = False
    adapt: bool = True
    context: int | None = None
    refresh: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The options of a command line that ask for the same; reading the archive again asks for nothing else."""
        flags = {
            "--with-follow-ups": self.with_follow_ups,
            "--with-prerequisites": self.with_prerequisites,
            "--no-adaptations": not self.adapt,
        }
        form = ("--variant", self.variant.value) if self.variant is not Variant.LANDED else ()
        context = ("-C", str(self.context)) if self.context is not None else ()
        return (*(name for name, given in flags.items() if given), *form, *context)
