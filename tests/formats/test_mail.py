# SPDX-License-Identifier: GPL-2.0-or-later
"""Mail read without loss, or refused with a reason; git's own tools say what is right."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.errors import InputRefused
from seriestool.formats.mail import Message, git_date, join_mbox, read_message, read_messages, read_patch, split_mbox
from seriestool.formats.subject import clean_subject, parse_prefix
from seriestool.model.series import Patch, Person
from tests.mails import DIFF, MailInfo, git, mail, message, real_messages

SEPARATOR = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"


# --- every mail there is -------------------------------------------------------------------------------------------

# What git takes and seriestool refuses, or the other way round: by message-id, with the reason.
REFUSED = {
    # A cover letter that shows how to resolve a merge.
    "20230609-upstream-net-20230610-mptcp-selftests-support-old-kernels-part-3-v1-0-2896fe2ee8a3@tessares.net": (
        "a combined diff cannot be applied"
    ),
    # Lines were lost on the way; "git apply" calls the patch corrupt as well.
    "553bb6053c7b7bee60eda3ca90470ac3@208suo.com": "hunk 11: shorter than its header says",
}


def compare_with_git(one: Message, room: Path) -> bool:
    """Read *one* as a patch and compare with git-mailinfo; return False for a mail without a diff."""
    told = MailInfo.of(one.raw, room)
    try:
        patch = read_patch(one, "01")
    except InputRefused as error:
        if one.message_id in REFUSED:
            assert REFUSED[one.message_id] in error.message
            assert git("apply", "--numstat", stdin=told.patch, check=False) == b""
        else:
            assert error.message == f"{one.named}: no diff in it"
            assert not any(line.startswith(b"diff --git") for line in told.patch.splitlines())
        return False
    assert (patch.author.name, patch.author.email) == (told.fields["Author"], told.fields["Email"])
    assert patch.subject == told.fields["Subject"]
    assert patch.message == told.message
    assert patch.diff in told.patch
    assert numstat(patch) == git("apply", "--numstat", "-z", stdin=told.patch)
    return True


def numstat(patch: Patch) -> bytes:
    """Write what *patch* does as ``git apply --numstat -z`` writes it."""
    counts = []
    for file in patch.files:
        signs = [line.sign for hunk in file.hunks for line in hunk.lines]
        told = "-\t-" if file.binary else f"{signs.count('+')}\t{signs.count('-')}"
        counts.append(f"{told}\t{file.path}\0".encode())
    return b"".join(counts)


@pytest.mark.parametrize("folder", ["shared_mail", "shared_lore"])
def test_every_real_mail_is_read_as_git_reads_it(folder: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    patches = 0
    for name, one in real_messages(request.getfixturevalue(folder)):
        assert one.message_id, name
        assert one.date, name
        assert not one.damage, name
        try:
            patches += compare_with_git(one, tmp_path)
        except AssertionError as error:
            error.add_note(name)
            raise
    assert patches >= 70


def test_dates_are_those_of_git(shared_lore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dates = {line[6:].strip() for _, one in real_messages(shared_lore)
             for line in one.raw.partition(b"\n\n")[0].decode("latin-1").split("\n")
             if line.lower().startswith("date: ")}  # fmt: skip
    assert len(dates) > 100
    for date in sorted(dates)[::5]:
        monkeypatch.setenv("GIT_AUTHOR_DATE", date)
        assert git_date(date) == git("var", "GIT_AUTHOR_IDENT").decode().strip().rpartition("> ")[2]


# --- traits, one by one, against git -------------------------------------------------------------------------------

BODY = f"Für alle.\n\nSigned-off-by: A <a@example.com>\n---\n\n{DIFF}-- \n2.39.5\n"


def encoded(transfer: str, charset: str, body: str = BODY, extra: str = "") -> bytes:
    data = body.encode(charset)
    if transfer == "base64":
        data = base64.encodebytes(data)
    elif transfer == "quoted-printable":
        data = quopri.encodestring(data)
    kind = f"Content-Type: text/plain; charset={charset}{extra}\nContent-Transfer-Encoding: {transfer}\n"
    return mail("[PATCH] a: b", "", headers=f"MIME-Version: 1.0\n{kind}") + data


MULTIPART = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=-x"
"""
ATTACHED = f"""\
This is for programs that know no MIME.
--=-x
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

F=FCr alle.
---

--=-x
Content-Type: text/x-patch; name="0001.patch"
Content-Transfer-Encoding: base64
Content-Disposition: attachment

{base64.encodebytes(DIFF.encode()).decode()}
--=-x
Content-Type: application/pgp-signature
Content-Transfer-Encoding: 7bit

-----BEGIN PGP SIGNATURE-----
+not part of the diff
-----END PGP SIGNATURE-----
--=-x--
"""

