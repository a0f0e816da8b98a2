"""Tables against Biopython's copies; geometry against DSSP, Bio.PDB and published facts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tools.protein.reading import read_structure
from tools.protein.residues import HYDROPATHY, MAX_AREA_A2, ORDER, THREE_LETTER, VOLUME_A3
from tools.protein.rotamers import dihedral_rad
from tools.protein.secondary import SIMPLE
from tools.protein.surroundings import SiteFinder

GOLDEN = Path(__file__).parents[2] / "golden"
DSSP_CODES = ("1A2P", "1BPI", "1STN", "1UBQ", "2CI2", "2RN2", "1L63", "1LVE", "1PGA")


def test_largest_areas_are_those_of_tien_2013() -> None:
    from Bio.PDB.DSSP import residue_max_acc

    assert {THREE_LETTER[letter]: area for letter, area in MAX_AREA_A2.items()} == residue_max_acc["Wilke"]


def test_hydropathy_is_that_of_kyte_and_doolittle() -> None:
    from Bio.SeqUtils.ProtParamData import kd

    assert dict(HYDROPATHY) == kd


def test_every_table_has_all_twenty_amino_acids_and_volume_follows_size() -> None:
    assert set(ORDER) == set(VOLUME_A3) == set(MAX_AREA_A2) == set(THREE_LETTER)
    assert sorted(VOLUME_A3, key=VOLUME_A3.__getitem__)[0] == "G"
    assert sorted(VOLUME_A3, key=VOLUME_A3.__getitem__)[-1] == "W"


def test_a_torsion_has_the_sign_of_the_iupac_convention() -> None:
    a, b, c = np.array([1.0, 0, 0]), np.zeros(3), np.array([0.0, 0, 1])
    assert dihedral_rad(a, b, c, c + a) == pytest.approx(0)
    assert np.degrees(dihedral_rad(a, b, c, c + np.array([0.0, 1, 0]))) == pytest.approx(90)


@pytest.mark.shared_data
def test_secondary_structure_agrees_with_dssp(shared_data: Path, pdb_folder: Path) -> None:
    """The table's last columns were made by mkdssp 2.2.1."""
    wanted = {"H": "helix", "S": "strand", "O": "other"}
    finders: dict[str, SiteFinder] = {}
    right = total = 0
    for line in (shared_data / "protein" / "curatedprotherm.csv").read_text().splitlines():
        cells = line.split(",")
        if not line[:1].isdigit() or cells[1] not in DSSP_CODES:
            continue
        chain, _, label, _ = cells[2].split(" ")
        path = pdb_folder / f"{cells[1]}.pdb.gz"
        finder = finders.setdefault(cells[1], finders.get(cells[1]) or SiteFinder(read_structure(path, path.name)))
        index = finder.index(chain, label)
        assert index is not None
        right += SIMPLE.get(finder.secondary[index], "other") == wanted[cells[6]]
        total += 1
    assert total > 800
    assert right / total > 0.99


@pytest.mark.shared_data
def test_accessible_area_agrees_with_bio_pdb(pdb_folder: Path) -> None:
    from Bio.PDB.PDBParser import PDBParser
    from Bio.PDB.SASA import ShrakeRupley

    from tools.protein.reading import structure_text

    path = pdb_folder / "1BPI.pdb.gz"
    from io import StringIO

    parsed = PDBParser(QUIET=True).get_structure("x", StringIO(structure_text(path, path.name)))
    chain = parsed[0]["A"]
    for residue in list(chain):
        if residue.id[0] != " ":
            chain.detach_child(residue.id)
    ShrakeRupley(probe_radius=1.4, n_points=1500).compute(chain, level="R")
    finder = SiteFinder(read_structure(path, path.name))
    for residue in chain:
        index = finder.index("A", str(residue.id[1]))
        assert index is not None
        assert finder.site(index).area_alone_a2 == pytest.approx(float(residue.sasa), abs=5.0)


