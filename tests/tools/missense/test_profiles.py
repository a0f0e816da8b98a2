"""What relatives say: joining alignments, weights, profiles and their storage."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.errors import BadInput
from tools.missense.observed import Aligned, observe, unpack
from tools.missense.relatives import Relatives, profile
from tools.missense.substitution import INDEX
from tools.missense.training.alignments import read_hits

OWN = "MKTAYIAKQRQISFVKSHFSRQLEER"


def changed(at: int, letter: str) -> str:
    return OWN[: at - 1] + letter + OWN[at:]


def test_a_relative_is_placed_residue_by_residue_across_gaps_and_insertions():
    own = "TAYIAK--QRQISFVKSH"
    other = "TAYV-KGGQRQISFVKSH"
    seen = observe(OWN, [Aligned(3, own, other, 0.8)])
    counted = seen.counts.round().astype(int)
    assert counted.tolist() == [0, 0, 1, 1, 1, 1, 0, *[1] * 11, *[0] * 8]
    assert seen.nearest[5, INDEX["V"]] == 204
    assert seen.nearest[5, INDEX["I"]] == 0


def test_copies_of_one_relative_do_not_outweigh_a_different_one():
    same = [Aligned(1, OWN, changed(6, "V"), 0.95)] * 20
    other = Aligned(1, OWN, "".join(reversed(OWN)), 0.3)
    shares = observe(OWN, [*same, other]).shares[5] / 255
    assert shares[INDEX["V"]] < 20 * shares[INDEX[OWN[-6]]]


def test_short_alignments_say_nothing():
    assert observe(OWN, [Aligned(1, OWN[:14], OWN[:14], 1.0)]).relatives == 0


def test_what_was_seen_survives_storage():
    seen = observe(OWN, [Aligned(1, OWN, changed(6, "V"), 0.95), Aligned(1, OWN, changed(9, "E"), 0.9)])
    again = unpack(seen.pack(), OWN, seen.relatives)
    assert np.array_equal(seen.kinds, again.kinds)
    assert np.array_equal(seen.nearest > 0, again.nearest > 0)
    assert np.abs(seen.nearest.astype(int) - again.nearest).max() <= 255 / 15 / 2 + 1
    assert np.abs(np.sqrt(seen.shares / 255) - np.sqrt(again.shares / 255)).max() <= 0.5 / 15 + 0.01
    assert np.abs(seen.depth.astype(int) - again.depth).max() <= 2


def test_without_relatives_the_profile_is_what_blosum62_expects_and_with_them_what_they_have():
    alone = profile(OWN, observe(OWN, []))
    assert np.allclose(alone.shares.sum(axis=1), 1, atol=1e-5)
    assert alone.shares[5, INDEX["V"]] > alone.shares[5, INDEX["D"]]
    rows = [Aligned(1, OWN, changed(6, letter), 0.9) for letter in "DEDEDENQNQ"]
    seen = profile(OWN, observe(OWN, rows))
    assert seen.shares[5, INDEX["D"]] > 3 * alone.shares[5, INDEX["D"]]
    assert seen.conservation[5] < seen.conservation[6]
    assert seen.kinds[5] == 5


@pytest.mark.parametrize("sequence", ["M", "MK", "MKX", "U" * 30])
def test_a_profile_of_any_sequence_adds_up(sequence):
    made = profile(sequence, observe(sequence, []))
    assert np.allclose(made.shares.sum(axis=1), 1, atol=1e-5)


def test_a_search_finds_a_relative_and_leaves_the_protein_itself_out():
    domain = "MGSNKSKPKDASQRRRSLEPAENVHGAGGGAFPASQTPSKPASADGHRGPSAAFAPAAAEPKLFGGFNSSDTVTSPQRAGPLAGGVTTFVALYDYESRTE"
    other = domain.replace("K", "R").replace("S", "T").replace("A", "G", 4)
    seen = Relatives({"itself": domain, "other": other}).observe(domain)
    assert seen.relatives >= 1
    assert seen.nearest[domain.index("K"), INDEX["R"]] > 0
    assert Relatives({"itself": domain}).observe(domain).relatives == 0


def test_hits_are_read_query_by_query_and_the_protein_itself_is_left_out(tmp_path):
    line = "P1\tQ9\t{}\t1e-9\t1\t20\t1.0\t1.0\tMKTAYIAKQRQISFVKSHFS\tMKTAYIAKQRQISFVKSHFT\n"
    file = tmp_path / "hits.tsv"
    file.write_text(line.format(0.95) + line.format(1.0) + line.format(0.5).replace("P1", "P2"))
    assert [(name, len(rows)) for name, rows in read_hits(file)] == [("P1", 1), ("P2", 1)]
    file.write_text("P1\tQ9\t0.9\n")
    with pytest.raises(BadInput, match="ten columns"):
        list(read_hits(file))
