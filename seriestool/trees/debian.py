# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel source packages, of any suite, through the machine's own apt configuration.

The packages of another suite come from the mirror that the machine uses already. apt gets a sources list, index files
and an archive directory of our own (apt.conf(5), ``Dir``), so that the machine's package state is neither read nor
changed; signatures and hashes are checked by apt as always.
"""

from __future__ import annotations

import lzma
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.errors import CommandFailed, MachineFault, ProgramMissing
from seriestool.git.importer import import_tar
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.log import Progress, Task
from seriestool.model.tree import DebianSource, Source, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees.imported import commit_message, load_tree, tree_ref

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_STATUS = re.compile(rb"^dlstatus:[^:]*:([0-9.]+):", re.MULTILINE)
# Kernel sources, xz, unpack to 8.5 (5.10) to 10 times (6.12) their size. Only the progress bar depends on it.
_RATIO = 10
_FIELDS = "$(COMPONENT)|$(RELEASE)|$(ORIGIN)|$(REPO_URI)"
_ARCHIVE = re.compile(r"/debian(-security)?(/|\.list$|$)")
_MAIN = re.compile(r"/debian(?=/|$)")
_HINT = "is the package mirror within reach? apt-get update tells more"


class DebianTrees:
    """``debian = "linux-source-5.10"``, ``suite``, and perhaps ``version``."""

    def accepts(self, source: Source) -> bool:
        """Tell whether *source* is a Debian package."""
        return isinstance(source, DebianSource)

    def describe(self, source: Source) -> str:
        """Return package, version and suite."""
        assert isinstance(source, DebianSource)
        return f"{source.package} {source.version or '(newest)'} of {source.suite}"

    def known_tree(self, spec: TreeSpec, store: ObjectStore) -> Tree | None:
        """Return what was imported for this package, suite and version."""
        return load_tree(spec, store, tree_ref(spec.source))

    def import_tree(
        self, spec: TreeSpec, *, store: ObjectStore, cache: Cache, progress: Progress, update: bool
    ) -> Tree:
        """Download and import the package; the newest of the suite where the pinned version is gone, and say so.

        Raises MachineFault: no apt, mirror out of reach, no such package, disk full.
        """
        source = spec.source
        assert isinstance(source, DebianSource)
        known = self.known_tree(spec, store)
        if known is None or (update and known.version != source.version):
            with store.lock(progress=progress):  # one download at a time; the second one finds the first one's tree
                known = self._newer(spec, store, cache, progress, update=update)
        if source.version is not None and known.version != source.version:
            progress.note(
                f"{spec.name}: {source.package} {source.version} is no longer in {source.suite}; using {known.version}"
            )
        return known

    def _newer(
        self, spec: TreeSpec, store: ObjectStore, cache: Cache, progress: Progress, *, update: bool
    ) -> Tree:
        source, known = spec.source, self.known_tree(spec, store)
        assert isinstance(source, DebianSource)
        if known is not None and not update:
            return known
        apt = _Apt(cache.root / "apt" / source.suite.replace("/", "-"), source.suite)
        version = apt.choose(source, progress)
        if known is not None and known.version == version:
            return known
        archive = _download(apt, source.package, version, cache, progress)
        return _import(spec, version, archive, store, progress)


@dataclass(frozen=True, slots=True)
class _Apt:
    """apt with a state of its own for one suite."""

    root: Path
    suite: str

    def choose(self, source: DebianSource, progress: Progress) -> str:
        """Return the version to take: the pinned one if the suite has it, else the newest."""
        self._prepare()
        with progress.task(f"apt lists of {self.suite}"):
            self._run("apt-get", "--error-on=any", "update")
        versions = self._versions(source.package)
        if not versions:
            raise MachineFault(
                f"no package {source.package} in {self.suite}",
                hint=f"there: {', '.join(self._names()) or 'no linux-source package'}",
            )
        return source.version if source.version in versions else versions[0]

    def download(self, package: str, version: str, directory: Path, task: Task) -> None:
        """Download one package into *directory*."""
        done = 0.0

        def report(chunk: bytes) -> None:
            nonlocal done
            for percent in map(float, _STATUS.findall(chunk)):
                task.advance(max(percent - done, 0))
                done = max(percent, done)

        argv = self._argv("apt-get", "-o", "APT::Status-Fd=1", "download", f"{package}={version}")
        try:
            proc.run(argv, cwd=directory, on_output=report, hint=_HINT)
        except CommandFailed as error:
            raise _explained(error, directory) from error

    def _prepare(self) -> None:
        keyring = f"[signed-by={_KEYRING}] " if _KEYRING.is_file() else ""
        line = f"deb {keyring}{_mirror(self.suite)} {self.suite} main\n"
        try:
            for part in ("lists/partial", "archives/partial"):
                (self.root / part).mkdir(parents=True, exist_ok=True)
            (self.root / "sources.list").write_text(line, encoding="utf-8")
        except OSError as error:
            raise disk_fault(error, self.root) from error

    def _argv(self, program: str, *words: str) -> list[str]:
        settings = {
            "Dir::Etc::sourcelist": self.root / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::Lists": self.root / "lists",
            "Dir::Cache": self.root,
            "Dir::Cache::archives": self.root / "archives",
            # Below a home directory, apt's own user could neither read the lists nor write the package.
            "APT::Sandbox::User": "root",
            "APT::Get::List-Cleanup": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return [program, *options, *words]

    def _run(self, program: str, *words: str) -> str:
        try:
            done = proc.run(self._argv(program, *words), timeout=600, hint=_HINT)
        except CommandFailed as error:
            raise _explained(error, self.root) from error
        return done.stdout.decode("utf-8", "replace")

    def _versions(self, package: str) -> tuple[str, ...]:
        """Return the versions of *package*, newest first, as apt-cache(8) madison lists them."""
        rows = [line.split("|") for line in self._run("apt-cache", "madison", package).splitlines()]
        return tuple(row[1].strip() for row in rows if len(row) == 3 and row[0].strip() == package)

    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(self._run("apt-cache", "pkgnames", "linux-source").split()))


def _mirror(suite: str) -> str:
    """Return the address of the machine's mirror for *suite*: the security one for a security suite.

    Raises MachineFault where apt is missing or has no such mirror.
    """
    # Before the first apt-get update there are no Release files; then what is called as Debian's archives are counts.
    main, security = _mirrors(_indexes())
    if not main:
        main, security = _mirrors(_indexes("--no-release-info"))
    if not suite.endswith("-security"):
        found = main
    else:
        # A mirror of everything has both archives side by side.
        found = security or [_MAIN.sub("/debian-security", uri, count=1) for uri in main if _MAIN.search(uri)]
    if not found:
        what = "mirror of Debian's security archive" if main else "Debian mirror"
        raise MachineFault(f"apt has no {what} configured", hint="see sources.list(5)")
    return found[0]


def _indexes(*options: str) -> list[str]:
    """Return component, release, origin and address of each package index that apt is configured for."""
    try:
        done = proc.run(["apt-get", "indextargets", *options, "--format", _FIELDS, "Created-By: Packages"], timeout=60)
    except ProgramMissing as error:
        raise MachineFault("apt-get is missing: Debian packages need a Debian machine") from error
    return done.stdout.decode("utf-8", "replace").splitlines()


def _mirrors(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Sort apt's package indexes into Debian's main and its security mirrors, in the order of the configuration.

    Third parties use Debian's names of suites and components too; what tells is the origin in the Release file.
    """
    main: dict[str, None] = {}
    security: dict[str, None] = {}
    for line in lines:
        component, release, origin, uri = line.split("|") if line.count("|") == 3 else ("", "", "", "")
        ours = origin == "Debian" or (origin.startswith("$") and _ARCHIVE.search(uri))
        if ours and component == "main" and not uri.startswith("cdrom:"):
            kind = security if release.endswith(("-security", "/updates")) else main
            kind[uri] = None
    return list(main), list(security)


