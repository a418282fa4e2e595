# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that mean something to people: free space, and the end of an enumeration."""

from __future__ import annotations

import re

# The prefix is that of a struct's fields ("f_spare", "si_pad"), which has few letters; "nr_unused" is a number.
_RESERVED = re.compile(
    r"_*(?:(?!n_|nr_|no_|num_|min_|max_|len_|is_|has_)[a-z]{1,4}_+)?"
    r"(?:reserved?|rsvd|rsrvd|rsv|resvd?|pads?|padding|unused|not_?used|spare|fill|filler|mbz|dummy|hole)"
    r"(?:_*[0-9]+|_[0-9a-f]*[0-9][0-9a-f]*)*_*"  # reserved_d0 is the one at 0xd0
    r"|[a-z]*_{2,}res[0-9]*_*"
    r"|__+(?:reserved|rsvd|resv|pad|padding|unused)_\w+",
    re.IGNORECASE,
)
_SENTINEL = re.compile(
    r"(?:.*_)?(?:MAX|LAST|CNT|COUNT|NR|NUM)(?:_ID|_SHIFT|_ENTRY|_ENTRIES|_VALUE|_PLUS_ONE|_PLUS1|_TYPE|_TYPES)?_*[0-9]*"
    r"|_*(?:NR|NUM|MAX)_.+"
    r"|(?:.*_)?NUM_?[A-Z]+S"
    r"|(?:.*_)?NBITS"
    r"|__.+(?:_END_*|MAX)",
    re.IGNORECASE,
)


def is_reserved(path: str) -> bool:
    """Tell whether the last name of *path* says that nothing is there yet ("__reserved_1", "pad", "f_spare")."""
    return _RESERVED.fullmatch(path.rpartition(".")[2].removesuffix("[]")) is not None


def is_sentinel(name: str) -> bool:
    """Tell whether the enumerator *name* counts the others, or comes behind the last ("__IFLA_MAX", "NR_FOO")."""
    return _SENTINEL.fullmatch(name) is not None
