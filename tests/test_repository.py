# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every file of the repository, for the lock, and for what a wheel carries."""

from __future__ import annotations

import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from seriestool import proc
from seriestool.places import Workspace, data_dirs

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {"requirements/run.txt", "requirements/dev.txt", "LICENSE"}
SPDX = re.compile(r"SPDX-License-Identifier: GPL-2\.0-or-later\b")

# Where packages come from is the business of the machine that installs them.
REGISTRIES = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|(?:deb|ftp|security|snapshot|archive|cdn-fastly)\.debian\.(?:org|net)"
    r"|(?:archive|security|ports)\.ubuntu\.com|npmjs\.(?:org|com)|crates\.io|docker\.io|quay\.io|ghcr\.io|conda\.io)\b"
)
# A place on one machine means nothing on another. /root and /home also are directories of a guest: only what is below.
MACHINE_PATHS = re.compile(r"(?<![\w.~$}-])/(?:work|opt/pypi[\w-]*|tmp/lab|root/\S|home/[a-z]\w*)(?![\w-])")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|^\[[^\]\n]+\]:\s+(\S+)", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def tracked() -> list[Path]:
    """Return every file of this checkout that git does not ignore."""
    listed = proc.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT).stdout
    return sorted(path for name in set(listed.split(b"\0")) if name and (path := ROOT / name.decode()).is_file())


FILES = tracked()
TEXTS = {str(path.relative_to(ROOT)): path.read_bytes().decode("utf-8", "replace") for path in FILES}
OURS = {name: text for name, text in TEXTS.items() if name != f"tests/{Path(__file__).name}"}


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in OURS.items()
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def test_there_are_files_to_look_at() -> None:
    assert {"pyproject.toml", "Makefile", "seriestool/proc.py"} <= OURS.keys()


def test_no_file_names_a_package_registry() -> None:
    assert found(REGISTRIES) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert found(MACHINE_PATHS) == []


@pytest.mark.parametrize("text", ["https://pypi" + ".org/simple", "http://deb" + ".debian.org/debian"])
def test_a_registry_would_be_seen(text: str) -> None:
    assert REGISTRIES.search(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("cd /wo" + "rk/main", True),
        ("file:///opt/py" + "pi/simple", True),
        ("/home/so" + "meone/linux", True),
        ("kernel/work/queue.c", False),
        ("mount -t tmpfs none /root", False),
        ("root=/dev/vda", False),
    ],
)
def test_a_machine_path_would_be_seen(text: str, seen: bool) -> None:
    assert bool(MACHINE_PATHS.search(text)) is seen


def test_every_source_file_names_its_licence() -> None:
    named = {name: text for name, text in TEXTS.items() if name.endswith((".py", ".c", ".h", ".sh"))}
    assert len(named) > 40
    assert [name for name, text in named.items() if text and not SPDX.search("\n".join(text.splitlines()[:2]))] == []


def test_every_script_names_its_licence() -> None:
    scripts = {name: text for name, text in TEXTS.items() if text.startswith("#!")}
    assert {".ci/run", "requirements/make-venv"} <= scripts.keys()
    assert [name for name, text in scripts.items() if not SPDX.search("\n".join(text.splitlines()[:3]))] == []


def anchors(markdown: str) -> set[str]:
    """Return the anchors of a page's headings, by GitHub's rule: lower case, no punctuation, dashes for blanks."""
    headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", _FENCE.sub(_keep_inline, markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _keep_inline(match: re.Match[str]) -> str:
    return "" if match[1] else match[0]


def links(markdown: str) -> Iterator[str]:
    for inline, reference in _LINK.findall(_FENCE.sub("", markdown)):
        yield inline or reference


