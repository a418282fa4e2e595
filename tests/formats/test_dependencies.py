# SPDX-License-Identifier: GPL-2.0-or-later
"""What postings say they need, in all the forms that are met."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.formats.dependencies import message_in_url, read_dependencies
from seriestool.formats.mail import read_message, read_messages, read_patch
from seriestool.model.series import Dependency, DependencyKind
from seriestool.sources.thread import rebuild
from tests.mails import DIFF, mail

SHA = "0123456789ab"
BASE, PATCH, CHANGE, MESSAGE, BASED, STABLE, FIXES, DEPENDS = DependencyKind


def posting(message: str, behind: str = "") -> tuple[Dependency, ...]:
    """Return what one patch declares that has *message* before and *behind* after its diff."""
    read = read_message(mail("[PATCH] one", f"Why.\n\n{message}\n---\n file | 2\n\n{DIFF}\n{behind}-- \n2.39.5\n"))
    return read_dependencies(None, [(read_patch(read, "01"), read.text)])


@pytest.mark.parametrize(
    ("line", "kind", "value", "subject", "versions"),
    [
        (f'Fixes: {SHA} ("core: break it")', FIXES, SHA, "core: break it", None),
        (f"Fixes: {SHA.upper()} ('core: break it')", FIXES, SHA, "core: break it", None),
        (f"Fixes: commit {SHA} (core: break it)", FIXES, SHA, "core: break it", None),
        (f"fixes: {SHA}: core: break it", FIXES, SHA, "core: break it", None),
        (f"Fixes: {SHA}", FIXES, SHA, None, None),
        (f'Fixes: {SHA} ("core: a \'b\' and (c)")', FIXES, SHA, "core: a 'b' and (c)", None),
        (f'Fixes: {SHA} ("core: a long\n subject")', FIXES, SHA, "core: a long subject", None),
        (f"Cc: <stable@vger.kernel.org> # 3.3.x: {SHA}: core: first", STABLE, SHA, "core: first", "3.3.x"),
        (f"Cc: stable@vger.kernel.org # 3.3.x: {SHA[:7]}: core: first", STABLE, SHA[:7], "core: first", "3.3.x"),
        (f"Cc: stable <stable@kernel.org> # v5.10+: {SHA}: core", STABLE, SHA, "core", "v5.10+"),
        (f"Cc: stable@vger.kernel.org # 5.10.x-5.15.x: {SHA}: core", STABLE, SHA, "core", "5.10.x-5.15.x"),
        (f"Cc: stable@vger.kernel.org # 6.1: {SHA} (\"core: x\")", STABLE, SHA, "core: x", "6.1"),
        (f"Cc: stable@vger.kernel.org # {SHA}: core: first", STABLE, SHA, "core: first", None),
        (f"CC: stable@vger.kernel.org # 4.19.x: {SHA}:\n\tcore: folded", STABLE, SHA, "core: folded", "4.19.x"),
        (f"Depends-on: {SHA} (\"core: first\")", DEPENDS, SHA, "core: first", None),
        ("Depends-on: <a-1@x>", DEPENDS, "a-1@x", None, None),
        ("Depends-On: a-1@x", DEPENDS, "a-1@x", None, None),
        ("Depends-on: 20240101-foo-abc:v3", DEPENDS, "20240101-foo-abc", None, "v3"),
        (f"Depends-on: I{'0a' * 20}", DEPENDS, f"I{'0a' * 20}", None, None),
        ("Depends-on: https://lore.kernel.org/r/a%2Bb@x", DEPENDS, "a+b@x", None, None),
        ("Depends-on: <https://lore.kernel.org/lkml/a@x/T/#u> (\"core: y\")", DEPENDS, "a@x", "core: y", None),
        ("Depends-on: https://patchwork.example/project/x/patch/a@x/", DEPENDS, "a@x", None, None),
        ("Depends-on: https://patchwork.example/project/x/list/?series=7", DEPENDS,
         "https://patchwork.example/project/x/list/?series=7", None, None),
        ("Based-on: <20240101-1-a@x>", BASED, "20240101-1-a@x", None, None),
        ("Based-on: https://lore.kernel.org/all/a@x/", BASED, "a@x", None, None),
        ('Based-on: <a@x> ("core: first series")', BASED, "a@x", "core: first series", None),
    ],
)  # fmt: skip
def test_what_a_patch_declares(
    line: str, kind: DependencyKind, value: str, subject: str | None, versions: str | None
) -> None:
    assert posting(line) == (Dependency(kind, value, "01", subject, versions),)


@pytest.mark.parametrize(
    "line",
    [
        "Cc: stable@vger.kernel.org",
        "Cc: <stable@vger.kernel.org> # 3.3.x",
        "Cc: <stable@vger.kernel.org> # 3.3.x-",
        "Cc: stable@vger.kernel.org # v5.10+",
        "Cc: stable@vger.kernel.org # 5.4, 5.10: needs work",
        "Cc: stable@vger.kernel.org # after -rc3",
        "Cc: stable+noautosel@kernel.org # needs that other thing",
        f"Cc: someone@example.com # 5.10.x: {SHA}: core",
        "Fixes: https://bugzilla.example/show_bug.cgi?id=1",
        "Fixes: the build",
        f"> Fixes: {SHA} (\"quoted\")",
        "Depends-on: the series that was sent yesterday",
        "Based-on: work by A <a@example.com>",
        "Based-on-patch-by: A <a@example.com>",
    ],
)
def test_what_is_no_dependency(line: str) -> None:
    assert posting(line) == ()


def test_what_tools_add_behind_the_diff_is_of_the_whole_series() -> None:
    said = (
        f"base-commit: {'b' * 40}\nprerequisite-patch-id: {'1' * 40}\nprerequisite-patch-id: {'2' * 40}\n"
        "prerequisite-change-id: 20240101-foo-abc:v3\nprerequisite-message-id: <m@x>\n"
    )
    assert posting("Signed-off-by: A <a@x>", said) == (
        Dependency(BASE, "b" * 40),
        Dependency(PATCH, "1" * 40),
        Dependency(PATCH, "2" * 40),
        Dependency(CHANGE, "20240101-foo-abc", versions="v3"),
        Dependency(MESSAGE, "m@x"),
    )


@pytest.mark.parametrize("line", [f"base-commit: {'0' * 40}", "base-commit: v6.9-rc1", "prerequisite-patch-id: abc"])
def test_what_names_nothing_is_left(line: str) -> None:
    assert posting("Signed-off-by: A <a@x>", f"{line}\n") == ()


def test_the_lines_of_a_diff_declare_nothing() -> None:
    added = DIFF.replace("+zweite", f"+Fixes: {SHA} (\"x\")\n+base-commit: {'b' * 40}").replace("3 +1,3", "3 +1,4")
    read = read_message(mail("[PATCH] one", f"Why.\n---\n\n{added}"))
    assert read_dependencies(None, [(read_patch(read, "01"), read.text)]) == ()


def test_a_series_says_it_on_its_cover_letter_and_once() -> None:
    base = f"base-commit: {'b' * 40}\n"
    fixes = f"Fixes: {SHA} (\"core\")"
    mails = [
        mail("[PATCH 0/2] two", f"Cover.\n\nDepends-on: <m@x>\n\n{base}", message_id="0@x"),
        mail("[PATCH 1/2] a", f"A.\n\n{fixes}\n---\n\n{DIFF}\n{base}", message_id="1@x", parent="0@x"),
        mail("[PATCH 2/2] b", f"B.\n\n{fixes}\n{fixes}\n---\n\n{DIFF}", message_id="2@x", parent="0@x"),
    ]
    assert rebuild([read_message(one) for one in mails]).dependencies == (
        Dependency(DEPENDS, "m@x"),
        Dependency(BASE, "b" * 40),
        Dependency(FIXES, SHA, "01", "core"),
        Dependency(FIXES, SHA, "02", "core"),
    )


@pytest.mark.parametrize(
    ("url", "message_id"),
    [
        ("https://lore.kernel.org/r/a@x", "a@x"),
        ("http://lkml.kernel.org/r/a@x", "a@x"),
        ("https://lore.kernel.org/all/a%2Fb@x/#t", "a/b@x"),
        ("https://patch.msgid.link/a@x", "a@x"),
        ("https://lore.kernel.org/all/", None),
        ("http://[broken/a@x", None),
    ],
)
def test_the_message_in_a_url(url: str, message_id: str | None) -> None:
    assert message_in_url(url) == message_id


def real(folder: Path, name: str, start: str) -> tuple[Dependency, ...]:
    """Return what one real mail declares, be it a cover letter or a patch; *start* is that of its subject."""
    for message in read_messages((folder / name).read_bytes()):
        if message.subject.startswith(start):
            if "\ndiff --git " not in message.text:
                return read_dependencies(message.text, [])
            return read_dependencies(None, [(read_patch(message, "01"), message.text)])
    raise AssertionError(f"no {start} in {name}")


def kinds(found: tuple[Dependency, ...]) -> dict[DependencyKind, int]:
    return {kind: sum(one.kind is kind for one in found) for kind in DependencyKind if kind in {o.kind for o in found}}


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        ("basecommit.mbox", "[PATCH v2] selftests/filesystems", {BASE: 1, FIXES: 1}),
        ("basecommit.mbox", "[PATCH v5 1/3] x86/cpufeatures", {BASE: 1, PATCH: 9}),
        ("basecommit.mbox", "[PATCH 00/11] selftests: hid", {BASE: 1}),
        ("prereq.mbox", "[PATCH v5 0/3] Add support for the Idle", {BASE: 1, PATCH: 9}),
        ("prereq.mbox", "[PATCH v2] selftests/netfilter", {BASE: 1, PATCH: 2}),
        ("changeid.mbox", "[PATCH] selftests: mm: Make map_fixed", {BASE: 1, FIXES: 1}),
        ("changeid.mbox", "[PATCH v3 0/9] rust", {BASE: 1}),
    ],
)
def test_real_mail(name: str, start: str, expected: dict[DependencyKind, int], shared_mail: Path) -> None:
    assert kinds(real(shared_mail, name, start)) == expected
