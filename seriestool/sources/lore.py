# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads from a public-inbox archive such as lore.kernel.org, fetched by the program b4, or read from a mirror.

b4 runs in a home of its own: neither the user's git configuration nor b4's cache changes what is fetched. An
archive may also be a directory with one ``<message-id>/t.mbox.gz`` per thread, which is served to b4 on the loopback;
a mirror of git repositories on this machine needs neither b4 nor a network.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seriestool import proc
from seriestool.errors import CommandTimedOut, MachineFault, UsageError
from seriestool.formats.dependencies import message_in_url
from seriestool.formats.mail import Message, join_mbox, read_messages
from seriestool.log import Progress
from seriestool.sources.archive import HINT, DirectoryArchive, open_archive
from seriestool.sources.other_revision import find_revision
from seriestool.sources.source import Found, Surroundings

TIME_LIMIT = 180.0
"""Seconds for one thread; the largest on lore take b4 about a minute."""

_DEFAULT = "lore.kernel.org"
_MESSAGE_ID = re.compile(r"<?([^<>\s/]+@[^<>\s/]+)>?")
_MAILDIR_NAME = re.compile(r"(\d+)\.M(\d+)P\d+Q(\d+)\.")
_UNKNOWN = re.compile(r"error: 404|No messages found")
# What b4 and the libraries below it say when no answer came at all.
_UNREACHABLE = re.compile(r"Max retries|Failed to (?:resolve|establish)|timed out|Connection (?:refused|reset|aborted)")


@dataclass(frozen=True, slots=True)
class LoreSource:
    """A message-id, or the URL of a message in an archive."""

    name: str = "message-id or lore URL"

    def accepts(self, spec: str) -> bool:
        """Tell whether *spec* is a URL or a message-id, with or without angle brackets."""
        return spec.startswith(("https://", "http://")) or bool(_MESSAGE_ID.fullmatch(_bare(spec)))

    def read(self, spec: str, around: Surroundings) -> Found:
        """Fetch the whole thread around the message.

        Raises UsageError for a URL that names no message; otherwise as ``fetch_thread`` does.
        """
        message_id, archive = _message_and_archive(spec)
        lore = around.lore if around.lore is not None else archive
        messages = self._thread(message_id, lore, around)
        if around.revision is not None:
            local = open_archive(lore, around.cache, around.progress)
            other = find_revision(messages, message_id, around.revision, local)
            if other is not None:
                return Found(self._thread(other, lore, around), other)
        return Found(messages, message_id)

    def _thread(self, message_id: str, lore: str | None, around: Surroundings) -> tuple[Message, ...]:
        return read_messages(fetch_thread(message_id, lore=lore, cache=around.cache, progress=around.progress))


def fetch_thread(message_id: str, *, lore: str | None, cache: Path, progress: Progress) -> bytes:
    """Return the thread of *message_id* as an mboxrd.

    *lore* is the archive: None for lore.kernel.org, a URL, a directory of threads or a mirror. b4's own files go below
    *cache* and are removed; the index of a mirror stays there. Raises MachineFault naming archive and message where the
    archive cannot be reached, does not know the message, or takes longer than ``TIME_LIMIT``; InputRefused for a
    thread of a directory that is damaged or too large; ProgramMissing without b4; UsageError for an archive that is
    none.
    """
    archive = lore or _DEFAULT
    local = open_archive(lore, cache, progress)
    # b4 asks a directory for a thread by its first message only.
    if local is not None and not (isinstance(local, DirectoryArchive) and local.has(message_id)):
        if found := local.thread(message_id):
            return join_mbox(message.raw for message in found)
        raise MachineFault(f"{archive}: no such message in this archive: {message_id}", hint=HINT)
    if local is not None:
        local.check(message_id)
    with progress.task(f"fetch {message_id}"), _served(lore) as mask, _scratch(cache) as home:
        options = [] if mask is None else ["-c", f"b4.midmask={mask}"]
        argv = [_b4(), "--no-stdin", *options, "mbox", "-C", "-M", "-o", str(home), "-n", "thread", message_id]
        try:
            done = proc.run(argv, cwd=home, env=_environment(home), timeout=TIME_LIMIT, check=False)
        except CommandTimedOut as error:
            raise MachineFault(f"{archive}: no end of the thread {message_id} after {TIME_LIMIT:g} s") from error
        messages = _maildir(home / "thread")
        if done.status or not messages:
            said = done.stderr.decode("utf-8", "replace")
            raise MachineFault(f"{archive}: {_reason(said, done.status)}: {message_id}", hint=HINT)
        return join_mbox(messages)


def _bare(spec: str) -> str:
    return spec.removeprefix("id:").removeprefix("msgid:").strip()


def _message_and_archive(spec: str) -> tuple[str, str | None]:
    """Return the message-id that *spec* names, and the archive where it is another than lore's."""
    if match := _MESSAGE_ID.fullmatch(_bare(spec)):
        return match[1], None
    try:
        url = urlsplit(spec)
    except ValueError as error:
        raise UsageError(f"no URL: {spec}: {error}") from error
    message_id = message_in_url(spec)
    if message_id is None:
        raise UsageError(f"no message-id in the URL {spec}", hint="the URL of one message ends in /<message-id>/")
    parts = [unquote(part) for part in url.path.split("/")]
    inbox = "/".join(parts[: parts.index(message_id)]).rstrip("/")
    return message_id, None if url.netloc == _DEFAULT else f"{url.scheme}://{url.netloc}{inbox}"


def _b4() -> str:
    """Return b4 of the environment that seriestool runs in, else the one on PATH."""
    own = Path(sys.executable).parent / "b4"
    return str(own) if own.is_file() else "b4"


def _environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CEILING_DIRECTORIES": str(home.parent),
    }


def _reason(said: str, status: int) -> str:
    if _UNREACHABLE.search(said):
        return "cannot be reached, asked for the message"
    if _UNKNOWN.search(said):
        return "no such message in this archive"
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), f"exit status {status}")
    return f"b4 failed ({last[:200]}) on the message"


def _maildir(folder: Path) -> tuple[bytes, ...]:
    """Return the messages of a maildir that b4 wrote, in the order it wrote them."""
    files = [path for name in ("cur", "new") for path in (folder / name).glob("*")]
    return tuple(_one_end(path.read_bytes()) for path in sorted(files, key=_written))


def _one_end(raw: bytes) -> bytes:
    """Take off the empty lines that b4 leaves behind a message: the mbox's separator, and its own."""
    header, gap, body = raw.partition(b"\n\n")
    return header + gap + body.rstrip(b"\n") + b"\n" if body.strip(b"\n") else raw


def _written(path: Path) -> tuple[int, ...]:
    match = _MAILDIR_NAME.match(path.name)
    return tuple(int(number) for number in match.groups()) if match else (0,)


@contextmanager
def _scratch(cache: Path) -> Iterator[Path]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="b4-", dir=cache) as name:
            yield Path(name)
    except OSError as error:
        raise MachineFault(f"{error.filename or cache}: {error.strerror}") from error


@contextmanager
def _served(lore: str | None) -> Iterator[str | None]:
    """Yield the mask that b4 makes URLs from ("%s" for the message-id), None for its default."""
    if lore is None:
        yield None
    elif lore.startswith(("https://", "http://")):
        yield lore if "%s" in lore else f"{lore.rstrip('/')}/%s"
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(Path(lore).resolve())))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/%s"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass
