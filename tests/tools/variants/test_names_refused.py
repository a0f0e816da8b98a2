"""Names that are not interpreted are refused with what to write instead."""

from __future__ import annotations

import pytest

from knowledge.errors import ToolRetry
from tools.variants.written import parse_written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BRCA1 c.(?_-1)_(96_?)del", "uncertain positions"),
        ("NM_000059.3:c.(67+1_68-1)_(316+1_317-1)del", "uncertain positions"),
        ("NM_007294.3:c.[68_69del;5266dup]", "one by one"),
        ("BRCA1 c.68_69huh", "not an edit of HGVS"),
        ("BRCA1 p.Foo12Bar", "not a protein change"),
        ("the patient is well", "not a variant"),
        ("A" * 400, "longer than 300"),
    ],
)
def test_a_name_that_is_not_read_says_why(text, said):
    with pytest.raises(ToolRetry, match=said):
        parse_written(text)