def broken_links(page: Path, markdown: str) -> Iterator[str]:
    for link in links(markdown):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue  # another machine's business
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists():
            yield f"{link}: no such file"
        elif anchor and target.suffix == ".md":
            text = markdown if target == page else target.read_text(encoding="utf-8")
            if anchor not in anchors(text):
                yield f"{link}: no such heading"


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".md")])
def test_every_link_leads_somewhere(name: str) -> None:
    assert list(broken_links(ROOT / name, TEXTS[name])) == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One `word` here\n```\n# no heading\n```\n")
    page = "[a](there.md) [b](gone.md) [c](there.md#one-word-here) [d](there.md#no-heading) [e](https://x.example)"
    page += "\n```\n[f](in-code.md)\n```\n`[g](in-code.md)`\n[h]: gone-too.md\n"
    assert list(broken_links(tmp_path / "page.md", page)) == [
        "gone.md: no such file",
        "there.md#no-heading: no such heading",
        "gone-too.md: no such file",
    ]


def requirements(name: str) -> dict[str, str]:
    """Return name and block of each requirement of a lock."""
    text = (ROOT / "requirements" / name).read_text(encoding="ascii")
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^#.*\n", "", text).strip())
    return {block.partition("==")[0]: block for block in blocks}


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_every_requirement_is_locked_with_hashes_and_without_an_index(lock: str) -> None:
    locked = requirements(lock)
    assert len(locked) > 10
    assert [name for name, block in locked.items() if "--hash=sha256:" not in block] == []
    assert not re.search(r"--(?:extra-)?index-url|--find-links|--trusted-host|https?://", "".join(locked.values()))


def test_the_lock_has_all_that_the_project_asks_for() -> None:
    project = tomllib.loads(TEXTS["pyproject.toml"])["project"]
    asked = {re.split(r"[<>=~!\[; ]", line)[0].lower() for line in project["dependencies"]}
    extra = {re.split(r"[<>=~!\[; ]", line)[0].lower() for line in project["optional-dependencies"]["dev"]}
    assert asked <= requirements("run.txt").keys(), "make lock"
    assert asked | extra <= requirements("dev.txt").keys(), "make lock"


def test_both_locks_agree() -> None:
    run, dev = requirements("run.txt"), requirements("dev.txt")
    version = re.compile(r"==(\S+)")
    assert {name: version.findall(block) for name, block in run.items()} == {
        name: version.findall(dev[name]) for name in run
    }


def test_make_lists_every_target() -> None:
    listed = proc.run(["make"], cwd=ROOT).stdout.decode()
    for target in ("venv", "demo", "test", "test-kernel", "lint", "bench", "lock", "completion", "clean"):
        assert re.search(rf"^  make {target} +\S", listed, re.MULTILINE), target


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel, as pipx does, and open it."""
    directory = tmp_path_factory.mktemp("dist")
    proc.run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)], cwd=ROOT)
    (path,) = directory.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    package = {name for name in TEXTS if name.startswith("seriestool/")}
    assert package - set(wheel.namelist()) == set()


@pytest.mark.parametrize("name", ["kernel-configs", "patches/siginfo-guard", "patches/synchronous-perf-signals"])
def test_the_wheel_has_the_data(wheel: zipfile.ZipFile, name: str) -> None:
    data = {f"seriestool/data/{file}" for file in TEXTS if file.startswith(f"{name}/")}
    assert data
    assert data - set(wheel.namelist()) == set()


def test_the_wheel_has_the_trees_and_no_mail(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "seriestool/data/seriestool.toml" in names
    assert [name for name in names if "/mail/" in name or name.endswith((".mbox", ".mbox.gz"))] == []
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_an_installed_seriestool_finds_its_data(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Data of the package is what data_dirs() finds where no workspace has its own."""
    wheel.extractall(tmp_path / "site")
    script = (
        "from pathlib import Path\n"
        "from seriestool.places import Workspace, data_dirs\n"
        "for name in ('kernel-configs', 'patches/siginfo-guard'):\n"
        "    print(*data_dirs(Workspace(Path.cwd()), name))\n"
    )
    told = proc.run([sys.executable, "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")}).stdout
    data = tmp_path / "site/seriestool/data"
    assert told.decode().splitlines() == [str(data / "kernel-configs"), str(data / "patches/siginfo-guard")]


def test_in_a_checkout_the_data_is_the_checkouts_own() -> None:
    assert data_dirs(Workspace(ROOT), "kernel-configs") == (ROOT / "kernel-configs",)
