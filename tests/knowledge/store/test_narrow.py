"""A narrow question on a subject that the tables do not know is answered by passages about it, or by none."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.store.relevance import FEATURES, relevance


@pytest.mark.parametrize(
    ("held", "title", "cosine", "words", "stays"),
    [
        (1.0, 1.0, 0.4, 2, True),
        (1.0, 0.0, 0.7, 2, True),
        (1.0, 0.0, 0.5, 2, False),
        (0.5, 1.0, 0.9, 2, False),
        (1.0, 0.0, 0.3, 3, True),
        (0.8, 0.0, 0.3, 3, False),
    ],
    ids=[
        "in the title",
        "near as a whole",
        "only named in passing",
        "another syndrome",
        "all three words under another title",
        "two of three words",
    ],
)
def test_only_a_passage_about_the_subject_bears_on_a_narrow_question(held, title, cosine, words, stays):
    row = np.full((1, len(FEATURES)), 0.5)
    for name, value in (("subject_rare_coverage", held), ("subject_title_coverage", title), ("cosine", cosine)):
        row[0, FEATURES.index(name)] = value
    model = relevance()
    open_question = model.bearing("document", row, 0)[0]
    assert open_question > 0
    assert model.bearing("document", row, words)[0] == (open_question if stays else 0)
    assert model.bearing("recommendation", row, words)[0] == model.bearing("recommendation", row, 0)[0]
