"""The tool and the command: from a structure, a variant in the ledger, or a sequence, to cited sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import main
from knowledge.facts import Fact
from tools.evidence import Evidence, Provenance, TableRow
from tools.protein.mutation import known_residues, parse_mutation
from tools.protein.tool import ProteinArguments, run
from tools.registry import ToolContext, call_tool

PNG = b"\x89PNG\r\n\x1a\n"


def variant(gene: str, change: str) -> Evidence:
    return Evidence(
        kind="variant", claim=f"{gene} {change}.",
        facts=(Fact(name="variant.gene", value=gene), Fact(name="variant.hgvs_p", value=change)),
        locator=TableRow(table="ClinVar", release="x", record="1"),
        provenance=Provenance(tool="annotate_variants", tool_version="1"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "chain", "label", "short"),
    [
        ("A:R175H", "A", "175", "R175H"),
        ("R175H", None, "175", "R175H"),
        ("A:Arg175His", "A", "175", "R175H"),
        ("L:S52aP", "L", "52a", "S52aP"),
        ("L:S100AP", "L", "100A", "S100AP"),
        ("A:M-3V", "A", "-3", "M-3V"),
        ("p.(Arg175His)", None, "175", "R175H"),
        ("A:H175H2", None, None, None),
    ],
)
def test_mutations_are_read_as_people_write_them(
    text: str, chain: str | None, label: str | None, short: str | None
) -> None:
    if label is None:
        from knowledge.errors import ToolRetry

        with pytest.raises(ToolRetry):
            parse_mutation(text)
        return
    found = parse_mutation(text)
    assert (found.chain, found.label, found.text) == (chain, label, short)


@pytest.mark.shared_data
def test_a_named_mutation_gives_two_sentences_whose_numbers_are_facts_and_a_picture(
    pdb_folder: Path, context_of: Callable[[Path], ToolContext]
) -> None:
    context = context_of(pdb_folder / "1TUP.pdb.gz")
    result = call_tool("protein_site", {"mutation": "B:R248Q"}, context)
    site, change = result.evidence
    assert site.locator.model_dump()["residue"] == "248"
    assert "nucleic acid" in site.claim
    distance = site.fact("structure.nucleic_acid_distance")
    assert distance is not None
    assert f"{distance.value:g} Å" in site.claim
    ddg = change.fact("structure.ddg")
    assert ddg is not None
    assert f"{ddg.value:g} kcal/mol" in change.claim
    assert change.provenance.weights_sha256
    report = result.payload.sites[0]  # type: ignore[attr-defined]
    assert context.artifacts.read(report.picture).startswith(PNG)
    again = call_tool("protein_site", {"mutation": "B:R248Q"}, context)
    assert [item.id for item in again.evidence] == [item.id for item in result.evidence]


@pytest.mark.shared_data
def test_variants_of_the_ledger_are_placed_only_in_a_chain_that_is_the_gene(
    pdb_folder: Path, context_of: Callable[[Path], ToolContext]
) -> None:
    plain = context_of(pdb_folder / "1TUP.pdb.gz")
    ledger = {
        item.id: item
        for item in (
            variant("TP53", "p.(Arg273His)"),
            variant("TP53", "p.Arg72Pro"),
            variant("TP53", "p.Arg196Ter"),
            variant("BRCA1", "p.Cys61Gly"),
        )
    }
    context = ToolContext(case=plain.case, artifacts=plain.artifacts, ledger=ledger)
    result = run(context, ProteinArguments())
    sites = result.payload.sites  # type: ignore[attr-defined]
    assert [(s.gene, s.old + s.residue + s.new) for s in sites] == [("TP53", "R273H")]
    assert sites[0].chain == "B", "of the three copies, the one that touches the DNA"
    assert any("also stands in chain A, C" in text for text in result.warnings)
    agreeing, compared = sites[0].agreement
    assert agreeing >= 0.9 * compared >= 9
    unmapped = result.payload.unmapped  # type: ignore[attr-defined]
    assert any("R72P" in text and "94" in text for text in unmapped)
    assert any("BRCA1" in text for text in unmapped)


def test_residues_known_from_clinvar_are_those_of_the_protein() -> None:
    known = known_residues("TP53")
    assert (known.get(175), known.get(248), known.get(273)) == ("R", "R", "R")
    assert known_residues("NOSUCHGENE") == {}


def test_a_sequence_alone_is_said_to_be_weaker_and_follows_protparam() -> None:
    from Bio.SeqUtils.ProtParam import ProteinAnalysis

    from tools.protein.sequence import sequence_report

    sequence = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"
    report = sequence_report(sequence, parse_mutation("K8E"))
    changed = sequence[:7] + "E" + sequence[8:]
    assert report.isoelectric_point[1] == pytest.approx(ProteinAnalysis(changed).isoelectric_point(), abs=0.01)
    assert report.charge_change == -2
    assert report.blosum62 == 1
    assert report.mass_change_da == pytest.approx(0.94, abs=0.02)


@pytest.mark.shared_data
def test_the_command_prints_only_json(pdb_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["protein", str(pdb_folder / "1BPI.pdb.gz"), "--mutation", "A:F22A", "--json"])
    assert leaving.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["sites"][0]["residue"] == "22"
    assert len(printed["claims"]) == 2


def test_the_command_reads_a_sequence_and_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.fasta"
    path.write_text(">p\nMKTAYIAKQRQISFVKSHFSRQ\n")
    for arguments, code in (([str(path), "--mutation", "K2R"], 0), ([str(path), "--mutation", "A2R"], 2),
                            ([str(tmp_path / "none.pdb"), "--mutation", "A2R"], 1)):  # fmt: skip
        with pytest.raises(SystemExit) as leaving:
            main(["protein", *arguments])
        assert leaving.value.code == code
    shown = capsys.readouterr()
    assert "weaker than a structure" in " ".join(shown.out.split())
    assert "Residue 2 of the sequence is K, not A" in shown.err