TRAITS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: mail("[PATCH] a: b"),
    "folded subject": lambda: mail("[PATCH v2 1/3]\n a: b\n\t  c"),
    "several brackets": lambda: mail("Re: [PATCH][net-next] [x86] a: b"),
    "encoded words": lambda: mail("=?utf-8?q?=5BPATCH=5D_f=C3=BCr?= =?utf-8?q?_alle?="),
    "encoded sender": lambda: mail("[PATCH] a", sender="=?iso-8859-1?B?Suly9G1l?= <j@example.com>"),
    "quoted sender": lambda: mail("[PATCH] a", sender='"Thor, A U" <author@example.com>'),
    "comment sender": lambda: mail("[PATCH] a", sender="author@example.com (A U Thor)"),
    "bare sender": lambda: mail("[PATCH] a", sender="author@example.com"),
    "sender with an address for a name": lambda: mail("[PATCH] a", sender="x@y.example <author@example.com>"),
    "sender without at": lambda: mail("[PATCH] a", sender="Some Body <somebody>"),
    "in-body from": lambda: mail("[PATCH] a", f"From: Ä Ö <ao@example.com>\n\nWhy.\n---\n\n{DIFF}"),
    "in-body subject and date": lambda: mail(
        "[PATCH] a", f"\n\nFrom: B <b@example.com>\nSubject: [PATCH] other\n title\n"
        f"Date: Tue Mar 23 19:51:12 2021 +0100\n\nWhy.\n---\n\n{DIFF}"),
    "no in-body from behind text": lambda: mail("[PATCH] a", f"Why.\nFrom: B <b@example.com>\n---\n\n{DIFF}"),
    "format-patch inside": lambda: mail(
        "[PATCH] a", f">From {'1' * 40} Mon Sep 17 00:00:00 2001\nFrom: B <b@example.com>\n\nWhy.\n---\n\n{DIFF}"),
    "scissors stay": lambda: mail("[PATCH] a", f"Hello.\n\n-- >8 --\nSubject: b\n\nWhy.\n---\n\n{DIFF}"),
    "no dashes": lambda: mail("[PATCH] a", f"Why.\n\n{DIFF}"),
    "index line": lambda: mail("[PATCH] a", f"Why.\n\nIndex: kernel/fake.c\n====\n{DIFF}"),
    "white space": lambda: mail("[PATCH] a", f"\n\nWhy.   \n\n\n\nMore.\t\n\n\n---\n\n{DIFF}"),
    "base64": lambda: encoded("base64", "utf-8"),
    "quoted-printable": lambda: encoded("quoted-printable", "utf-8"),
    "latin-1": lambda: encoded("8bit", "iso-8859-1"),
    "latin-1 in quoted-printable": lambda: encoded("quoted-printable", "iso-8859-15"),
    "koi8": lambda: encoded("base64", "koi8-r", BODY.replace("Für alle", "Для всех")),
    "iso-2022-jp": lambda: encoded("7bit", "iso-2022-jp", BODY.replace("Für alle", "日本")),
    "flowed": lambda: encoded("7bit", "us-ascii", f"One \nline.\n---\n\n{DIFF.replace(chr(10) + ' ', chr(10) + '  ')}",
                              "; format=flowed"),
    "flowed with delsp": lambda: encoded("7bit", "us-ascii", "One li \nne.\n---\n\n"
                                         + DIFF.replace("\n ", "\n  "), "; format=flowed; delsp=yes"),
    "nested quotes": lambda: mail("[PATCH] a", f"> Why.\n> ---\n> {DIFF.splitlines()[0]}\n\nSo.\n---\n\n{DIFF}"),
}  # fmt: skip


@pytest.mark.parametrize("trait", TRAITS)
def test_a_trait_is_read_as_git_reads_it(trait: str, tmp_path: Path) -> None:
    assert compare_with_git(read_message(TRAITS[trait]()), tmp_path)


def test_bytes_of_no_declared_charset_are_guessed() -> None:
    """Left as they are, as git does, they make a commit that is not UTF-8."""
    patch = read_patch(read_message(mail("[PATCH] a", "") + BODY.encode("latin-1")), "01")
    assert patch.message.splitlines()[2] == "Für alle."
    patch = read_patch(read_message(mail("[PATCH] a", "") + BODY.encode("utf-8")), "01")
    assert patch.message.splitlines()[2] == "Für alle."


