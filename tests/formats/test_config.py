# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool.toml``: what it says, and errors that name file and key."""

from __future__ import annotations

import pytest

from seriestool.arch.abis import find_abi
from seriestool.errors import UsageError
from seriestool.formats.config import Config, read_config
from seriestool.model.tree import DebianSource, GitSource, TarballSource, TreeSpec
from tests.conftest import ROOT

FORMS = """
arches = ["arm"]
abis = ["arm", "m68k"]

[trees."stable-5.10"]
debian = "linux-source-5.10"
suite = "bullseye-security"
version = "5.10.262-1"

[trees.newest]
debian = "linux-source-6.1"
suite = "bookworm"

[trees.mine]
git = "~/src/linux"
ref = "my-branch"

[trees.after]
git = "~/src/linux"
ref = "my-branch"
history = "v5.10"

[trees.all]
git = "https://git.example/linux.git"
ref = "main"
history = true

[trees.release]
tarball = "linux-6.6.tar.xz"
"""


def test_every_form_of_a_tree() -> None:
    assert read_config(FORMS, "f") == Config(
        trees=(
            TreeSpec("stable-5.10", DebianSource("linux-source-5.10", "bullseye-security", "5.10.262-1")),
            TreeSpec("newest", DebianSource("linux-source-6.1", "bookworm", None)),
            TreeSpec("mine", GitSource("~/src/linux", "my-branch")),
            TreeSpec("after", GitSource("~/src/linux", "my-branch", history="v5.10")),
            TreeSpec("all", GitSource("https://git.example/linux.git", "main", history=True)),
            TreeSpec("release", TarballSource("linux-6.6.tar.xz")),
        ),
        arches=("arm",),
        abis=("arm", "m68k"),
    )


def test_an_empty_file_is_a_workspace() -> None:
    assert read_config("", "f") == Config()


def test_what_is_shipped() -> None:
    shipped = read_config((ROOT / "seriestool.toml").read_text(), "seriestool.toml")
    debian = {spec.name: spec.source for spec in shipped.trees if isinstance(spec.source, DebianSource)}
    assert {name: (source.package, source.suite) for name, source in debian.items()} == {
        "stable-5.10": ("linux-source-5.10", "bullseye-security"),
        "stable-6.1": ("linux-source-6.1", "bookworm-security"),
        "stable-6.12": ("linux-source-6.12", "bookworm-security"),
        "mainline-7.2": ("linux-source-7.2", "forky"),
    }
    assert all(source.version for source in debian.values())
    assert [spec.source.ref for spec in shipped.trees if isinstance(spec.source, GitSource)] == ["linux-5.10.y"]
    assert all(find_abi(name) for name in shipped.abis)
    assert {"x86_64", "i386", "arm", "arm64", "powerpc", "s390"} <= set(shipped.abis)


def test_own_trees_come_first_and_replace_those_of_the_same_name() -> None:
    own = read_config('[trees.a]\ntarball = "own.tar"\n', "own")
    other = read_config('arches = ["arm"]\n[trees.b]\ntarball = "b.tar"\n[trees.a]\ntarball = "a.tar"\n', "other")
    both = own.over(other)
    assert [(spec.name, spec.source) for spec in both.trees] == [
        ("a", TarballSource("own.tar")),
        ("b", TarballSource("b.tar")),
    ]
    assert both.arches == ("arm",)
    assert read_config('arches = ["x86_64"]', "own").over(other).arches == ("x86_64",)


def test_abis_of_another_workspace_are_not_asked_for_here() -> None:
    other = read_config('abis = ["arm"]', "other")
    assert read_config("", "own").over(other).abis == ()
    assert read_config('abis = ["m68k"]', "own").over(other).abis == ("m68k",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tree = 1", "f: tree: unknown key"),
        ("trees = 3", "f: trees: is not a table"),
        ('arches = "arm"', "f: arches: is not a list of strings"),
        ("abis = [1]", "f: abis: is not a list of strings"),
        ("[trees.a]", 'f: [trees."a"]: no source'),
        ('[trees.a]\ngit = "x"\ntarball = "y"', 'f: [trees."a"]: git and tarball'),
        ('[trees.a]\ngit = "x"', 'f: [trees."a"]: ref: is missing'),
        ('[trees.a]\ndebian = "linux-source-6.1"', 'f: [trees."a"]: suite: is missing'),
        ('[trees.a]\ntarball = "y"\nbranch = "z"', 'f: [trees."a"]: branch: unknown key'),
        ('[trees.a]\ntarball = 7', 'f: [trees."a"]: tarball: is not a string'),
        ('[trees.a]\ngit = "x"\nref = "--upload-pack=evil"', 'f: [trees."a"]: ref: '),
        ('[trees.a]\ngit = "x"\nref = "main"\nhistory = 5', 'f: [trees."a"]: history: is not a string'),
        ('[trees.a]\ngit = "x"\nref = "main"\nhistory = "-x"', 'f: [trees."a"]: history: '),
        ('[trees.a]\ntarball = "y"\nhistory = true', 'f: [trees."a"]: history: unknown key'),
        ('[trees.a]\ndebian = "../x"\nsuite = "s"', 'f: [trees."a"]: debian: '),
        ('[trees.a]\ndebian = "linux"\nsuite = "-o x"', 'f: [trees."a"]: suite: '),
        ('[trees."a/b"]\ntarball = "y"', 'f: [trees."a/b"]: not a name for a tree'),
        ('[trees."a..b"]\ntarball = "y"', 'f: [trees."a..b"]: not a name for a tree'),
        ("[trees", "f: not TOML: "),
    ],
)
def test_wrong_input_names_file_and_key(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_config(text, "f")
    assert caught.value.message.startswith(said)
