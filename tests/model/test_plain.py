# SPDX-License-Identifier: GPL-2.0-or-later
"""Values as JSON carries them; the round trip of every field is tested with the store."""

from __future__ import annotations

import json

import pytest

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict, Change, ChangeKind, PatchAbi
from seriestool.model.layout import Encoding, Layout, Member, Record
from seriestool.model.plain import from_plain, to_plain

CHANGE = Change("struct s", "a.b", ChangeKind.OFFSET, "12", "16", True, "linux/s.h", "why")
RESULT = AbiResult("arm", AbiVerdict.BREAKS, (CHANGE,), cures=("01",), cured_by=None)
MATRIX = AbiMatrix("s", "t", "5.10", ("arm",), (PatchAbi("01", "one", (RESULT,)),), (RESULT,))


def test_a_matrix_goes_through_json() -> None:
    assert from_plain(AbiMatrix, json.loads(json.dumps(to_plain(MATRIX)))) == MATRIX


def test_a_record_within_a_record() -> None:
    inner = Record("", "struct", 4, 4, (Member("x", 0, 32, "int", Encoding.SIGNED, 4, dims=(2, None)),))
    outer = Member("", 0, 32, "struct", Encoding.STRUCT, 4, record=inner)
    layout = Layout("arm", (Record("struct s", "struct", 4, 4, (outer,)),), aliases=(("a", "b"),))
    assert from_plain(Layout, json.loads(json.dumps(to_plain(layout)))) == layout


def test_what_an_older_version_did_not_write_is_the_default() -> None:
    assert from_plain(AbiResult, {"abi": "arm", "verdict": "same"}) == AbiResult("arm", AbiVerdict.SAME)


@pytest.mark.parametrize(
    ("plain", "error"),
    [
        (None, TypeError),
        ([], TypeError),
        ({"abi": "arm"}, KeyError),
        ({"abi": "arm", "verdict": "perhaps"}, ValueError),
        ({"abi": 1, "verdict": "same"}, TypeError),
        ({"abi": "arm", "verdict": "same", "cures": "01"}, TypeError),
        ({"abi": "arm", "verdict": "same", "changes": [{}]}, KeyError),
        ({"abi": "arm", "verdict": "same", "colour": "red"}, ValueError),
    ],
)
def test_what_was_never_written_is_refused(plain: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        from_plain(AbiResult, plain)


def test_what_json_cannot_carry_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        to_plain(b"")
