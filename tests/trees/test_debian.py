# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian source packages: scripts on PATH pose as apt and dpkg-deb; the archive is a directory of files."""

from __future__ import annotations

import io
import lzma
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.errors import MachineFault, ProgramMissing
from seriestool.model.tree import DebianSource
from tests.fakebin import FakeBin
from tests.git.room import Blob, tar_of
from tests.trees.conftest import Place

PACKAGE = "linux-source-5.10"
OLD, NEW = "5.10.1-1", "5.10.2-1"
SUITE = "bullseye-security"
MAIN = "main|bookworm|Debian|http://mirror.example/debian/"
SECURITY = "main|bookworm-security|Debian|http://mirror.example/debian-security/"

# The archive is $ARCHIVE: one <package>_<version>_all.deb per package, and a tar for dpkg-deb in each.
_APT_GET = r"""#!/bin/sh
echo "apt-get $*" >>"$ARCHIVE/calls"
list=
for word; do
    case $word in
    Dir::Etc::sourcelist=*) list=${word#*=} ;;
    Dir::Etc::*|Dir::*) ;;
    indextargets) mode=targets ;;
    --no-release-info) bare=-bare ;;
    update) mode=update ;;
    download) mode=download ;;
    esac
    last=$word
done
case $mode in
targets) [ ! -e "$ARCHIVE/targets$bare" ] || cat "$ARCHIVE/targets$bare" ;;
update)
    cp "$list" "$ARCHIVE/asked"
    if [ -e "$ARCHIVE/unreachable" ]; then
        echo 'Err:1 http://mirror.example/debian bullseye InRelease'
        echo 'E: Failed to fetch http://mirror.example/debian/InRelease  Could not resolve mirror.example' >&2
        echo 'E: Some index files failed to download.' >&2
        exit 100
    fi ;;
download)
    deb=${last%%=*}_${last#*=}_all.deb
    if [ -e "$ARCHIVE/hangs" ]; then
        head -c 100 "$ARCHIVE/$deb" >"$deb"
        touch "$ARCHIVE/hanging"
        exec sleep 60
    fi
    if [ -e "$ARCHIVE/breaks" ]; then
        head -c 100 "$ARCHIVE/$deb" >"$deb"
        echo 'E: Failed to fetch: Hash Sum mismatch' >&2
        exit 100
    fi
    echo "dlstatus:1:50.0:Retrieving"
    cp "$ARCHIVE/$deb" "$deb" ;;
esac
"""
_APT_CACHE = r"""#!/bin/sh
echo "apt-cache $*" >>"$ARCHIVE/calls"
for word; do last=$word; done
cd "$ARCHIVE"
case $* in
*madison*)
    for deb in $(ls -r "$last"_*_all.deb 2>/dev/null); do
        version=${deb#*_}
        echo " $last | ${version%_all.deb} | http://mirror.example/debian x/main amd64 Packages"
    done ;;
*pkgnames*) for deb in linux-source*; do echo "${deb%%_*}"; done | uniq ;;
esac
"""
_DPKG_DEB = """#!/bin/sh
exec cat "$2"
"""