def test_parts_are_joined_and_signatures_left_out() -> None:
    patch = read_patch(read_message(mail("[PATCH] a", ATTACHED, headers=MULTIPART)), "01")
    assert patch.diff.decode() == DIFF
    assert patch.message == "a\n\nFür alle.\n"


def test_html_beside_the_text_is_left_out() -> None:
    body = (f"--=-x\nContent-Type: text/plain\n\nWhy.\n---\n{DIFF}\n"
            f"--=-x\nContent-Type: text/html\n\n<pre>{DIFF}</pre>\n--=-x--\n")  # fmt: skip
    headers = 'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="=-x"\n'
    assert read_patch(read_message(mail("[PATCH] a", body, headers=headers)), "01").diff.decode() == DIFF


def test_line_ends_of_transport_go_and_those_of_content_stay() -> None:
    transport = mail("[PATCH] a").replace(b"\n", b"\r\n")
    assert read_patch(read_message(transport), "01").diff.decode() == DIFF
    content = mail("[PATCH] a").replace(b"-second\n+zweite\n", b"-second\r\n+zweite\n")
    assert b"-second\r\n" in read_patch(read_message(content), "01").diff


def test_a_diff_keeps_the_bytes_of_its_file() -> None:
    raw = mail("[PATCH] a", "Why.\n---\n") + DIFF.encode().replace(b"zweite", b"\xe9\xff\x85 \x0c")
    (file,) = read_patch(read_message(raw), "01").files
    assert file.hunks[0].new[1] == b"\xe9\xff\x85 \x0c\n"


def test_a_message_knows_its_thread() -> None:
    raw = mail("Re: x", "yes\n", message_id="b@x", headers="References: <r@x>\n <a@x>\n"
               "In-Reply-To: <a@x> (A's message of \"today\")\n")  # fmt: skip
    one = read_message(raw)
    assert (one.message_id, one.in_reply_to, one.references, one.parent) == ("b@x", "a@x", ("r@x", "a@x"), "a@x")
    assert one.prefix is None
    assert one.sender == Person("A U Thor", "author@example.com")


def test_a_mail_without_a_date_always_makes_the_same_commit() -> None:
    raw = mail("[PATCH] a").replace(b"Date: Thu, 08 Apr 2021 12:36:05 +0200\n", b"")
    assert read_patch(read_message(raw), "01").date == "0 +0000"


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("Thu, 08 Apr 2021 12:36:05 +0200", "1617878165 +0200"),
        ("Thu, 8 Apr 2021 03:36:05 -0700 (PDT)", "1617878165 -0700"),
        ("8 Apr 2021 10:36:05 GMT", "1617878165 +0000"),
        ("Thu Apr 8 16:06:05 2021 +0530", "1617878165 +0530"),
        ("", ""),
        ("yesterday", ""),
        ("Thu, 99 Foo 2021 12:36:05 +0200", ""),
    ],
)
def test_dates(text: str, raw: str) -> None:
    assert git_date(text) == raw


# --- subjects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("[PATCH] a: b", (1, None, None, (), "a: b")),
        ("[PATCH RFC v2 3/8] a", (2, 3, 8, ("RFC",), "a")),
        ("[RFC PATCH 00/33] a", (1, 0, 33, ("RFC",), "a")),
        ("[PATCH tip v2 1/2] a", (2, 1, 2, ("tip",), "a")),
        ("[PATCH -next v3] a", (3, None, None, ("-next",), "a")),
        ("[PATCH 5.10.y 03/12] a", (1, 3, 12, ("5.10.y",), "a")),
        ("[PATCH AUTOSEL 4.19 009/244] a", (1, 9, 244, ("AUTOSEL", "4.19"), "a")),
        ("[PATCHv4 1/2] a", (4, 1, 2, (), "a")),
        ("[PATCH][v5] a", (5, None, None, (), "a")),
        ("[net-next,v2,1/3] a", (2, 1, 3, ("net-next",), "a")),
        ("[RFC] a", (1, None, None, ("RFC",), "a")),
        ("Re: [PATCH v4 05/10] a", None),
        ("AW: [PATCH v4 05/10] a", None),
        ("[tip: perf/core] a", None),
        ("[GIT PULL v2] a", None),
        ("a [PATCH] b", None),
        ("[BUG] a", None),
        ("", None),
    ],
)
def test_prefixes(subject: str, expected: tuple[int, int | None, int | None, tuple[str, ...], str] | None) -> None:
    prefix = parse_prefix(subject)
    told = prefix and (prefix.revision, prefix.number, prefix.total, prefix.tags, prefix.title)
    assert told == expected


