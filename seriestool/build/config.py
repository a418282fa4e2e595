# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel configuration: tinyconfig, fragments on top, olddefconfig, and the proof that nothing asked for got lost."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.build.build_dir import BuildDir, file_faults, write_atomically
from seriestool.build.kbuild import kernel_argv, machine_fault, toolchain
from seriestool.errors import ExitCode, SeriestoolError, UsageError
from seriestool.formats.buildlog import BuildLog
from seriestool.formats.kconfig import LostSymbol, Setting, lost_symbols, read_settings, values

_BASE = "base"
# What is no part of the configuration: history, programs for other purposes, texts.
_NOT_CONFIGURATION = frozenset({".git", "tools", "Documentation"})
_KCONFIG_SYMBOL = re.compile(rb"^\s*(?:menu)?config\s+(\w+)\s*$", re.M)


class ConfigLost(SeriestoolError):
    """Symbols of the fragments that ``olddefconfig`` dropped or changed; ``lost`` has each of them."""

    exit_code: ClassVar[ExitCode] = ExitCode.CANNOT_TELL

    def __init__(self, lost: tuple[LostSymbol, ...], unknown: frozenset[str]) -> None:
        count = "1 symbol" if len(lost) == 1 else f"{len(lost)} symbols"
        listed = "; ".join(
            f"{symbol}{' [no such symbol in this tree]' if symbol.asked.name in unknown else ''}" for symbol in lost
        )
        super().__init__(
            f"the configuration lost {count}: {listed}",
            hint="its dependencies are not set, or another symbol decides it: see its Kconfig entry"
            if len(lost) > len(unknown)
            else "leave it to a fragment that only trees with it use",
        )
        self.lost = lost


@dataclass(frozen=True, slots=True)
class Configuration:
    """``config`` is the build dir's ``.config``, None when the tree's own Kconfig files are at fault (see ``log``)."""

    config: Path | None
    changed: bool
    log: BuildLog | None = None


def fragments(dirs: Sequence[Path], arch: Architecture, features: Sequence[str]) -> tuple[Path, ...]:
    """Return the fragment files in the order they are laid on: base, arch, features as given.

    For each, the first of *dirs* that has it wins. Raises UsageError naming a fragment that none has.
    """
    names = dict.fromkeys((_BASE, arch.name, *features))
    return tuple(_find_fragment(dirs, name) for name in names)


def read_fragments(files: Sequence[Path]) -> tuple[Setting, ...]:
    """Return all settings of *files* in order; raises UsageError at a line kconfig would ignore, an unreadable file."""
    settings: list[Setting] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
        settings += read_settings(text, f"{file.parent.name}/{file.name}")
    return tuple(settings)


def configure(build_dir: BuildDir, source: Path, arch: Architecture, files: Sequence[Path], log: Path) -> Configuration:
    """Configure *build_dir* for the tree at *source*, unless it is so already.

    Starts from ``make tinyconfig``, so that a symbol is there only because a fragment names it or another one needs it.
    A configuration that comes out unchanged keeps its modification time, and make has nothing to redo.

    Raises ConfigLost, UsageError (a fragment), ProgramMissing, MachineFault.
    """
    asked = read_fragments(files)
    config = build_dir.path / ".config"
    key = _configuration_key(source, arch, asked)
    if _is_current(build_dir, key, config):
        return Configuration(config, changed=False)
    before = (config.read_bytes(), config.stat()) if config.exists() else None
    build_dir.config_key.unlink(missing_ok=True)
    failed = _make_config(build_dir, source, arch, files, log)
    if failed is not None:
        return Configuration(None, changed=False, log=failed)
    came = config.read_bytes()
    lost = lost_symbols(asked, values(read_settings(came.decode("utf-8", "replace"), ".config")))
    if lost:
        raise ConfigLost(lost, _unknown_symbols(source, arch, lost))
    if before is not None and before[0] == came:
        os.utime(config, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))
    write_atomically(build_dir.config_key, json.dumps([key, _digest(came)]).encode())
    return Configuration(config, changed=before is None or before[0] != came)


def _find_fragment(dirs: Sequence[Path], name: str) -> Path:
    file = f"{name}.config"
    if Path(file).name == file:  # a name, not a path
        for directory in dirs:
            if (directory / file).is_file():
                return directory / file
    known = sorted({path.stem for directory in dirs for path in directory.glob("*.config")})
    raise UsageError(f"no configuration fragment {file}", hint=f"known: {', '.join(known) or 'none'}")


def _make_config(
    build_dir: BuildDir, source: Path, arch: Architecture, files: Sequence[Path], log: Path
) -> BuildLog | None:
    """Run the steps; return the log of the one that failed by the tree's fault."""
    for target in ("tinyconfig", "olddefconfig"):
        if target == "olddefconfig":
            with file_faults(build_dir.path), (build_dir.path / ".config").open("ab") as config:
                for file in files:
                    config.write(file.read_bytes() + b"\n")
        done = proc.run(kernel_argv(source, build_dir.path, arch, [target]), log=log, check=False)
        if done.status:
            output = done.stdout + done.stderr
            if fault := machine_fault(output, build_dir.path):
                raise fault
            return build_dir.read_log(output)
    return None


def _is_current(build_dir: BuildDir, key: str, config: Path) -> bool:
    try:
        recorded = json.loads(build_dir.config_key.read_bytes())
        return bool(recorded == [key, _digest(config.read_bytes())])
    except FileNotFoundError:
        return False


def _configuration_key(source: Path, arch: Architecture, asked: Sequence[Setting]) -> str:
    """Return a digest of everything a configuration is made from."""
    digest = hashlib.sha256(repr((arch.kernel_arch, toolchain(arch), sorted(values(asked).items()))).encode())
    for path in sorted(_configuration_files(source, arch)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(source)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _configuration_files(source: Path, arch: Architecture) -> Iterator[Path]:
    """Yield every file of the tree that decides about a configuration: Kconfig, its parser, tinyconfig's parts."""
    yield from (path for path in (source / "Makefile", source / f"arch/{arch.source_arch}/Makefile") if path.is_file())
    for top in ("kernel/configs", f"arch/{arch.source_arch}/configs"):
        yield from (source / top).glob("tiny*.config")
    yield from (path for path in (source / "scripts/kconfig").glob("*") if path.is_file())
    yield from (source / "scripts").glob("*.sh")  # $(shell ...) of Kconfig files
    yield from _kconfig_files(source)


def _kconfig_files(source: Path) -> Iterator[Path]:
    for directory, below, names in os.walk(source):
        if Path(directory) == source:
            below[:] = [name for name in below if name not in _NOT_CONFIGURATION]
        for name in names:
            if name.startswith("Kconfig"):
                path = Path(directory, name)
                if path.is_file():
                    yield path


def _unknown_symbols(source: Path, arch: Architecture, lost: Sequence[LostSymbol]) -> frozenset[str]:
    known = {name.decode() for path in _kconfig_files(source) for name in _KCONFIG_SYMBOL.findall(path.read_bytes())}
    return frozenset(symbol.asked.name for symbol in lost) - known


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