@dataclass(frozen=True)
class Archive:
    """The mirror."""

    path: Path

    def add(self, version: str, package: str = PACKAGE, *, inner: str | None = None) -> None:
        """Put a package into the archive."""
        files = {"Makefile": Blob(b"VERSION = 5\n"), "version": Blob(version.encode()), "noise": Blob(os.urandom(9000))}
        packed = lzma.compress(tar_of(files, top=f"{package}/"))
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as outer:
            tarball = inner or f"./usr/src/{package}.tar.xz"
            for name, data in (("./usr/share/doc/copyright", b"GPL\n"), (tarball, packed)):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                outer.addfile(member, io.BytesIO(data))
        (self.path / f"{package}_{version}_all.deb").write_bytes(out.getvalue())

    def remove(self, version: str) -> None:
        """Take a package out, as a point release does."""
        (self.path / f"{PACKAGE}_{version}_all.deb").unlink()

    def now(self, state: str) -> None:
        """Make apt-get misbehave: unreachable, breaks, hangs."""
        (self.path / state).touch()

    def mirrors(self, *lines: str, bare: str = "") -> None:
        """Configure apt."""
        (self.path / "targets").write_text("".join(f"{line}\n" for line in lines))
        (self.path / "targets-bare").write_text(bare)

    def asked(self) -> str:
        """Return the sources list that apt was given last, without the keyring."""
        kind, *_, address, suite, component = (self.path / "asked").read_text().split()
        return f"{kind} {address} {suite} {component}"

    def calls(self, word: str) -> int:
        """Count the commands with *word* in them."""
        path = self.path / "calls"
        return sum(f" {word}" in line for line in path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeBin:
    found = FakeBin(tmp_path / "bin", monkeypatch)
    (found.directory / "uniq").symlink_to(shutil.which("uniq", path=os.defpath) or "/usr/bin/uniq")
    archive = tmp_path / "archive"
    for name, script in (("apt-get", _APT_GET), ("apt-cache", _APT_CACHE), ("dpkg-deb", _DPKG_DEB)):
        found.add(name, script.replace("$ARCHIVE", str(archive)))
    return found


@pytest.fixture
def archive(tmp_path: Path, programs: FakeBin) -> Archive:
    path = tmp_path / "archive"
    path.mkdir()
    made = Archive(path)
    made.add(OLD)
    made.add(NEW)
    made.mirrors(MAIN, SECURITY)
    return made


def content(place: Place, tree_object: str) -> bytes:
    entry = place.store.entry(tree_object, "version")
    assert entry is not None
    return place.store.read_blob(entry.oid)


def test_pinned_version(place: Place, archive: Archive) -> None:
    tree = place.get(DebianSource(PACKAGE, SUITE, OLD))
    assert (tree.version, content(place, tree.tree_object)) == (OLD, OLD.encode())
    assert place.notes == []
    assert archive.asked() == f"deb http://mirror.example/debian-security/ {SUITE} main"


def test_known_tree_asks_nobody(place: Place, archive: Archive) -> None:
    source = DebianSource(PACKAGE, SUITE, OLD)
    tree = place.get(source)
    before = archive.calls("")
    assert place.get(source) == tree
    assert place.get(source, update=True) == tree
    assert archive.calls("") == before


def test_same_package_same_commit(place: Place, archive: Archive) -> None:
    """The suite is not in the commit, and the package is not downloaded again."""
    one = place.get(DebianSource(PACKAGE, SUITE, OLD))
    two = place.get(DebianSource(PACKAGE, "bullseye", OLD))
    assert one.commit == two.commit
    assert archive.calls("download") == 1


def test_newest(place: Place, archive: Archive) -> None:
    source = DebianSource(PACKAGE, SUITE)
    assert place.get(source).version == NEW
    archive.add("5.10.3-1")
    assert place.get(source).version == NEW
    assert place.get(source, update=True).version == "5.10.3-1"
    assert place.notes == []


def test_pinned_version_is_gone(place: Place, archive: Archive) -> None:
    """The newest is taken, and said each time."""
    archive.remove(OLD)
    source = DebianSource(PACKAGE, SUITE, OLD)
    for _ in range(2):
        assert place.get(source).version == NEW
    assert place.notes == [f"tree: {PACKAGE} {OLD} is no longer in {SUITE}; using {NEW}"] * 2


def test_pinned_version_comes_back(place: Place, archive: Archive) -> None:
    archive.remove(OLD)
    place.get(DebianSource(PACKAGE, SUITE, OLD))
    archive.add(OLD)
    assert place.get(DebianSource(PACKAGE, SUITE, OLD), update=True).version == OLD


def test_unknown_package_names_those_there(place: Place, archive: Archive) -> None:
    archive.add("6.1.1-1", "linux-source-6.1")
    with pytest.raises(MachineFault, match=f"no package linux-source-5.15 in {SUITE}") as caught:
        place.get(DebianSource("linux-source-5.15", SUITE))
    assert caught.value.hint == "there: linux-source-5.10, linux-source-6.1"


def test_mirror_out_of_reach(place: Place, archive: Archive) -> None:
    archive.now("unreachable")
    with pytest.raises(MachineFault) as caught:
        place.get(DebianSource(PACKAGE, SUITE))
    assert caught.value.message == (
        "apt: Failed to fetch http://mirror.example/debian/InRelease  Could not resolve mirror.example"
    )
    assert "apt-get update" in str(caught.value.hint)


def test_download_that_fails_is_not_kept(place: Place, archive: Archive) -> None:
    archive.now("breaks")
    with pytest.raises(MachineFault, match="Hash Sum mismatch"):
        place.get(DebianSource(PACKAGE, SUITE))
    (archive.path / "breaks").unlink()
    assert place.get(DebianSource(PACKAGE, SUITE)).version == NEW


_IMPORT = """
import sys
from pathlib import Path
from seriestool.git.objects import open_store
from seriestool.model.tree import DebianSource, TreeSpec
from seriestool.places import Cache
from seriestool.trees import import_tree
cache = Cache(Path(sys.argv[1]))
import_tree(TreeSpec("tree", DebianSource(*sys.argv[2:])), store=open_store(cache.store), cache=cache)
"""


def test_killed_download(place: Place, archive: Archive) -> None:
    """Killed while apt writes the package: half of it is there and is taken for nothing."""
    archive.now("hangs")
    command = [sys.executable, "-c", _IMPORT, str(place.cache.root), PACKAGE, SUITE]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as child:
        deadline = time.monotonic() + 30
        while not (archive.path / "hanging").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert [path.stat().st_size for path in place.cache.downloads.rglob("*.deb")] == [100]
    (archive.path / "hangs").unlink()
    assert content(place, place.get(DebianSource(PACKAGE, SUITE)).tree_object) == NEW.encode()


@pytest.mark.parametrize("damage", ["empty", "cut in the middle", "another tarball", "changed bytes"])
def test_broken_package(place: Place, archive: Archive, damage: str) -> None:
    path = archive.path / f"{PACKAGE}_{NEW}_all.deb"
    whole = path.read_bytes()
    if damage == "another tarball":
        archive.add(NEW, inner="./usr/src/linux-config-5.10.tar.xz")
    else:
        changed = whole[:4000] + b"\0" * 900 + whole[4900:]
        path.write_bytes({"empty": b"", "cut in the middle": whole[:5000], "changed bytes": changed}[damage])
    with pytest.raises(MachineFault, match=r"broken package|broken tar archive|holds no usr/src"):
        place.get(DebianSource(PACKAGE, SUITE))
    assert place.known(DebianSource(PACKAGE, SUITE)) is None


def test_no_apt(place: Place, archive: Archive, programs: FakeBin) -> None:
    programs.remove("apt-get")
    with pytest.raises(MachineFault, match="need a Debian machine"):
        place.get(DebianSource(PACKAGE, SUITE))


def test_no_dpkg_deb(place: Place, archive: Archive, programs: FakeBin) -> None:
    programs.remove("dpkg-deb")
    with pytest.raises(ProgramMissing, match="dpkg-deb"):
        place.get(DebianSource(PACKAGE, SUITE))


THIRD_PARTY = (
    "main|bookworm-pgdg|apt.example|http://apt.example/pub/repos/apt/",
    "main|bookworm|Vendor|http://vendor.example/debian/",
)


@pytest.mark.parametrize(
    ("configured", "suite", "wanted"),
    [
        ((MAIN, SECURITY), "bullseye", "http://mirror.example/debian/"),
        ((MAIN, SECURITY), "forky", "http://mirror.example/debian/"),
        ((MAIN, SECURITY), "bookworm-security", "http://mirror.example/debian-security/"),
        ((*THIRD_PARTY, MAIN, SECURITY), "bullseye", "http://mirror.example/debian/"),
        ((*THIRD_PARTY, SECURITY, MAIN), "bullseye-security", "http://mirror.example/debian-security/"),
        ((MAIN.replace("bookworm", "stable"),), "bullseye", "http://mirror.example/debian/"),
        ((MAIN.replace("http:", "cdrom:"), MAIN), "bullseye", "http://mirror.example/debian/"),
        ((MAIN.replace("main|", "contrib|").replace("mirror", "other"), MAIN), "sid", "http://mirror.example/debian/"),
        # Only the main archive: a full mirror has the security archive beside it, a snapshot of both too.
        ((MAIN,), "bullseye-security", "http://mirror.example/debian-security/"),
        ((f"{MAIN}20260101T000000Z/",), "trixie-security", "http://mirror.example/debian-security/20260101T000000Z/"),
        ((MAIN, "main|buster/updates|Debian|http://s.example/"), "bullseye-security", "http://s.example/"),
    ],
)  # fmt: skip
def test_mirror(place: Place, archive: Archive, configured: tuple[str, ...], suite: str, wanted: str) -> None:
    archive.mirrors(*configured)
    place.get(DebianSource(PACKAGE, suite))
    assert archive.asked() == f"deb {wanted} {suite} main"


def test_mirror_before_the_first_update(place: Place, archive: Archive) -> None:
    """Without Release files nobody has an origin; the names of the archives have to do."""
    unknown = "main|bookworm|$(ORIGIN)|http://vendor.example/apt/", MAIN.replace("|Debian|", "|$(ORIGIN)|")
    archive.mirrors(bare="".join(f"{line}\n" for line in unknown))
    place.get(DebianSource(PACKAGE, "bullseye"))
    assert archive.asked() == "deb http://mirror.example/debian/ bullseye main"


@pytest.mark.parametrize("configured", [(), THIRD_PARTY, ("main|jammy|Ubuntu|http://mirror.example/ubuntu/",)])
def test_no_debian_mirror(place: Place, archive: Archive, configured: tuple[str, ...]) -> None:
    archive.mirrors(*configured)
    with pytest.raises(MachineFault, match="no Debian mirror configured"):
        place.get(DebianSource(PACKAGE, SUITE))


def test_no_security_mirror(place: Place, archive: Archive) -> None:
    archive.mirrors("main|bookworm|Debian|http://mirror.example/packages/")
    with pytest.raises(MachineFault, match="no mirror of Debian's security archive configured"):
        place.get(DebianSource(PACKAGE, SUITE))