@given(st.text(alphabet="Rre: []\tPATCHv1/2a", max_size=30))
def test_a_clean_subject_has_nothing_left_to_clean(subject: str) -> None:
    clean = clean_subject(subject)
    assert clean_subject(clean) == clean
    assert clean == " ".join(clean.split())


# --- mboxes --------------------------------------------------------------------------------------------------------


def test_an_mboxrd_is_unquoted_by_one_level() -> None:
    raw = mail("a", "From the start,\n>From then on,\n>>From there.\n")
    assert split_mbox(join_mbox([raw, raw])) == (raw, raw)


def test_an_mboxo_unquotes_only_what_it_quoted() -> None:
    data = b"From someone Thu Apr  8 12:36:05 2021\n" + mail("a", ">From then on,\n>>From there.\n")
    (raw,) = split_mbox(data)
    assert raw.endswith(b"\nFrom then on,\n>>From there.\n")


def test_prose_that_begins_with_from_separates_nothing() -> None:
    data = b"From someone Thu Apr  8 12:36:05 2021\n" + mail("a", "Hello,\n\nFrom here on 12 lines.\n")
    assert len(split_mbox(data)) == 1


def test_patch_files_need_no_separator() -> None:
    assert split_mbox(mail("[PATCH] a")) == (mail("[PATCH] a"),)


@given(st.lists(st.text(alphabet="From >\nx", max_size=60), min_size=1, max_size=4))
def test_joined_mail_comes_apart_again(bodies: list[str]) -> None:
    mails = [mail("a", f"{body}\n") for body in bodies]
    assert list(split_mbox(join_mbox(mails))) == mails


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "binary"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "not mail"),
        (b"just some text\nand more\n\n", "not mail"),
        (DIFF.encode() + b"\n\n", "not mail"),
        (b"From: a\nSubject: b\n", "truncated"),
        (SEPARATOR + mail("a", "x\n") + b"\n" + SEPARATOR + b"From: a\nSubj", "truncated: message 2 of 2"),
    ],
)
def test_what_is_no_mbox_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InputRefused, match=reason):
        split_mbox(data)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (mail("[PATCH] a", "no diff\n"), "no diff in it"),
        (encoded("base64", "utf-8")[:-9] + b"=\n", "base64"),
        (mail("[PATCH] a", ATTACHED.removesuffix("--=-x--\n"), headers=MULTIPART), "without its end"),
        (mail("[PATCH] a", "Why.\n---\n" + DIFF[:-8]), "truncated"),
        (mail("[PATCH] a", "Why.\n---\n" + DIFF[:-1]), "truncated"),
        (mail("[PATCH] a", "Why.\n---\n" + DIFF.replace("zweite", "z\0")), "NUL"),
    ],
)
def test_a_damaged_patch_is_refused_by_name(raw: bytes, reason: str) -> None:
    with pytest.raises(InputRefused, match=rf"^'\[PATCH\] a(: b)?': .*{reason}"):
        read_patch(read_message(raw), "01")


def test_a_damaged_reply_can_still_be_read() -> None:
    one = message("Re: x", "!!!!", headers="Content-Transfer-Encoding: base64\n")
    assert one.damage is not None


def test_a_mail_nested_without_end_is_refused() -> None:
    depth = 3000
    opened = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(depth))
    with pytest.raises(InputRefused, match="nested too deeply"):
        read_message(b"From: a\n" + opened.encode() + b"\nx\n")


@pytest.mark.parametrize("charset", ["rot13", "hex", "x-unknown", "undefined", "\N{SNOWMAN}"])
def test_a_charset_that_is_none_is_guessed(charset: str) -> None:
    headers = f"MIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\n"
    assert message("a", "Für alle\n", headers=headers).text == "Für alle\n"


def test_an_encoded_word_that_is_none_stays_as_it_is() -> None:
    assert message("[PATCH] =?utf-8?b?x?= y").subject == "[PATCH] =?utf-8?b?x?= y"


@given(st.binary(max_size=400))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    raw = mail("[PATCH] a", "") + body
    try:
        (one,) = read_messages(raw)
        read_patch(one, "01")
    except InputRefused as error:
        assert error.message
