# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration: fragments found, nothing lost, nothing done twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.arch import find_arch
from seriestool.build.build_dir import open_build_dir
from seriestool.build.config import ConfigLost, Configuration, configure, fragments
from seriestool.build.kernel import KernelRequest, build_kernel
from seriestool.errors import ExitCode, UsageError

ARM = find_arch("arm")


def run(request: KernelRequest) -> Configuration:
    with open_build_dir(request.build_dir, request.source) as directory:
        return configure(directory, request.source, request.arch, request.fragments, request.log)


def fragment(request: KernelRequest, name: str, text: str) -> KernelRequest:
    """Return *request* with one more fragment."""
    path = request.fragments[0].with_name(f"{name}.config")
    path.write_text(text)
    return replace(request, fragments=(*request.fragments, path))


def test_fragments_come_in_order_and_the_first_directory_wins(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for directory, names in ((own, ["arm"]), (shipped, ["base", "arm", "perf", "net"])):
        directory.mkdir()
        for name in names:
            (directory / f"{name}.config").touch()
    found = fragments([own, shipped], ARM, ["net", "perf", "net"])
    assert found == (
        shipped / "base.config", own / "arm.config", shipped / "net.config", shipped / "perf.config",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["prf", "../secret", "/etc/x", ""])
def test_unknown_fragment_is_named_with_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.config").touch()
    configs = tmp_path / "configs"
    configs.mkdir()
    for known in ("base", "arm", "perf"):
        (configs / f"{known}.config").touch()
    with pytest.raises(UsageError) as caught:
        fragments([configs], ARM, [name])
    assert caught.value.message == f"no configuration fragment {name}.config"
    assert caught.value.hint == "known: arm, base, perf"


def test_configuration_has_what_was_asked_and_nothing_else(request_arm: KernelRequest) -> None:
    result = run(request_arm)
    assert result.config is not None and result.changed
    assert [line for line in result.config.read_text().splitlines() if "=" in line] == ["CONFIG_SMP=y"]


def test_symbol_that_the_tree_does_not_know_is_lost_and_named(request_arm: KernelRequest) -> None:
    with pytest.raises(ConfigLost) as caught:
        run(fragment(request_arm, "feature", "\nCONFIG_FUTURE=y\n"))
    assert caught.value.message == (
        "the configuration lost 1 symbol: "
        "CONFIG_FUTURE=y became n (kernel-configs/feature.config:2) [no such symbol in this tree]"
    )
    assert caught.value.exit_code is ExitCode.CANNOT_TELL


def test_symbol_whose_dependency_is_missing_is_lost_and_named(request_arm: KernelRequest) -> None:
    asked = fragment(request_arm, "feature", "CONFIG_PERF_SAMPLES=y\nCONFIG_64BIT=y\n")
    with pytest.raises(ConfigLost) as caught:
        build_kernel(asked)
    assert [str(lost) for lost in caught.value.lost] == [
        "CONFIG_PERF_SAMPLES=y became n (kernel-configs/feature.config:1)"
    ]
    assert "no such symbol" not in caught.value.message
    asked.fragments[-1].write_text("CONFIG_PERF_EVENTS=y\nCONFIG_PERF_SAMPLES=y\n")
    assert build_kernel(asked).ok


def test_later_fragment_overrides_an_earlier_one(request_arm: KernelRequest) -> None:
    result = run(fragment(request_arm, "feature", "# CONFIG_SMP is not set\nCONFIG_PRINTK=y\n"))
    assert result.config is not None
    assert [line for line in result.config.read_text().splitlines() if "=" in line] == ["CONFIG_PRINTK=y"]


def test_fragment_without_final_newline_does_not_run_into_the_next(request_arm: KernelRequest) -> None:
    asked = fragment(fragment(request_arm, "one", "CONFIG_PRINTK=y"), "two", "CONFIG_64BIT=y")
    result = run(asked)
    assert result.config is not None
    assert {"CONFIG_PRINTK=y", "CONFIG_64BIT=y"} <= set(result.config.read_text().splitlines())


def test_unchanged_inputs_run_no_make(request_arm: KernelRequest) -> None:
    run(request_arm)
    log = request_arm.log.read_bytes()
    assert run(request_arm).changed is False
    assert request_arm.log.read_bytes() == log


def test_comment_in_a_fragment_changes_nothing(request_arm: KernelRequest) -> None:
    run(request_arm)
    log = request_arm.log.read_bytes()
    path = request_arm.fragments[0]
    path.write_text(f"# why\n{path.read_text()}")
    assert run(request_arm).changed is False
    assert request_arm.log.read_bytes() == log


def test_changed_kconfig_file_configures_again_and_an_equal_result_keeps_its_time(request_arm: KernelRequest) -> None:
    first = run(request_arm)
    assert first.config is not None
    before = first.config.stat().st_mtime_ns
    kconfig = request_arm.source / "Kconfig"
    kconfig.write_text(kconfig.read_text() + "\n# nothing new\n")
    log = request_arm.log.read_bytes()
    assert run(request_arm).changed is False
    assert request_arm.log.read_bytes() != log
    assert first.config.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["CONFIG_SMP=n\n", None])
def test_configuration_that_somebody_changed_is_made_again(request_arm: KernelRequest, damage: str | None) -> None:
    result = run(request_arm)
    assert result.config is not None
    wanted = result.config.read_bytes()
    if damage is None:
        result.config.unlink()
    else:
        result.config.write_text(damage)
    assert run(request_arm).changed is True
    assert result.config.read_bytes() == wanted


def test_interrupted_configuration_is_made_again(request_arm: KernelRequest) -> None:
    result = run(request_arm)
    assert result.config is not None
    wanted = result.config.read_bytes()
    asked = fragment(request_arm, "feature", "CONFIG_FUTURE=y\n")
    with pytest.raises(ConfigLost):
        run(asked)  # leaves a .config that nobody vouches for
    assert run(request_arm).config is not None
    assert result.config.read_bytes() == wanted


def test_line_that_kconfig_would_ignore_is_refused_before_make_runs(request_arm: KernelRequest) -> None:
    with pytest.raises(UsageError, match=r"kernel-configs/feature\.config:1: not a configuration line"):
        build_kernel(fragment(request_arm, "feature", "CONFIG_SMP = y\n"))
    assert not request_arm.log.exists()
