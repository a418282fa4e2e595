# SPDX-License-Identifier: GPL-2.0-or-later
"""The right posting out of a thread as threads are, and trailers to the patch they speak of."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from seriestool.errors import InputRefused, SeriestoolError, UsageError
from seriestool.formats.mail import Message, read_messages
from seriestool.model.series import Series
from seriestool.sources.reviews import series_trailers
from seriestool.sources.thread import find_postings, rebuild
from tests.mails import DIFF, message, real_messages

OTHER = DIFF.replace("zweite", "deuxième").replace("fake.c", "faux.c")


def body(diff: str = DIFF, more: str = "") -> str:
    return f"Why.\n\nSigned-off-by: A U Thor <author@example.com>\n---\n\n{diff}{more}-- \n2.39.5\n"


def posting(total: int, revision: int = 1, *, stem: str = "", parent: str | None = None) -> list[Message]:
    """A cover letter and its patches, each a reply to the cover."""
    version = f" v{revision}" if revision > 1 else ""
    stem = stem or f"v{revision}"
    cover = f"What.\n\nbase-commit: {'b' * 40}\nchange-id: 2026-x\nprerequisite-patch-id: {'c' * 40}\n"
    messages = [message(f"[PATCH{version} 0/{total}] all of it", cover, message_id=f"{stem}-0@x", parent=parent)]
    for number in range(1, total + 1):
        diff = DIFF.replace("zweite", f"{stem} {number}")
        subject = f"[PATCH{version} {number}/{total}] part {number}"
        messages.append(message(subject, body(diff), message_id=f"{stem}-{number}@x", parent=f"{stem}-0@x"))
    return messages


def notice(of: str) -> Message:
    return message(
        "[tip: perf/core] part 1", "The following commit has been merged\n\n" + body(),
        message_id=f"tip-{of}", parent=of, sender='"tip-bot2 for A" <tip-bot2@example.com>',
    )  # fmt: skip


def reply(to: str, text: str, message_id: str, sender: str = "R <r@example.com>") -> Message:
    return message("Re: [PATCH v4 1/2] part 1", text, message_id=message_id, parent=to, sender=sender)


def ids(series: Series) -> list[str]:
    return [patch.message_id for patch in series.patches]


def test_a_posting_is_found_among_notices_and_replies() -> None:
    thread = [
        *posting(2, 4),
        notice("v4-1@x"),
        reply("v4-1@x", body(), "r1@x"),
        reply("r1@x", f"> {DIFF}\nYes.\n", "r2@x"),
    ]
    series = rebuild(list(reversed(thread)), message_id="v4-0@x")
    assert (series.title, series.revision, ids(series)) == ("all of it", 4, ["v4-1@x", "v4-2@x"])
    assert [patch.number for patch in series.patches] == ["01", "02"]
    assert (series.cover_message_id, series.base_commit, series.change_id) == ("v4-0@x", "b" * 40, "2026-x")
    assert series.prerequisites == ("c" * 40,)
    assert series.cover is not None
    assert series.cover.startswith("What.\n")


@pytest.mark.parametrize("named", ["v4-0@x", "v4-2@x", "r2@x", "tip-v4-1@x"])
def test_any_message_of_the_thread_names_it(named: str) -> None:
    thread = [*posting(2, 4), notice("v4-1@x"), reply("v4-1@x", "Hm.\n", "r1@x"), reply("r1@x", "Yes.\n", "r2@x")]
    assert ids(rebuild(thread, message_id=named)) == ["v4-1@x", "v4-2@x"]


def test_the_newest_revision_is_taken_unless_another_is_named() -> None:
    thread = [*posting(2), *posting(3, 2, parent="v1-0@x"), *posting(2, 3, parent="v1-0@x")]
    assert rebuild(thread).revision == 3
    assert rebuild(thread, revision=2).revision == 2
    assert rebuild(thread, message_id="v1-1@x").revision == 1
    assert rebuild(thread, message_id="v1-1@x", revision=2).revision == 2
    with pytest.raises(UsageError, match="no revision v7 in this thread; there is v1, v2, v3"):
        rebuild(thread, revision=7)


def test_mail_that_came_twice_counts_once() -> None:
    assert len(rebuild([*posting(2), *posting(2)]).patches) == 2


def test_the_same_patch_sent_again_counts_once_and_another_is_refused() -> None:
    again = message("[PATCH 2/2] part 2", body(DIFF.replace("zweite", "v1 2")), message_id="again@x")
    assert ids(rebuild([*posting(2), again])) == ["v1-1@x", "v1-2@x"]
    changed = message("[PATCH 2/2] part 2", body(OTHER), message_id="other@x")
    with pytest.raises(InputRefused, match=r"patch 2/2 of 'all of it' v1 was posted in two forms: v1-2@x and other@x"):
        rebuild([*posting(2), changed])


def test_a_posting_sent_twice_is_two_postings() -> None:
    thread = [*posting(2), *posting(2, stem="again")]
    assert ids(rebuild(thread, message_id="again-2@x")) == ["again-1@x", "again-2@x"]
    with pytest.raises(UsageError, match="2 postings fit"):
        rebuild(thread)


def test_somebody_elses_patches_in_the_thread_stay_apart() -> None:
    stranger = [
        message(f"[PATCH {number}/2] mine", body(OTHER), message_id=f"s-{number}@x", parent="v1-0@x",
                sender="S <s@example.com>")
        for number in (1, 2)
    ]  # fmt: skip
    thread = [*posting(2), *stranger]
    assert ids(rebuild(thread, message_id="v1-0@x")) == ["v1-1@x", "v1-2@x"]
    assert ids(rebuild(thread, message_id="s-2@x")) == ["s-1@x", "s-2@x"]


def test_a_missing_patch_is_named() -> None:
    thread = [one for one in posting(5) if one.message_id != "v1-3@x"]
    with pytest.raises(InputRefused, match=r"^patch 3/5 of 'all of it' v1 is missing$"):
        rebuild(thread)
    with pytest.raises(InputRefused, match=r"^patches 1/20, 2/20, 3/20, 4/20, 5/20 and 15 more of 'all of it' v1 are"):
        rebuild(posting(20)[:1])


def test_a_partial_reroll_is_refused_with_the_whole_revision_named() -> None:
    reroll = message("[PATCH v2 2/3] part 2", body(OTHER), message_id="v2-2@x", parent="v1-2@x")
    thread = [*posting(3), reroll]
    with pytest.raises(InputRefused, match="v2 is a partial reroll: only patch 2/3 came again") as caught:
        rebuild(thread)
    assert caught.value.hint is not None
    assert "v1" in caught.value.hint
    assert rebuild(thread, revision=1).revision == 1


def test_a_single_patch_is_a_series() -> None:
    series = rebuild([message("[PATCH v2] one", body(more=f"base-commit: {'d' * 40}\n"), message_id="1@x")])
    assert (series.title, series.revision, len(series.patches), series.cover) == ("one", 2, 1, None)
    assert series.base_commit == "d" * 40


def test_single_patches_in_one_thread_are_postings_of_their_own() -> None:
    first = message("[PATCH] one", body(), message_id="1@x")
    second = message("[PATCH v2] one", body(OTHER), message_id="2@x", parent="1@x")
    assert ids(rebuild([first, second])) == ["2@x"]
    assert ids(rebuild([first, second], message_id="1@x")) == ["1@x"]


def test_patch_files_need_neither_ids_nor_numbers() -> None:
    files = [
        message("[PATCH 1/2] one", body(), sender="A <a@example.com>"),
        message("[PATCH 2/2] two", body(OTHER), sender="B <b@example.com>"),
    ]
    assert [patch.subject for patch in rebuild(files).patches] == ["one", "two"]
    bare = [message("[PATCH] two", body(OTHER)), message("[PATCH] one", body())]
    assert [patch.subject for patch in rebuild(bare).patches] == ["two", "one"]


def test_moods_do_not_split_a_posting_and_trees_do() -> None:
    mixed = [message("[PATCH 1/2] one", body()), message("[PATCH RFC 2/2] two", body(OTHER))]
    assert len(rebuild(mixed).patches) == 2
    trees = [message(f"[PATCH {tree} 1/1] one", body(), message_id=f"{tree}@x") for tree in ("5.10", "5.4")]
    assert len(find_postings(trees)) == 2


@pytest.mark.parametrize(
    ("thread", "error", "reason"),
    [
        ([], InputRefused, "no patch in it"),
        ([message("Re: [PATCH] a", body())], InputRefused, "no patch in it"),
        ([notice("v1-1@x")], InputRefused, "no patch in it"),
        ([message("[PATCH] a", "> " + DIFF.replace("\n", "\n> "))], InputRefused, "no patch in it"),
        ([message("[PATCH 3/2] a", body())], InputRefused, "its number is above the total"),
        (posting(1), UsageError, "does not hold the message unknown@x"),
        ([*posting(1), message("hello", "x\n", message_id="unknown@x")], UsageError, "belongs to no posted series"),
    ],
)
def test_what_is_no_series_is_refused(thread: Sequence[Message], error: type[SeriestoolError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        rebuild(thread, message_id="unknown@x" if error is UsageError else None)


def test_replies_in_a_circle_end() -> None:
    circle = [reply("b@x", "x\n", "a@x"), reply("a@x", "Acked-by: R <r@example.com>\n", "b@x")]
    series = rebuild([*posting(1), *circle], message_id="v1-0@x")
    assert series_trailers(circle, series) == {"v1-1@x": ()}
    with pytest.raises(UsageError, match="belongs to no posted series"):
        rebuild([*posting(1), *circle], message_id="a@x")


# --- trailers ------------------------------------------------------------------------------------------------------


def trailers(*replies: Message) -> dict[str, tuple[str, ...]]:
    thread = [*posting(2, 4), *replies]
    return dict(series_trailers(thread, rebuild(thread, message_id="v4-0@x")))


ACK = "Acked-by: R <r@example.com> # m68k"


@pytest.mark.parametrize(
    ("replies", "first", "second"),
    [
        pytest.param([reply("v4-1@x", f"> text\n\n{ACK}\n", "r@x")], (ACK,), (), id="reply"),
        pytest.param([reply("v4-0@x", f"{ACK}\n", "r@x")], (ACK,), (ACK,), id="on the cover"),
        pytest.param([reply("v4-1@x", f"> {ACK}\n", "r@x")], (), (), id="quoted"),
        pytest.param([reply("v4-1@x", "Reviewed-by: you should\n", "r@x")], (), (), id="no person"),
        pytest.param([reply("v4-2@x", "?\n", "q@x"), reply("q@x", f"{ACK}\n", "r@x")], (), (ACK,), id="deeper"),
        pytest.param([reply("v4-1@x", body(OTHER), "d@x"), reply("d@x", f"{ACK}\n", "r@x")], (), (), id="of a diff"),
        pytest.param([reply("v4-1@x", f"{ACK}\n{DIFF}", "d@x")], (), (), id="with a diff"),
        pytest.param([notice("v4-1@x"), reply("tip-v4-1@x", f"{ACK}\n", "r@x")], (), (), id="on a notice"),
        pytest.param([reply("v4-1@x", f"{ACK}\n", "r@x"), reply("v4-1@x", f"{ACK}\n", "s@x")], (ACK,), (), id="twice"),
        pytest.param([reply("none@x", f"{ACK}\n", "r@x")], (), (), id="elsewhere"),
    ],
)
def test_a_trailer_belongs_to_what_it_answers(
    replies: list[Message], first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    assert trailers(*replies) == {"v4-1@x": first, "v4-2@x": second}


# --- the real threads ----------------------------------------------------------------------------------------------

FLAGSHIP = "20210408103605.1676875-1-elver@google.com"


def thread(folder: Path, name: str) -> tuple[Message, ...]:
    return read_messages(gzip.decompress((folder / name / "t.mbox.gz").read_bytes()))


def test_the_flagship_comes_out_right(shared_lore: Path) -> None:
    messages = thread(shared_lore, FLAGSHIP)
    series = rebuild(messages, message_id=FLAGSHIP)
    assert (series.revision, series.title) == (4, "Add support for synchronous signals on perf events")
    assert ids(series) == [f"20210408103605.1676875-{number}-elver@google.com" for number in range(2, 12)]
    assert [len(patch.files) for patch in series.patches][:3] == [2, 1, 4]
    assert [sum(len(file.hunks) for file in patch.files) for patch in series.patches][:6] == [9, 1, 11, 4, 16, 11]
    assert str(series.patches[0].author) == "Peter Zijlstra <peterz@infradead.org>"
    # Marek Szyprowski's Reported-by and Tested-by answer a mail with a diff of its own: the fix, not patch 05.
    assert all(not given for given in series_trailers(messages, series).values())


def test_the_fix_has_the_test_that_was_sent_for_it(shared_lore: Path) -> None:
    messages = thread(shared_lore, "20210422064437.3577327-1-elver@google.com")
    series = rebuild(messages, message_id="20210422064437.3577327-1-elver@google.com")
    assert [given for given in series_trailers(messages, series).values() if given] == [
        ("Tested-by: Jon Hunter <jonathanh@nvidia.com>",)
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("20210223143426.2412737-1-elver@google.com", "patch 4/4 of .* v1 is missing"),
        ("20210310104139.679618-1-elver@google.com", "patches 2/8, 6/8 of .* v2 are missing"),
        ("161858530998.29796.5867430906963081816.tip-bot2@tip-bot2", "no patch in it"),
    ],
)
def test_threads_that_the_archive_holds_in_part_are_refused(shared_lore: Path, name: str, reason: str) -> None:
    with pytest.raises(InputRefused, match=reason):
        rebuild(thread(shared_lore, name), message_id=name)


def test_a_thread_of_many_postings_is_told_apart(shared_lore: Path) -> None:
    messages = thread(shared_lore, "YIpkvGrBFGlB5vNj@elver.google.com")
    found = {posting.messages[0].message_id: posting.named for posting in find_postings(messages)}
    assert found["m1a6ot5e2h.fsf_-_@fess.ebiederm.org"] == "'siginfo: ABI fixes for TRAP_PERF' v4"
    assert len(rebuild(messages, message_id="87a6mnzbx2.fsf_-_@disp2133").patches) == 6


def test_every_single_mail_is_a_series_or_refused_with_a_reason(shared_mail: Path) -> None:
    good = 0
    for name, one in real_messages(shared_mail):
        try:
            series = rebuild([one])
        except InputRefused as error:
            assert "missing" in error.message or "truncated" in error.message, name
        else:
            assert ids(series) == [one.message_id]
            good += 1
    assert good >= 25


def test_different_series_in_one_mbox_are_never_chosen_from() -> None:
    other = [message("[PATCH v2] net: fix a leak nobody saw", body(), message_id="net@x")]
    with pytest.raises(InputRefused, match="2 different series in it"):
        rebuild([*posting(3), *other])
