"""Inherited and late risks that letters give as parts."""

from __future__ import annotations

import pytest

from tools.notes.document import read
from tools.notes.inherited import inherited_facts


def facts(text: str) -> set[tuple[str, object]]:
    return {(s.hit.fact.name, s.hit.fact.value) for s in inherited_facts(read(text)) if s.context.time == "current"}


BIALLELIC = ("germline.MUTYH_biallelic", True)
LEIDEN = ("condition.factor_v_leiden", True)
CHEST = ("condition.chest_radiotherapy_before_30", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Germline panel: MUTYH c.536A>G het, pathogenic + c.1187G>A het, pathogenic.", BIALLELIC),
        ("Compound heterozygous for two MUTYH variants.", BIALLELIC),
        ("Panel: homozygous MUTYH c.1187G>A, pathogenic.", BIALLELIC),
        ("Thrombophilia: heterozygous factor V Leiden.", LEIDEN),
        ("Her mother had a PE, so the family was tested: pt is heterozygous c.1601G>A (FVL).", LEIDEN),
        ("Mantle radiotherapy 36 Gy at age 17 for Hodgkin lymphoma.", CHEST),
        ("Treated at the age of 19 with ABVD and mediastinal radiotherapy.", CHEST),
        ("患者19岁时因霍奇金淋巴瘤行纵隔放疗。", CHEST),
    ],
)
def test_what_the_parts_say_together_is_read(text, expected):
    assert expected in facts(text)


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("Germline panel: MUTYH c.1187G>A heterozygous, pathogenic. APC: nothing.", BIALLELIC),
        ("MUTYH c.536A>G pathogenic and c.934-2A>G, a variant of uncertain significance.", BIALLELIC),
        ("Factor V Leiden not detected.", LEIDEN),
        ("Her mother is a carrier of factor V Leiden.", LEIDEN),
        ("Factor V Leiden: negative.", LEIDEN),
        ("Chest radiotherapy at age 52 for lung cancer.", CHEST),
        ("No mediastinal radiotherapy was given at age 17.", CHEST),
    ],
)
def test_one_allele_a_relative_or_a_later_age_is_not_taken_for_it(text, absent):
    assert absent not in facts(text)
