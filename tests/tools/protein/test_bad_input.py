"""Files, mutations and sequences that cannot be used end in a typed error that says what is accepted."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.errors import BadInput, ToolFailed, ToolRetry
from tools.protein.mutation import parse_mutation
from tools.protein.reading import read_structure
from tools.protein.sequence import read_sequence, sequence_report
from tools.protein.tool import ProteinArguments, run
from tools.registry import ToolContext


def spoilt(text: str, line: int, start: int, new: str) -> str:
    lines = text.splitlines(keepends=True)
    lines[line] = lines[line][:start] + new + lines[line][start + len(new) :]
    return "".join(lines)


BAD_FILES: dict[str, tuple[Callable[[str], bytes], str]] = {
    "empty": (lambda _: b"", "empty"),
    "only spaces": (lambda _: b"  \n\n", "empty"),
    "a picture": (lambda _: b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
    "prose": (lambda _: b"Dear colleague,\nplease see this patient.\n", "no ATOM records"),
    "header only": (lambda _: b"HEADER    HYDROLASE\nEND\n", "no ATOM records"),
    "damaged gzip": (lambda t: gzip.compress(t.encode())[:200], "gzip"),
    "gzip of nothing": (lambda _: gzip.compress(b""), "empty"),
    "letters for x": (lambda t: spoilt(t, 2, 30, "   abcde").encode(), "line 3: the x coordinate"),
    "nan for y": (lambda t: spoilt(t, 3, 38, "     nan").encode(), "line 4: the y coordinate"),
    "infinite z": (lambda t: spoilt(t, 4, 46, "     inf").encode(), "line 5: the z coordinate"),
    "no residue number": (lambda t: spoilt(t, 1, 22, "    ").encode(), "line 2: the residue number"),
    "cut line": (lambda t: (t + "ATOM      1  N   MET A").encode(), "the x coordinate"),
    "carbon alphas only": (
        lambda t: "".join(li for li in t.splitlines(keepends=True) if " CA " in li).encode(),
        "no amino acid with a backbone",
    ),
    "water only": (
        lambda _: b"HETATM    1  O   HOH A   1       1.000   1.000   1.000  1.00 10.00           O\n",
        "no amino acid",
    ),
    "cif without atoms": (lambda _: b"data_x\n_cell.length_a 1\n", "atom_site"),
    "cif cut short": (lambda _: b"data_x\nloop_\n_atom_site.group_PDB\n_atom_site.id\nATOM\n", "atom_site"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_named_with_the_place_and_the_fault(name: str, tmp_path: Path, peptide_text: str) -> None:
    make, expected = BAD_FILES[name]
    path = tmp_path / "bad.pdb"
    path.write_bytes(make(peptide_text))
    with pytest.raises(BadInput) as caught:
        read_structure(path, "bad.pdb")
    assert expected in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_bad_file_stops_the_tool_in_the_child_process_with_the_same_error(
    tmp_path: Path, context_of: Callable[[Path], ToolContext]
) -> None:
    path = tmp_path / "bad.pdb"
    path.write_bytes(b"HEADER\n")
    with pytest.raises(BadInput, match="no ATOM records"):
        run(context_of(path), ProteinArguments(mutation="A:M1V"))


@pytest.mark.parametrize(
    "text", ["", "R175", "175H", "A:R175*", "A:R175fs", "R175R", "A:B175H", "A:Xaa5Gly", "chain A R175H", "x" * 200]
)
def test_a_mutation_that_is_no_exchange_is_refused(text: str) -> None:
    with pytest.raises(ToolRetry):
        parse_mutation(text)


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        ("Z:M1V", "Its protein chains are A"),
        ("A:R1V", "residue 1 of chain A is Met, not Arg"),
        ("A:M99V", "it runs from 1 to 12"),
        ("A:M1aV", "but it has 1"),
    ],
)
def test_a_residue_that_is_not_there_is_answered_with_what_is(
    mutation: str, expected: str, tmp_path: Path, peptide_text: str, context_of: Callable[[Path], ToolContext]
) -> None:
    path = tmp_path / "p.pdb"
    path.write_text(peptide_text)
    with pytest.raises(ToolRetry, match=expected):
        run(context_of(path), ProteinArguments(mutation=mutation))


def test_a_gap_is_named_by_its_ends(
    tmp_path: Path, peptide_text: str, context_of: Callable[[Path], ToolContext]
) -> None:
    path = tmp_path / "p.pdb"
    kept = [li for li in peptide_text.splitlines(keepends=True) if li[22:26].strip() not in ("5", "6", "7")]
    path.write_text("".join(kept))
    with pytest.raises(ToolRetry, match="a gap between 4 and 8"):
        run(context_of(path), ProteinArguments(mutation="A:I6V"))


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ("", "empty"),
        (">only a header", "empty"),
        ("MKTB", "Residue 4"),
        (">a\nMK\n>b\nMK", "several records"),
        ("ACGT" * 20, "looks like DNA"),
        ("M" * 50_000, "at most"),
    ],
)
def test_a_sequence_that_is_not_one_protein_is_refused(sequence: str, expected: str) -> None:
    with pytest.raises(ToolRetry, match=expected):
        read_sequence(sequence)


@pytest.mark.parametrize("mutation", ["M5V", "R99H", "M0V", "M1aV"])
def test_a_mutation_must_fit_the_sequence(mutation: str) -> None:
    with pytest.raises(ToolRetry, match=r"of the sequence is|has no residue"):
        sequence_report("MKTAYIAKQR", parse_mutation(mutation))


def test_without_a_structure_or_a_variant_the_tool_says_what_it_needs(
    tmp_path: Path, peptide_text: str, context_of: Callable[[Path], ToolContext]
) -> None:
    path = tmp_path / "p.pdb"
    path.write_text(peptide_text)
    context = context_of(path)
    with pytest.raises(ToolFailed, match="No missense variant"):
        run(context, ProteinArguments())
    with pytest.raises(ToolRetry, match="structure-1"):
        run(context, ProteinArguments(structure="structure-9", mutation="A:M1V"))
    bare = ToolContext(case=context.case.model_copy(update={"attachments": ()}), artifacts=context.artifacts)
    with pytest.raises(ToolFailed, match="no structure file"):
        run(bare, ProteinArguments(mutation="A:M1V"))
    with pytest.raises(ToolRetry, match="name the mutation"):
        run(bare, ProteinArguments(sequence="MKTAYIAKQR"))
