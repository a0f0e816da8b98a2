"""What is said of a scan is said in English and in Chinese."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import pytest

from knowledge.errors import ToolFailed, ToolRetry
from tests.tools.imaging.test_qc import scan
from tests.tools.imaging.test_tool import context
from tools.imaging.qc import check
from tools.imaging.study import Study
from tools.imaging.words import say, sentences
from tools.registry import call_tool


@pytest.mark.parametrize("key", sentences())
def test_both_languages_say_the_same_values(key):
    def fields(language):
        text = sentences()[key][language]
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    named = {re.sub("_(en|zh)$", "", name) for name in fields("en")} - {"claim"}
    assert {re.sub("_(en|zh)$", "", name) for name in fields("zh")} - {"scan"} == named - {"scan"}
    assert re.search("[\u4e00-\u9fff]", sentences()[key]["zh"])
    assert set(sentences()[key]) == {"en", "zh"}


def test_a_doubtful_scan_is_named_in_chinese():
    found = check(scan(body_part="BRAIN", spacing=(1.5, 2.0, 6.0)))
    assert found.sentences("warning", language="zh") == ("层间距6.0 mm，小病灶和体积的测量不确定",)
    with pytest.raises(ToolFailed, match="不宜自动勾画：扫描部位为BRAIN"):
        Study(scan(body_part="BRAIN")).require_trust("zh")
    assert "body part is BRAIN" in found.sentences("reject")[0]


@pytest.mark.parametrize(("language", "words"), [("en", "no lesion is marked"), ("zh", "未标出病灶位置")])
def test_a_scan_that_is_not_searched_asks_for_a_mark_in_the_language_of_the_draft(tmp_path, language, words):
    import nibabel as nib
    import numpy as np

    from tests.tools.imaging import phantoms

    path = tmp_path / "mr.nii.gz"
    noise = np.random.default_rng(0).normal(0, 5, phantoms.SHAPE)
    nib.save(nib.Nifti1Image((phantoms.phantom() + 1100 + noise).astype(np.float32), np.diag([1.5, 2, 3, 1])), path)
    made = context(tmp_path, path, modality="MR")
    with pytest.raises(ToolRetry, match=words):
        call_tool("segment_lesion", {}, replace(made, language=language))


def test_a_sentence_without_its_value_is_an_error():
    with pytest.raises(KeyError):
        say("body_part", "en")
