# SPDX-License-Identifier: GPL-2.0-or-later
"""A fake kernel tree, fake compilers, and a request to build one with the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.arch import find_arch
from seriestool.build.kernel import KernelRequest
from tests.fakebin import FakeBin, copy_kernel


@pytest.fixture
def fakebin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeBin:
    """Leave nothing on PATH but the fakes and what they need."""
    return FakeBin(tmp_path / "bin", monkeypatch)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the fake kernel."""
    return copy_kernel(tmp_path / "tree")


@pytest.fixture
def request_arm(tmp_path: Path, tree: Path, fakebin: FakeBin) -> KernelRequest:
    """Return a request for an arm kernel of the fake tree, with one fragment."""
    fragment = tmp_path / "kernel-configs" / "base.config"
    fragment.parent.mkdir()
    fragment.write_text("CONFIG_SMP=y\n# CONFIG_PRINTK is not set\n")
    return KernelRequest(
        source=tree,
        build_dir=tmp_path / "build",
        arch=find_arch("arm"),
        fragments=(fragment,),
        out=tmp_path / "out",
        log=tmp_path / "logs" / "build.log",
        jobs=2,
    )


@pytest.fixture
def request_x86(request_arm: KernelRequest) -> KernelRequest:
    """Return the same for x86_64."""
    return replace(request_arm, arch=find_arch("x86_64"))
