# SPDX-License-Identifier: GPL-2.0-or-later
"""The build stage: an image for every state of one tree and arch, from one worktree and one build dir."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from seriestool.arch import Architecture
from seriestool.build.config import fragments, read_fragments
from seriestool.build.kbuild import toolchain
from seriestool.build.kernel import KernelBuild, KernelRequest, build_kernel
from seriestool.build.key import Entry, image_key
from seriestool.formats.buildlog import new_warnings
from seriestool.formats.kconfig import Setting, read_settings, values
from seriestool.git.objects import ObjectStore
from seriestool.git.worktree import move_worktree
from seriestool.model.run import KernelState, Stage, StageResult, Status
from seriestool.model.tree import Tree
from seriestool.pipeline.context import Context
from seriestool.places import data_dirs

_WARNINGS = "warnings.json"


@dataclass(frozen=True, slots=True)
class Kernel:
    """An image that can be booted; ``key`` identifies everything it was made from."""

    image: Path
    key: str


@dataclass
class Builder:
    """Builds the states of one tree for one arch.

    ``logs`` is the run's directory; ``earlier`` gives the stored result of a key, if there is one to be taken.
    """

    ctx: Context
    store: ObjectStore
    tree: Tree
    arch: Architecture
    features: tuple[str, ...]
    logs: Path
    earlier: Callable[[str], StageResult | None]
    _base_warnings: tuple[str, ...] = field(default=(), init=False)

    @property
    def name(self) -> str:
        """What the worktree and the build dir are called."""
        return f"{self.tree.name}-{self.arch.name}"

    @property
    def worktree(self) -> Path:
        """The worktree, wherever it was last moved."""
        return self.ctx.cache.worktrees / self.name

    @property
    def build_dir(self) -> Path:
        """The build dir (``O=``)."""
        return self.ctx.cache.builds / self.name

    @cached_property
    def fragments(self) -> tuple[Path, ...]:
        """The fragments of this arch and series."""
        return fragments(data_dirs(self.ctx.workspace, "kernel-configs"), self.arch, self.features)

    @cached_property
    def toolchain(self) -> tuple[str, ...]:
        """Compiler and linker, by their version lines."""
        return toolchain(self.arch)

    @cached_property
    def _asked(self) -> tuple[Setting, ...]:
        return read_fragments(self.fragments)

    def move(self, commit: str) -> Path:
        """Move the worktree to *commit* and return it."""
        move_worktree(self.store, self.worktree, commit, progress=self.ctx.progress)
        return self.worktree

    def kernel(self, state: KernelState, commit: str) -> tuple[StageResult, Kernel | None]:
        """Return how building *commit* ended, and its image; nothing is built when the key is known already."""
        config = self._known_config()
        if config is not None:
            key = self._key(commit, config)
            found = self.earlier(key)
            kernel = self._kept(key)
            if found is not None and (kernel is not None or found.status is Status.FAILED):
                self._remember_base(state, self._load_warnings(key))
                return replace(found, state=state, commit=commit, tree=self.tree.name), kernel
        pending = self.ctx.cache.artifacts / f"pending-{self.name}"
        log = self.logs / f"{self.name}-{state}.build.log"
        request = KernelRequest(
            source=self.move(commit), build_dir=self.build_dir, arch=self.arch, fragments=self.fragments, out=pending,
            log=log, jobs=self.ctx.jobs, label=f"build {self.tree.name} {self.arch.name} {state}",
        )  # fmt: skip
        build = build_kernel(request, self.ctx.progress)
        if build.config is not None and config is None:
            config = self._remember_config(build.config)
        key = self._key(commit, config)
        self._remember_base(state, build.warnings)
        kernel = self._keep(build, pending, key) if build.ok else None
        return self._result(state, commit, key, build), kernel

    def _result(self, state: KernelState, commit: str, key: str, build: KernelBuild) -> StageResult:
        image = self._kept(key)
        size = f"{image.image.name}, {image.image.stat().st_size / 1e6:.1f} MB" if image else ""
        return StageResult(
            stage=Stage.BUILD,
            status=Status.PASSED if build.ok else Status.FAILED,
            detail=size if build.ok else build.errors[0],
            seconds=build.seconds,
            tree=self.tree.name,
            arch=self.arch.name,
            state=state,
            commit=commit,
            key=key,
            command=build.command,
            log=str(build.log.relative_to(self.ctx.workspace.state)),
            warnings=new_warnings(self._base_warnings, build.warnings),
        )

    def _key(self, commit: str, config: Mapping[str, str] | None) -> str:
        return image_key(
            lambda path: self._entries(commit, path),
            commit=commit, arch=self.arch, asked=self._asked, toolchain=self.toolchain, config=config,
        )  # fmt: skip

    def has_selftest(self, commit: str, suite: str) -> bool:
        """Tell whether the tree has a kselftest directory *suite* at *commit*."""
        return any(name == "Makefile" for _, name, _ in self._entries(commit, f"tools/testing/selftests/{suite}"))

    def _entries(self, commit: str, path: str) -> Iterable[Entry]:
        """List a directory of *commit*, in git's order; one that is not there is empty."""
        root = self.store.tree_of(commit)
        directory = self.store.entry(root, path) if path else None
        if path and directory is None:
            return []
        tree = self.store.read_tree(str(directory.oid) if directory else str(root))
        return [(entry.mode, name, str(entry.oid)) for name, entry in tree.items()]

    # The configuration of an earlier state says which parts of the tree can matter.

    @cached_property
    def _config_file(self) -> Path:
        asked = repr((self.tree.tree_object, self.arch.name, sorted(values(self._asked).items()), self.toolchain))
        return self.ctx.cache.artifacts / "configs" / hashlib.sha256(asked.encode()).hexdigest()[:16]

    def _known_config(self) -> Mapping[str, str] | None:
        try:
            text = self._config_file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return values(read_settings(text, ".config"))

    def _remember_config(self, config: Path) -> Mapping[str, str] | None:
        self._config_file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._config_file.with_suffix(".partial")
        shutil.copyfile(config, partial)
        partial.replace(self._config_file)
        return self._known_config()

    # Images, by key.

    def _place(self, key: str) -> Path:
        return self.ctx.cache.artifacts / f"kernel-{key[:20]}"

    def _kept(self, key: str) -> Kernel | None:
        image = self._place(key) / Path(self.arch.image_path).name
        return Kernel(image, key) if image.is_file() else None

    def _keep(self, build: KernelBuild, pending: Path, key: str) -> Kernel | None:
        place = self._place(key)
        (pending / _WARNINGS).write_text(json.dumps(build.warnings), encoding="utf-8")
        if place.exists():
            shutil.rmtree(place)
        pending.rename(place)
        return self._kept(key)

    def _load_warnings(self, key: str) -> tuple[str, ...]:
        try:
            return tuple(json.loads((self._place(key) / _WARNINGS).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return ()

    def _remember_base(self, state: KernelState, warnings: Iterable[str]) -> None:
        if state is KernelState.BASE:
            self._base_warnings = tuple(warnings)
