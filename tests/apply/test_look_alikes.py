# SPDX-License-Identifier: GPL-2.0-or-later
"""Text that looks like a patch and is not: what stands elsewhere in a file, and what was never there."""

from __future__ import annotations

from itertools import pairwise

import pytest

from seriestool.apply.series import apply_series
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE
from seriestool.model.outcome import Outcome, PatchOutcome
from tests.git.world import Files, commit, diff, patch, plain

FUNCTION = """\
static int {name}(struct device *device)
{{
\tint error;

\tmutex_lock(&device->lock);
\tdevice->busy = true;
\terror = begin_{name}(device);
\tif (error < 0) {{
{unlock}\t\treturn error;
\t}}
\tfinish_{name}(device);
\tmutex_unlock(&device->lock);
\treturn 0;
}}

"""
UNLOCK = "\t\tmutex_unlock(&device->lock);\n"
NAMES = ("attach", "detach", "suspend", "resume")


def driver(*unlocking: str, **other: str) -> str:
    """A file of four functions that look alike; *unlocking* are those that unlock where they fail."""
    texts = [FUNCTION.format(name=name, unlock=UNLOCK if name in unlocking else "") for name in NAMES]
    text = "".join(texts)
    for old, new in other.items():
        assert f"begin_{old}(device)" in text
        text = text.replace(f"begin_{old}(device)", new)
    return text


def judged(store: ObjectStore, before: Files, after: Files, target: Files, *options: str) -> PatchOutcome:
    one = patch("01", diff(store, before, after, *options))
    return apply_series(store, commit(store, target), [one], three_way=False).patches[0]


def test_an_error_path_of_another_function_is_no_evidence(store: ObjectStore) -> None:
    """All that the patch adds stands in the file, side by side as in the patch: in the functions beside it."""
    before, after = plain(f=driver("detach", "resume")), plain(f=driver("detach", "resume", "attach"))
    target = plain(f=driver("detach", "resume", attach="begin_attach(device, GFP_KERNEL)"))
    assert judged(store, before, after, target).outcome is Outcome.CONFLICT


def test_the_error_path_of_the_function_itself_is(store: ObjectStore) -> None:
    before, after = plain(f=driver("detach", "resume")), plain(f=driver("detach", "resume", "attach"))
    target = plain(f=driver("detach", "resume", "attach", attach="begin_attach(device, GFP_KERNEL)"))
    found = judged(store, before, after, target)
    assert found.outcome is Outcome.ALREADY_EVOLVED
    assert found.evidence == "likely: text: 1 of 1 added lines are in f, 2 of 2 new names"


def test_a_removed_line_that_stays_elsewhere_is_gone(store: ObjectStore) -> None:
    """The other functions keep theirs."""
    before = driver()
    after = before.replace("\tdevice->busy = true;\n", "\tset_busy(device, BUSY_ATTACHING);\n", 1)
    target = after.replace("begin_attach(device)", "begin_attach(device, GFP_KERNEL)")
    found = judged(store, plain(f=before), plain(f=after), plain(f=target))
    assert found.outcome is Outcome.ALREADY_EVOLVED
    assert found.evidence.endswith("1 of 1 removed lines are gone")


def test_lines_that_were_never_there_are_not_gone(store: ObjectStore) -> None:
    """An older tree has neither what the patch removes nor what it adds but for a line of another function."""
    removed = "".join(f"\tnewer_step_{number}(device);\n" for number in range(8))
    line = "\terror = begin_attach(device);\n"
    old = driver("detach")
    newer = old.replace(line, f"{removed}{line}")
    after = old.replace(line, f"\tolder_steps(device);\n{line}")
    after = after.replace("\tif (error < 0) {", f"\tif (error) {{\n{UNLOCK}", 1)
    target = old.replace("device->busy = true", "device->busy = 1")
    found = judged(store, plain(f=newer), plain(f=after), plain(f=target))
    assert found.outcome is Outcome.CONFLICT, found.evidence


@pytest.mark.parametrize("there", [False, True])
def test_of_a_series_that_is_there_a_patch_that_is_not(store: ObjectStore, there: bool) -> None:
    """Nothing of the last patch is there: that what it replaces has another form proves nothing."""
    states = [driver()]
    for number in range(3):
        lines = "".join(f"int fresh_{number}_{count}(struct device *device, int level);\n" for count in range(4))
        states.append(states[-1] + lines)
    last = states[-1].replace("\tfinish_suspend(device);\n", "\tfinish_later(device, LATER_DEFAULT);\n")
    form = "finish_later(device, LATER_USUAL)" if there else "finish_suspend(device, false)"
    tree = states[-1].replace("int level", "int depth, int level", 2).replace("finish_suspend(device)", form)
    steps = pairwise(plain(f=text) for text in (*states, last))
    patches = [patch(f"{number:02}", diff(store, *step)) for number, step in enumerate(steps, 1)]
    found = apply_series(store, commit(store, plain(f=tree)), patches, three_way=False).patches
    evolved = {Outcome.ALREADY, Outcome.ALREADY_EVOLVED}
    assert all(one.outcome in evolved for one in found[:3])
    assert (found[3].outcome in evolved) is there, found[3].evidence


def test_an_include_counts_wherever_it_stands(store: ObjectStore) -> None:
    """Macros and includes are the file's; what heading they happen to stand behind says nothing."""
    top = "#include <linux/device.h>\n\nenum level { LOW };\n#include <linux/last.h>\n\n"
    before = plain(f=top + driver())
    added = "#define LONGEST_WAIT 7\n#define LONGEST_SLEEP 9\n"
    after = plain(f=(top + driver()).replace("#include <linux/last.h>\n", f"#include <linux/last.h>\n{added}"))
    target = plain(f=f"#include <linux/other.h>\n{added}\nenum level {{ LOW, HIGH }};\n" + driver())
    assert judged(store, before, after, target).outcome is Outcome.ALREADY_EVOLVED


def test_python_and_what_else_has_no_headings(store: ObjectStore) -> None:
    before = "import os\n\n\nclass Reader:\n    def read(self):\n        self.begin()\n        return self.all()\n"
    added = "        self.begin_reading(os.path)\n        self.note_reading()\n"
    after = before.replace("        self.begin()\n", added)
    target = {"f.py": (FILE, after.replace("self.all()", "list(self.all())").encode())}
    found = judged(store, {"f.py": (FILE, before.encode())}, {"f.py": (FILE, after.encode())}, target)
    assert found.outcome is Outcome.ALREADY_EVOLVED