@pytest.mark.shared_data
def test_published_facts_of_known_sites_are_found(pdb_folder: Path) -> None:
    finders: dict[str, SiteFinder] = {}
    with open(GOLDEN / "protein_sites.tsv") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            path = pdb_folder / f"{row['pdb']}.pdb.gz"
            if row["pdb"] not in finders:
                finders[row["pdb"]] = SiteFinder(read_structure(path, path.name))
            finder = finders[row["pdb"]]
            index = finder.index(row["chain"], row["residue"])
            assert index is not None, row
            site = finder.site(index)
            assert site.residue.letter == row["letter"], row
            if row["property"] == "disulphide":
                assert site.disulphide, row
            elif row["property"] == "secondary":
                assert SIMPLE.get(site.secondary, "other") == row["expected"], row
            else:
                value = 100 * (site.exposure or 0) if row["property"] == "exposure" else None
                value = site.distances_a[row["property"]][0] if value is None else value
                word, limit = row["expected"].split(" ")
                assert (value < float(limit)) if word == "under" else (value > float(limit)), (row, value)


@pytest.mark.shared_data
def test_side_chains_of_a_crystal_fit_where_they_are_and_large_ones_do_not_fit_in_the_core(pdb_folder: Path) -> None:
    finder = SiteFinder(read_structure(pdb_folder / "1L63.pdb.gz", "1L63"))
    present, tryptophan = [], []
    for index, residue in enumerate(finder.structure.residues):
        exposure = finder.site(index).exposure if residue.letter in "AVILF" else None
        if exposure is not None and exposure < 0.05:
            present.append(finder.fit(index, residue.letter).clashes)
            tryptophan.append(finder.fit(index, "W").clashes)
    assert len(present) > 20
    assert np.median(present) <= 1
    assert np.median(tryptophan) >= 8


@pytest.mark.shared_data
def test_insertion_codes_and_modified_residues_keep_their_place(pdb_folder: Path) -> None:
    antibody = SiteFinder(read_structure(pdb_folder / "1LVE.pdb.gz", "1LVE"))
    labels = [r.label for r in antibody.structure.chain("A")]
    assert labels[labels.index("27A") : labels.index("27A") + 3] == ["27A", "27B", "27C"]
    assert antibody.structure.residues[antibody.index("A", "27C") or 0].letter == "L"
    cytochrome = read_structure(pdb_folder / "1YCC.pdb.gz", "1YCC")
    methylated = [r for r in cytochrome.residues if r.name == "M3L"]
    assert [r.letter for r in methylated] == ["K"]


@pytest.mark.shared_data
def test_alternate_locations_are_told_and_the_best_occupied_one_is_used(pdb_folder: Path) -> None:
    structure = read_structure(pdb_folder / "1A2P.pdb.gz", "1A2P")
    doubled = [r for r in structure.residues if r.alternates]
    assert doubled
    assert all(len(r.atoms) == len(set(r.atoms)) for r in doubled)


@pytest.mark.shared_data
def test_mmcif_gives_the_same_residues_as_pdb(pdb_folder: Path, tmp_path: Path) -> None:
    from io import StringIO

    from Bio.PDB.mmcifio import MMCIFIO
    from Bio.PDB.PDBParser import PDBParser

    from tools.protein.reading import structure_text

    path = pdb_folder / "1BPI.pdb.gz"
    parsed = PDBParser(QUIET=True).get_structure("x", StringIO(structure_text(path, path.name)))
    writer = MMCIFIO()
    writer.set_structure(parsed)
    writer.save(str(tmp_path / "x.cif"))
    one, two = read_structure(path, "a"), read_structure(tmp_path / "x.cif", "b")
    assert [(r.chain, r.label, r.letter) for r in one.residues] == [(r.chain, r.label, r.letter) for r in two.residues]
    assert np.allclose(one.residues[7].atoms["CA"], two.residues[7].atoms["CA"])
