"""The stability network: sign, symmetry, storage, families and learning."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import ToolFailed
from tools.protein import stability
from tools.protein.features import environment, forward_and_reverse
from tools.protein.mutation import parse_mutation
from tools.protein.reading import read_structure
from tools.protein.stability import load_network, pack, predict_stability, unpack
from tools.protein.surroundings import SiteFinder, letters
from tools.protein.training import Dataset, Settings, families, fit, intervals, is_test, metrics

GOLDEN = Path(__file__).parents[2] / "golden" / "protein_stability.tsv"


@pytest.mark.shared_data
def test_destabilising_mutations_are_positive_and_the_reverse_is_the_exact_opposite(pdb_folder: Path) -> None:
    with open(GOLDEN) as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        finder = SiteFinder(read_structure(pdb_folder / f"{row['pdb']}.pdb.gz", row["pdb"]))
        change = parse_mutation(row["mutation"])
        index = finder.index(row["chain"], change.label)
        assert index is not None
        place = environment(finder.site(index))
        fits = {letter: finder.fit(index, letter) for letter in (change.old, change.new)}
        forward = predict_stability(place, change.old, change.new, fits)
        reverse = predict_stability(place, change.new, change.old, fits)
        assert forward.ddg_kcal_per_mol > 0.5, row
        assert reverse.ddg_kcal_per_mol == pytest.approx(-forward.ddg_kcal_per_mol, abs=1e-9)
        assert forward.low_kcal_per_mol < forward.ddg_kcal_per_mol < forward.high_kcal_per_mol
        names, _ = forward_and_reverse(place, change.old, change.new, fits)
        assert tuple(names) == load_network().names


def test_the_weights_are_those_of_the_manifest_and_altered_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(load_network().sha256) == 64
    altered = tmp_path / "tools" / "protein" / "weights" / "stability.npz"
    altered.parent.mkdir(parents=True)
    altered.write_bytes(stability.WEIGHTS.read_bytes() + b"x")
    (tmp_path / "knowledge").mkdir()
    manifest = stability._ROOT / "knowledge" / "manifest.yaml"
    (tmp_path / "knowledge" / "manifest.yaml").write_text(manifest.read_text())
    monkeypatch.setattr(stability, "_ROOT", tmp_path)
    monkeypatch.setattr(stability, "WEIGHTS", altered)
    load_network.cache_clear()
    with pytest.raises(ToolFailed, match="not the one in the manifest"):
        load_network()
    altered.unlink()
    with pytest.raises(ToolFailed, match="not installed"):
        load_network()
    load_network.cache_clear()


def test_packing_keeps_the_predictions() -> None:
    network = load_network()
    rows = np.random.default_rng(1).normal(size=(5, 2, len(network.names)))
    again = unpack(pack(network))
    assert np.allclose(network.predict(rows), again.predict(rows), atol=1e-5)


@pytest.mark.shared_data
def test_homologues_are_one_family_and_strangers_are_not(pdb_folder: Path) -> None:
    codes = ("1LZ1", "4LYZ", "1EL1", "1HFY", "1UBQ", "1AAR", "1BPI", "1A2P")
    sequences = {(code, "A"): letters(read_structure(pdb_folder / f"{code}.pdb.gz", code).chain("A")) for code in codes}
    found = families(sequences)
    assert found["1LZ1"] == found["4LYZ"] == found["1EL1"] == found["1HFY"]
    assert found["1UBQ"] == found["1AAR"]
    assert len({found[c] for c in ("1LZ1", "1UBQ", "1BPI", "1A2P")}) == 4


def made_up(count: int = 400) -> Dataset:
    """ΔΔG that is twice the change of one feature; ten families."""
    random = np.random.default_rng(0)
    forward = random.normal(size=(count, 4))
    rows = np.stack([forward, forward * np.array([-1, 1, 1, 1])], axis=1)
    family = np.arange(count) % 10
    names = np.array([f"p{f}" for f in family])
    return Dataset(("change", "a", "b", "c"), rows, 2 * forward[:, 0], names, family, names)


def test_the_network_learns_a_simple_rule_for_families_that_it_never_saw() -> None:
    data = made_up()
    test = data.family < 3
    network = fit(data.part(~test), Settings(hidden=16, dropout=0.0, weight_decay=0.0, members=1, epochs=10))
    predicted = network.predict(data.rows[test])
    assert metrics(predicted, data.measured[test])["pearson"] > 0.95
    value, low, high = intervals(predicted, data.part(test), rounds=20)["pearson"]
    assert low <= value <= high


def test_a_split_through_a_family_is_refused() -> None:
    data = made_up(20)
    protein = np.where(np.arange(20) < 10, "2LZM", "1UBQ")
    apart = replace(data, protein=protein, family=(np.arange(20) < 10).astype(np.int64))
    assert is_test(apart).tolist() == [True] * 10 + [False] * 10
    with pytest.raises(ValueError, match="both sides"):
        is_test(replace(apart, family=np.zeros(20, dtype=np.int64)))


def test_metrics_are_those_of_a_worked_example() -> None:
    found = metrics(np.array([1.0, 2.0, -1.0, 0.1]), np.array([2.0, 3.0, 1.0, -0.1]))
    assert found["rmse_kcal_per_mol"] == pytest.approx(((1 + 1 + 4 + 0.04) / 4) ** 0.5)
    assert found["sign_accuracy"] == pytest.approx(2 / 3)
