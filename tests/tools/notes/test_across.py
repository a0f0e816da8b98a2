"""What one note settles in another."""

from __future__ import annotations

import datetime as dt

from knowledge.facts import FactValue
from tools.case import Note
from tools.notes.across import Read, reconcile
from tools.notes.extract import extract


def _read(*texts: str) -> tuple[dict[str, set[FactValue]], list[str]]:
    notes = [
        Note(handle=f"note-{n}", title=f"note {n}", text=text, date=dt.date(2026, 9, n), language="en")
        for n, text in enumerate(texts, start=1)
    ]
    read, settled = reconcile([Read(note, extract(note.text, "en", note.date)) for note in notes])
    facts: dict[str, set[FactValue]] = {}
    for _, found in read:
        for finding in found:
            if finding.usable:
                facts.setdefault(finding.fact.name, set()).add(finding.fact.value)
    return facts, [text for text, _ in settled]


IMAGING = "RUL mass 4.6 cm. L adrenal nodule 18 mm. Imp: lung ca stage IV (adrenal met)."


def test_a_benign_biopsy_of_the_only_suspected_site_takes_the_spread_and_the_stage_back() -> None:
    facts, settled = _read(IMAGING, "CT-guided core biopsy left adrenal: adrenal cortical adenoma. No malignancy.")
    assert facts["tumour.metastatic"] == {False}
    assert facts["tumour.adrenal_metastases"] == {False}
    assert "tumour.stage" not in facts
    assert settled == ["Spread in note 1 is not used: tissue of that site showed no tumour"]


def test_spread_elsewhere_stays() -> None:
    facts, _ = _read(IMAGING + " Liver metastases.", "Core biopsy left adrenal: adenoma. No malignancy.")
    assert True in facts["tumour.metastatic"]
    assert facts["tumour.adrenal_metastases"] == {False}


def test_a_biopsy_that_is_awaited_takes_nothing_back() -> None:
    facts, settled = _read(IMAGING, "Core biopsy left adrenal: pending.")
    assert facts["tumour.metastatic"] == {True}
    assert settled == []


def test_stations_give_the_n_category_once_the_side_of_the_tumour_is_known() -> None:
    ebus = "EBUS-TBNA: station {} - metastatic adenocarcinoma, TTF-1 pos. Station 7 - no malignant cells."
    for station, category in (("4R", "N2"), ("4L", "N3"), ("10R", "N1"), ("11L", "N3")):
        assert _read(IMAGING, ebus.format(station))[0]["tumour.n_stage"] == {category}
    assert _read(IMAGING, "EBUS: stations 4R, 7 and 4L - no malignant cells.")[0]["tumour.n_stage"] == {"N0"}


def test_tissue_decides_over_an_impression_of_the_same_organ() -> None:
    facts, settled = _read(
        "Impression: papillary thyroid cancer, for radioiodine.",
        "FNA right lobe: Bethesda VI, medullary thyroid carcinoma, calcitonin positive.",
    )
    assert facts["tumour.type"] == {"medullary_thyroid_cancer"}
    assert settled == ["The impression in note 1 is not used: tissue decides"]
