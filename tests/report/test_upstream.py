# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said beside the matrix: forms of patches, differences, and follow-ups that are missing."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from jsonschema import Draft202012Validator
from rich.console import Console, RenderableType

from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import FollowUp, FollowUpReason, Variant
from seriestool.model.upstream import Closure, FollowUpState, FormDifference
from seriestool.report.html import render_html
from seriestool.report.json import apply_json
from seriestool.report.terminal import render_text
from seriestool.report.upstream import form_sentence, group, note_of, range_diff_lines, render_form, render_missing
from tests.conftest import ROOT
from tests.records import flagship

DIFFERENCE = FormDifference("06", "9" * 40, "7" * 40, "a" * 40, "1:  abc ! 1:  def x\n    -\tone\n    +\ttwo\x1b[31m\n")


def follow_up(title: str, reason: FollowUpReason = FollowUpReason.SIBLING, posting_id: str | None = "c@x") -> FollowUp:
    """Return a follow-up of patch 05."""
    posting = "a posting" if posting_id else None
    return FollowUp(title, f"{title}@x", None, reason, ("05",), f"why {title}", f"what {title}", posting, posting_id)


def state(one: FollowUp, *trees: str) -> FollowUpState:
    """Return it as missing on *trees*."""
    return FollowUpState(one, None, trees)


CLOSURE = Closure(
    (
        state(follow_up("alone", FollowUpReason.FIXES, None), "stable-5.10"),
        state(follow_up("first"), "stable-5.10"),
        state(follow_up("second", FollowUpReason.SAME_LINES), "stable-5.10"),
        state(follow_up("applied", FollowUpReason.FIXES, None)),
    ),
    "the archive x",
)


def shown(what: RenderableType) -> str:
    """Return what a terminal of 100 columns shows."""
    file = io.StringIO()
    Console(file=file, width=100, color_system=None).print(what)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def landed_trees() -> tuple[TreeOutcome, ...]:
    """Return the flagship's outcomes with 01-08 as they landed."""
    (tree,) = flagship().trees
    forms = {f"{number:02}": Variant.LANDED for number in range(1, 9)}
    return (
        replace(
            tree,
            patches=tuple(replace(one, variant=forms.get(one.number, Variant.POSTED)) for one in tree.patches),
        ),
    )


def test_forms_are_told_in_short() -> None:
    trees = landed_trees()
    numbers = ", ".join(one.number for one in trees[0].patches if one.variant is Variant.POSTED)
    posted = "09-11" if numbers == "09, 10, 11" else numbers
    assert form_sentence(trees) == f"01-08 as upstream has them; {posted} as posted"
    told = form_sentence(trees, [replace(DIFFERENCE, range_diff=None)])
    assert told is not None
    assert told.endswith("; upstream's form of 06 differs from the posting (--range-diff shows how)")
    assert "(--range-diff" not in str(form_sentence(trees, [DIFFERENCE]))


def test_nothing_is_said_where_all_is_as_posted_and_nothing_else_is_known() -> None:
    assert form_sentence(flagship().trees) is None
    assert shown(render_form(flagship().trees)).strip() == ""
    assert shown(render_missing(Closure((), "x"), several=False)).strip() == ""


def test_a_range_diff_is_neither_cut_nor_able_to_steer_the_terminal() -> None:
    assert list(range_diff_lines([DIFFERENCE, replace(DIFFERENCE, range_diff=None)])) == [
        "", "1:  abc ! 1:  def x", "    -   one", "    +   two\ufffd[31m",
    ]  # fmt: skip


def test_what_was_posted_together_is_one_item_with_its_strongest_reason() -> None:
    alone, both, _ = group(CLOSURE.states)
    assert (alone.title, alone.message_id) == ("alone", "alone@x")
    assert (both.title, both.message_id) == ("a posting (2 patches)", "c@x")
    assert note_of(both) == "why second; what second"


def test_only_what_is_missing_is_shown_with_where_it_was_looked_for() -> None:
    assert shown(render_missing(CLOSURE, several=True)) == (
        "\n"
        "follow-ups that were not applied\n"
        "- alone (on stable-5.10)\n"
        "  alone@x: why alone; what alone\n"
        "- a posting (2 patches) (on stable-5.10)\n"
        "  c@x: why second; what second\n"
        "  - first\n"
        "  - second\n"
        "looked for in the archive x\n"
    )


def test_a_run_tells_in_which_form_patches_were_taken() -> None:
    record = replace(flagship(), trees=landed_trees())
    assert "form: 01-08 as upstream has them" in render_text(record)
    assert "<dt>form</dt><dd>01-08 as upstream has them" in render_html(record)
    assert "<dt>form</dt>" not in render_html(flagship())


def test_apply_json_has_all_of_it_as_the_schema_says() -> None:
    record = flagship()
    output = apply_json(record.slug, record.revision, landed_trees(), differences=[DIFFERENCE], closure=CLOSURE)
    schema = json.loads((ROOT / "docs/reference/schema/apply.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(json.dumps(output)))
    assert [one["missing_on"] for one in output["follow_ups"]] == [["stable-5.10"]] * 3 + [[]]
    assert output["form_differences"][0]["range_diff"] == DIFFERENCE.range_diff
    assert output["follow_ups_searched"] == "the archive x"
    assert [one["variant"] for one in output["trees"][0]["patches"]].count("landed") == 8
