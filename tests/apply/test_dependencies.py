# SPDX-License-Identifier: GPL-2.0-or-later
"""What a posting says it needs, on a tree with a history: there, missing, not for this tree, or not to be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.apply.dependencies import Resolution, Surroundings, resolve_dependency
from seriestool.apply.landing import Upstream
from seriestool.git.history import Histories
from seriestool.git.objects import ObjectStore
from seriestool.model.needs import DependencyState as State
from seriestool.model.series import Dependency, DependencyKind
from seriestool.places import Cache
from tests.apply.upstream import CODE, Repository, Trees, patch_of

LINK = "Link: https://lore.kernel.org/r/20210408103605.1676875-{}-x@example.com"


class World:
    """Mainline: begin, v5.10, need, two linked ones, the patch; a stable branch from v5.10."""

    def __init__(self, path: Path, trees: Trees) -> None:
        self.repository = repository = Repository(path)
        self.trees = trees
        self.begin = repository.commit("core: begin", code__c=CODE)
        repository.release("5.10")
        self.need = repository.commit("core: need", "change-id: 20210408-need-0a1b2c3d", code__c=self.step(1))
        self.linked = [
            repository.commit(f"core: linked {number}", LINK.format(number), code__c=self.step(number))
            for number in (2, 3)
        ]
        repository.release("5.11")
        self.commit = repository.commit("core: the patch", code__c=self.step(4))
        self.patch = patch_of(repository, self.commit)
        repository.branch("stable", "v5.10")

    def step(self, number: int) -> str:
        return self.repository.edit(f"\tcall_{number}();\n", f"\tfresh_step_{number}(context);\n")

    def resolve(self, kind: DependencyKind, value: str, versions: str | None = None, ref: str = "stable") -> Resolution:
        """Resolve on a branch that has its history."""
        tree, histories = self.trees.own(self.repository, ref)
        around = Surroundings(self.trees.store, tree, histories, [self.patch], {"01": Upstream(self.commit[:12])})
        return resolve_dependency(Dependency(kind, value, "01", versions=versions), around)

    def resolve_without(self, kind: DependencyKind, value: str, *, mainline: bool) -> Resolution:
        """Resolve on a tree without a history, with or without mainline's beside it."""
        vendor = Repository(self.repository.path.parent / f"vendor-{mainline}")
        vendor.commit("everything", code__c=CODE)
        vendor.release("5.10.7")
        tree, _ = self.trees.own(vendor, "main")
        others = self.trees.own(self.repository, "main", "mainline")[1].all if mainline else ()
        around = Surroundings(self.trees.store, tree, Histories(None, others), [self.patch], {})
        return resolve_dependency(Dependency(kind, value), around)


@pytest.fixture
def world(tmp_path: Path, store: ObjectStore) -> World:
    return World(tmp_path / "linux", Trees(store, Cache(tmp_path)))


def test_base_commit(world: World) -> None:
    kind = DependencyKind.BASE_COMMIT
    assert world.resolve(kind, world.begin).state is State.SATISFIED
    assert world.resolve(kind, world.need).state is State.MISSING
    assert world.resolve(kind, "0123456789ab").state is State.MISSING
    assert world.resolve_without(kind, world.begin, mainline=False).state is State.UNKNOWN


def test_base_commit_by_its_files(world: World, tmp_path: Path) -> None:
    """A tarball has the files of a release and nothing of its history."""
    base = world.repository.git("rev-parse", "v5.10^{commit}")
    tarball = Repository(tmp_path / "tarball")
    tarball.commit("all", code__c=CODE, Makefile=world.repository.git("show", "v5.10:Makefile") + "\n")
    tree, _ = world.trees.own(tarball, "main")
    _, mainline = world.trees.own(world.repository, "main", "mainline")
    around = Surroundings(world.trees.store, tree, Histories(None, mainline.all))
    found = resolve_dependency(Dependency(DependencyKind.BASE_COMMIT, base), around)
    assert (found.state, found.reason) == (State.SATISFIED, f"{base[:12]} has the same files as the tree")


def test_prerequisite_patch_id(world: World) -> None:
    value = patch_of(world.repository, world.need).patch_id
    kind = DependencyKind.PATCH_ID
    assert world.resolve(kind, value, ref="main").state is State.SATISFIED
    assert world.resolve(kind, world.patch.patch_id).reason == "it is patch 01 of the series"
    assert world.resolve(kind, value).state is State.UNKNOWN
    found = world.resolve_without(kind, value, mainline=True)
    assert (found.state, [each.commit for each in found.candidates]) == (State.MISSING, [world.need])


