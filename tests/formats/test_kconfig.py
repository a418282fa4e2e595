# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations and fragments, and what got lost between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.errors import UsageError
from seriestool.formats.kconfig import Setting, lost_symbols, read_settings, values

FRAGMENT = """\
# Two processors, because signals race.
CONFIG_SMP=y

# CONFIG_PRINTK is not set
CONFIG_LOCALVERSION="-a b"
CONFIG_BASE=0x10
# CONFIG_NOTHING was never here
"""


def test_settings_have_value_and_place() -> None:
    assert read_settings(FRAGMENT, "configs/base.config") == (
        Setting("SMP", "y", "configs/base.config", 2),
        Setting("PRINTK", "n", "configs/base.config", 4),
        Setting("LOCALVERSION", '"-a b"', "configs/base.config", 5),
        Setting("BASE", "0x10", "configs/base.config", 6),
    )


@pytest.mark.parametrize("line", ["CONFIG_SMP = y", "SMP=y", " CONFIG_SMP=y", "CONFIG_SMP", "export X=y"])
def test_line_that_kconfig_would_ignore_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match=r"base\.config:2: not a configuration line"):
        read_settings(f"CONFIG_A=y\n{line}\n", "base.config")


def test_last_of_contradicting_lines_counts() -> None:
    asked = read_settings("CONFIG_A=y\n# CONFIG_A is not set\n", "f")
    assert values(asked) == {"A": "n"}
    assert lost_symbols(asked, {"A": "n"}) == ()
    assert [str(lost) for lost in lost_symbols(asked, {"A": "y"})] == ["# CONFIG_A is not set became y (f:2)"]


def test_lost_symbol_names_what_was_asked_what_came_and_where() -> None:
    lost = lost_symbols(read_settings("CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=y\n", "f"), {"A": "y", "B": "y"})
    assert [str(symbol) for symbol in lost] == ["CONFIG_B=m became y (f:2)", "CONFIG_C=y became n (f:3)"]


def test_symbol_nobody_mentions_is_not_set() -> None:
    assert lost_symbols(read_settings("# CONFIG_A is not set\n", "f"), {}) == ()


_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
_VALUES = st.sampled_from(["y", "m", "n", "0x1f", "12", '""', '"a # b"'])


@given(st.dictionaries(_NAMES, _VALUES))
def test_what_is_written_is_read(config: dict[str, str]) -> None:
    text = "".join(f"{Setting(name, value, 'f', 0)}\n" for name, value in config.items())
    assert values(read_settings(text, "f")) == config


@given(st.dictionaries(_NAMES, _VALUES))
def test_nothing_is_lost_from_itself(config: dict[str, str]) -> None:
    assert lost_symbols([Setting(name, value, "f", 0) for name, value in config.items()], config) == ()
