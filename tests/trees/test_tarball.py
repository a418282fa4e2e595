# SPDX-License-Identifier: GPL-2.0-or-later
"""Release tarballs: the same bytes are the same tree, from wherever, and half a file is none."""

from __future__ import annotations

import bz2
import gzip
import lzma
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seriestool.errors import MachineFault, UsageError
from seriestool.model.tree import TarballSource
from tests.git.room import Blob, tar_of
from tests.trees.conftest import Place

MAKEFILE = Blob(b"# SPDX\nVERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 7\nEXTRAVERSION = -rc1\nNAME = Dare mighty things\n")
FILES = {"Makefile": MAKEFILE, "kernel/core.c": Blob(bytes(range(256)) * 300), ".gitignore": Blob(b"/*\n")}
TAR = tar_of(FILES, top="linux-5.10.7/")
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes, "gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress,
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKERS)
def test_each_compression(place: Place, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / f"linux.{kind}"
    archive.write_bytes(PACKERS[kind](TAR))
    tree = place.get(TarballSource(str(archive)))
    assert tree.version == "5.10.7-rc1"
    assert {path for path in FILES if place.store.entry(tree.tree_object, path)} == set(FILES)


def test_same_bytes_same_commit_under_any_name(place: Place, tmp_path: Path) -> None:
    one, two = tmp_path / "one.tar.xz", tmp_path / "two.tar"
    for path in (one, two):
        path.write_bytes(lzma.compress(TAR))
    assert place.get(TarballSource(str(one))).commit == place.get(TarballSource(str(two))).commit


def test_a_path_that_holds_other_bytes_is_another_tree(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "linux.tar"
    archive.write_bytes(TAR)
    before = place.get(TarballSource(str(archive)))
    archive.write_bytes(tar_of({"Makefile": MAKEFILE}))
    assert place.get(TarballSource(str(archive))).tree_object != before.tree_object


def test_no_such_file(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        place.get(TarballSource(str(tmp_path / "linux.tar.xz")))


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_broken_archive(place: Place, tmp_path: Path, kind: str, damage: str) -> None:
    packed = PACKERS[kind](TAR)
    half = len(packed) // 2
    archive = tmp_path / f"linux.{kind}"
    if damage == "truncated":
        archive.write_bytes(packed[:half])
    else:
        archive.write_bytes(packed[:40] + b"\xff" * 40 + packed[80:])
    with pytest.raises(MachineFault, match=r"broken|not a gzip") as caught:
        place.get(TarballSource(str(archive)))
    assert "kernel.git" not in caught.value.message
    assert place.known(TarballSource(str(archive))) is None
    assert not (place.store.path / "incoming").exists()


def test_not_an_archive(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "linux.tar.xz"
    for content in (b"", b"<html>404</html>\n" * 99, b"\x28\xb5\x2f\xfd" + b"\0" * 99):
        archive.write_bytes(content)
        with pytest.raises(MachineFault, match=r"broken|holds no files|zstd"):
            place.get(TarballSource(str(archive)))


class Site:
    """A web server with one file; ``cut`` makes it close in the middle."""

    def __init__(self) -> None:
        self.content = lzma.compress(TAR)
        self.cut = False
        self.asked = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked += 1
                if not self.path.endswith("linux.tar.xz"):
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(site.content)))
                self.end_headers()
                self.wfile.write(site.content[: len(site.content) // 2] if site.cut else site.content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/pub/linux.tar.xz"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_url(place: Place, site: Site, tmp_path: Path) -> None:
    """Fetched once, again on request; the commit is that of the same file on disk."""
    source = TarballSource(site.url)
    tree = place.get(source)
    assert place.get(source) == tree
    assert site.asked == 1
    assert place.get(source, update=True) == tree
    assert site.asked == 2
    local = tmp_path / "copy"
    local.write_bytes(site.content)
    assert place.get(TarballSource(str(local))).commit == tree.commit


def test_url_that_has_moved_on(place: Place, site: Site) -> None:
    source = TarballSource(site.url)
    before = place.get(source)
    site.content = lzma.compress(tar_of({"Makefile": MAKEFILE}))
    assert place.get(source) == before
    assert place.get(source, update=True).tree_object != before.tree_object


def test_download_that_ends_early_is_not_kept(place: Place, site: Site) -> None:
    source = TarballSource(site.url)
    site.cut = True
    with pytest.raises(MachineFault, match=r"bytes came|IncompleteRead"):
        place.get(source)
    assert list(place.cache.downloads.rglob("*.tar.xz*")) == []
    site.cut = False
    assert place.get(source).version == "5.10.7-rc1"


def test_url_that_does_not_answer(place: Place, site: Site) -> None:
    with pytest.raises(MachineFault, match="Not Found") as caught:
        place.get(TarballSource(site.url.replace("linux", "other")))
    assert caught.value.hint
    with pytest.raises(MachineFault, match="refused"):
        place.get(TarballSource("http://127.0.0.1:1/linux.tar.xz"))