def test_stable_prerequisite(world: World) -> None:
    kind = DependencyKind.STABLE
    missing = world.resolve(kind, world.need[:12], "5.10.x")
    assert (missing.state, [each.commit for each in missing.candidates]) == (State.MISSING, [world.need])
    assert missing.reason == f"{world.need[:12]} (core: need) is not in the tree's history"
    assert world.resolve(kind, world.need[:12], "5.10.x", ref="main").state is State.NOT_NEEDED
    assert world.resolve(kind, world.need[:12], "5.10+", ref="main").state is State.SATISFIED


@pytest.mark.parametrize(
    ("versions", "state"),
    [
        ("5.10.x", State.MISSING), ("v5.10", State.MISSING), ("5.4.x 5.10.x", State.MISSING), ("5.4+", State.MISSING),
        ("4.19.x-", State.MISSING), ("stable", State.MISSING), ("5.4.x", State.NOT_NEEDED), ("5.11+", State.NOT_NEEDED),
        ("5.4 - 5.9", State.NOT_NEEDED), ("v5.4..v5.9", State.NOT_NEEDED), ("5.4 - 5.15", State.MISSING),
        ("5.4.x and later", State.MISSING), ("since v5.4", State.MISSING), ("up to 5.15", State.MISSING),
        ("up to 5.9", State.NOT_NEEDED), (">= 5.11", State.NOT_NEEDED), ("4.14 - 4.19, 5.4+", State.MISSING),
    ],
)  # fmt: skip
def test_versions(world: World, versions: str, state: State) -> None:
    assert world.resolve(DependencyKind.STABLE, world.need[:12], versions).state is state


def test_a_backport_satisfies(world: World) -> None:
    body = f"commit {world.need} upstream."
    world.repository.commit("core: need", body, code__c=world.step(1).replace("call_9", "call_nine"))
    assert world.resolve(DependencyKind.STABLE, world.need[:12], "5.10.x").state is State.SATISFIED
    text = world.repository.edit("fresh_step_1(context)", "call_1()")
    world.repository.commit("core: never mind", f"This reverts commit {world.need}.", code__c=text)
    reverted = world.resolve(DependencyKind.STABLE, world.need[:12], "5.10.x")
    assert reverted.state is State.MISSING
    assert "reverted by" in reverted.reason


def test_a_backport_of_a_commit_that_nobody_has(world: World) -> None:
    elsewhere = "0123456789abcdef0123456789abcdef01234567"
    assert world.resolve(DependencyKind.STABLE, elsewhere[:12]).state is State.UNKNOWN
    world.repository.commit("core: other", f"[ Upstream commit {elsewhere} ]", code__c=world.step(5))
    assert world.resolve(DependencyKind.STABLE, elsewhere[:12]).state is State.SATISFIED


def test_fixes(world: World) -> None:
    """A tree that lacks what is fixed does not need the fix; that is no failure."""
    kind = DependencyKind.FIXES
    assert world.resolve(kind, world.begin[:12]).state is State.SATISFIED
    assert world.resolve(kind, world.need[:12]).state is State.NOT_NEEDED
    assert world.resolve(kind, world.need[:12]).candidates == ()
    assert world.resolve(kind, world.commit[:12]).reason == f"{world.commit[:12]} is patch 01 of the series"
    assert world.resolve_without(kind, world.need, mainline=True).state is State.NOT_NEEDED
    assert world.resolve_without(kind, world.need, mainline=False).state is State.UNKNOWN


def test_message_id_and_its_posting(world: World) -> None:
    one, cover = "20210408103605.1676875-2-x@example.com", "20210408103605.1676875-1-x@example.com"
    kind = DependencyKind.DEPENDS_ON
    assert world.resolve(kind, one, ref="main").state is State.SATISFIED
    assert world.resolve(kind, cover, ref="main").state is State.SATISFIED
    assert world.resolve(kind, "20210408103605.1676875-9-x@example.com", ref="main").state is State.UNKNOWN
    assert world.resolve(kind, one).state is State.UNKNOWN
    found = world.resolve_without(kind, cover, mainline=True)
    assert (found.state, [each.commit for each in found.candidates]) == (State.MISSING, world.linked)


def test_change_id(world: World) -> None:
    value = "20210408-need-0a1b2c3d"
    kind = DependencyKind.CHANGE_ID
    assert world.resolve(kind, value, ref="main").state is State.SATISFIED
    assert world.resolve(kind, "20210408-need-0a1b", ref="main").state is State.UNKNOWN
    found = world.resolve_without(kind, value, mainline=True)
    assert (found.state, [each.commit for each in found.candidates]) == (State.MISSING, [world.need])


def test_depends_on_a_commit(world: World) -> None:
    assert world.resolve(DependencyKind.DEPENDS_ON, world.need[:12], ref="main").state is State.SATISFIED
    assert world.resolve(DependencyKind.BASED_ON, world.need[:12]).state is State.MISSING