def _download(apt: _Apt, package: str, version: str, cache: Cache, progress: Progress) -> Path:
    """Return the package's file below the cache, downloaded unless it is there already; never half a file."""
    directory = cache.downloads / "debian"
    name = f"{package}_{version.replace(':', '%3a')}_all.deb"
    kept = directory / name
    if kept.is_file():
        return kept
    partial = directory / "partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        for old in partial.glob(f"{package}_*"):
            old.unlink()
        with progress.task(f"download {package} {version}", 100, "%") as task:
            apt.download(package, version, partial, task)
        (partial / name).replace(kept)
    except OSError as error:
        raise disk_fault(error, directory) from error
    return kept


def _import(spec: TreeSpec, version: str, archive: Path, store: ObjectStore, progress: Progress) -> Tree:
    """Stream the tarball in the package into the store."""
    source, ref = spec.source, tree_ref(spec.source)
    assert isinstance(source, DebianSource)
    with proc.stream(["dpkg-deb", "--fsys-tarfile", str(archive)]) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as outer:
                for member in outer:
                    if member.name.endswith(f"/usr/src/{source.package}.tar.xz"):
                        packed = outer.extractfile(member)
                        assert packed is not None
                        with lzma.LZMAFile(packed) as unpacked:
                            import_tar(
                                store, unpacked, ref=ref, size=int(member.size * _RATIO), progress=progress,
                                message=commit_message(f"Debian {source.package} {version}", version),
                            )  # fmt: skip
                # The rest is read, so that dpkg-deb ends well.
        except (lzma.LZMAError, tarfile.TarError, EOFError) as error:
            raise MachineFault(f"{archive}: broken package: {error}", hint="delete it and run again") from error
    tree = load_tree(spec, store, ref)
    if tree is None:
        raise MachineFault(f"{archive} holds no usr/src/{source.package}.tar.xz")
    return tree


def _explained(error: CommandFailed, place: Path) -> MachineFault:
    """Return what apt meant, in one line: the first of its ``E:`` lines."""
    if "No space left on device" in error.output:
        return MachineFault(f"no space left on device: {place}", hint="make room and run the same command again")
    said = next((line[2:].strip() for line in error.output.splitlines() if line.startswith("E:")), error.message)
    return MachineFault(f"apt: {said}", hint=_HINT)
