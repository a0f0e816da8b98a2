"""The quick scan picks every record that a plain reading of the lines would pick."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from variant_helpers import row

from knowledge.tables.chromosomes import LENGTHS, chromosome_name
from tools.variants.scan import make_look, pick

NEAR = {"7": frozenset({100, 5000, 55191822}), "X": frozenset({77})}


def plain(line: str) -> bool:
    """Whether a line must be picked, written without NumPy."""
    cells = line.split("\t")
    if len(cells) != 10 or chromosome_name(cells[0]) is None or not cells[1].isdigit():
        return True
    name, position = chromosome_name(cells[0]), int(cells[1])
    if not 1 <= position <= LENGTHS["GRCh38"][name]:
        return True
    odd = len(cells[3]) != 1 or cells[3] not in "ACGTNacgtn" or cells[4][:1] == "<"
    odd = odd or "[" in line or "]" in line
    return odd or position in NEAR.get(name, ())


cells = st.sampled_from(
    [row("7", 100, "A", "C"), row("7", 101, "A", "C"), row("X", 77, "A", "C"), row("1", 77, "A", "C"),
     row("7", 5000, "AC", "A"), row("7", 4999, "ACG", "A"), row("7", 10**9, "A", "C"), row("7", 0, "A", "C"),
     row("7", 9, "A", "<DEL>"), row("7", 9, "A", "A]chr2:5]"), "chr7\t5\n", "\n", row("Un_K", 5, "A", "C"),
     row("7", 9, "Q", "C"), "x" * 50 + "\n", row("MT", 5, "A", "C"), row("7", 55191822, "T", "G", info="A|B"),
     row("7", 9, "A", "C").replace("\t9\t", "\tnine\t"), row("7", 8, "A", "C", info="D\x00P\x08"),
     row("7", 8, "A", "C").replace("\t8\t", "\t\t"), row("7", 8, "A", "C").replace("chr7\t", "\t"),
     row("7", 12345678901, "A", "C"), row("Un_KI270302v1_decoy", 5, "A", "C"), row("12", 9, "A", "C")]
)  # fmt: skip


@given(st.lists(cells, min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_the_scan_picks_what_a_plain_reading_picks(lines):
    look = make_look(NEAR, "GRCh38", 1, annotated=False, wide=False)
    count, picked = pick("".join(lines).encode(), look)
    assert count == len(lines)
    wanted = [i for i, line in enumerate(lines) if plain(line.rstrip("\n"))]
    assert [index for index, _ in picked] == wanted
    assert all(raw.decode() + "\n" == lines[index] for index, raw in picked)


def test_annotations_and_near_indels_are_picked_when_asked_for():
    lines = [row("7", 3000, "A", "C", info="CSQ=a|b"), row("7", 5100, "A", "AT"), row("7", 900_000, "A", "AT")]
    chunk = "".join(lines).encode()
    assert [i for i, _ in pick(chunk, make_look(NEAR, "GRCh38", 1, annotated=True, wide=False))[1]] == [0]
    assert [i for i, _ in pick(chunk, make_look(NEAR, "GRCh38", 1, annotated=False, wide=True))[1]] == [1]


def test_many_random_positions_are_told_apart():
    chance = random.Random(3)
    positions = sorted(chance.sample(range(1, 10_000_000), 20_000))
    wanted = set(chance.sample(positions, 500))
    look = make_look({"3": frozenset(wanted)}, "GRCh38", 1, annotated=False, wide=False)
    _, picked = pick("".join(row("3", p, "A", "C") for p in positions).encode(), look)
    assert [positions[index] for index, _ in picked] == sorted(wanted)
