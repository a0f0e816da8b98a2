"""The shipped missense predictor: known changes, folds, refusals, and the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from agent.cli import _run
from knowledge.errors import ToolFailed, ToolRetry
from knowledge.paths import ROOT
from tools.missense import scorer as scorers
from tools.missense.predict import predict, predict_gene, predict_genes
from tools.missense.profiles import stored
from tools.missense.proteins import Protein, protein_table
from tools.missense.scorer import WEIGHTS, EmbeddedScorer, embedded
from tools.missense.training.dataset import families
from tools.missense.training.figures import auprc, auroc, per_gene
from tools.missense.training.fit import FOLDS, Settings, fit, folds

HARMFUL = [("TP53", 175, "R", "H"), ("CFTR", 551, "G", "D"), ("RET", 918, "M", "T"), ("PTPN11", 76, "E", "K")]
HARMLESS = [("BRCA1", 871, "P", "L"), ("BRCA1", 1183, "K", "R"), ("TP53", 72, "P", "R"), ("MSH6", 39, "G", "E")]


def test_well_known_pathogenic_changes_score_above_well_known_benign_ones():
    high = [predict_gene(*change).score for change in HARMFUL]
    low = [predict_gene(*change).score for change in HARMLESS]
    assert min(high) > max(low)


def test_the_network_gives_the_same_logits_without_torch():
    from tools.missense.features import NUMBERS, SIDE, Inputs
    from tools.missense.inference import Network
    from tools.missense.network import MissenseNetwork, Size, logits

    torch.manual_seed(5)
    random, size, tokens = np.random.default_rng(5), Size(layers=2), 2 * SIDE + 1
    network = MissenseNetwork(size)
    inputs = Inputs(
        random.integers(0, 21, (700, tokens)), random.normal(size=(700, tokens, 20)).astype(np.float32),
        random.normal(size=(700, tokens)).astype(np.float32), random.integers(0, 20, 700),
        random.normal(scale=4, size=(700, NUMBERS)).astype(np.float32),
    )  # fmt: skip
    plain = Network({name: value.numpy() for name, value in network.state_dict().items()}, size.heads)
    found = plain.logits(inputs)
    assert found.std() > 0.01
    assert np.allclose(found, logits(network, inputs).numpy(), atol=1e-5)
    assert plain.logits(inputs.part(slice(0))).shape == (0,)


def test_changes_scored_together_score_as_they_do_alone():
    changes = [*HARMFUL, *HARMLESS, ("TP53", 175, "A", "H"), ("NOGENE", 1, "M", "V"), ("TP53", 175, "R", "R")]
    together = predict_genes([*changes, HARMFUL[0]])
    for change in HARMFUL + HARMLESS:
        gene, place, old, new = change
        alone = predict(protein_table().with_residue(gene, place, old), [(old, place, new)])[0]
        assert together[change].score == pytest.approx(alone.score, abs=0.002)
        assert (together[change].code, together[change].strength) == (alone.code, alone.strength)
    assert [together[change] for change in changes[-3:]] == [None, None, None]


def test_a_strength_is_that_of_the_calibration_and_never_against_the_score():
    for change in HARMFUL + HARMLESS:
        found = predict_gene(*change)
        assert found.calibrated
        met = [t for t in embedded().thresholds if t.code == found.code and t.strength == found.strength]
        if found.code == "PP3":
            assert found.score >= round(met[0].score, 3)
        if found.code == "BP4":
            assert found.score <= round(met[0].score, 3)


def test_a_protein_is_scored_by_the_networks_that_saw_no_label_of_its_family():
    model, protein = embedded(), protein_table().by_gene("TP53")[0]
    fold = model.fold(protein)
    assert fold is not None
    own = EmbeddedScorer({fold: model.networks[fold]}, model.fold_of, model.thresholds, model.sha256)
    others = {k: v for k, v in model.networks.items() if k != fold}
    assert np.allclose(model.scores(protein, [(175, "H")]), own.scores(protein, [(175, "H")]))
    with pytest.raises(KeyError):
        EmbeddedScorer(others, model.fold_of, (), "").scores(protein, [(175, "H")])


def test_a_known_sequence_under_another_name_keeps_its_fold():
    protein = protein_table().by_gene("TP53")[0]
    assert embedded().fold(Protein("mine", "", protein.sequence)) == embedded().fold(protein)


def test_a_protein_that_the_shipped_profiles_lack_is_scored_and_supports_no_code():
    protein = protein_table().by_gene("TP53")[0]
    other = Protein("mine", "", protein.sequence[:-5])
    assert stored(other.sequence) is None
    found = predict(other, [("R", 175, "H")])[0]
    assert (found.calibrated, found.code) == (False, None)
    assert "supports no code" in found.sentence()


@pytest.mark.parametrize(
    ("change", "said"),
    [(("A", 175, "H"), "has R at 175"), (("R", 9999, "H"), "393 residues"), (("R", 175, "R"), "not a missense")],
)  # fmt: skip
def test_a_change_that_does_not_fit_the_protein_is_refused(change, said):
    with pytest.raises(ToolRetry, match=said):
        predict(protein_table().by_gene("TP53")[0], [change])


def test_altered_weights_are_refused(tmp_path, monkeypatch):
    altered = tmp_path / WEIGHTS
    altered.parent.mkdir(parents=True)
    altered.write_bytes((ROOT / WEIGHTS).read_bytes()[:-1] + b"x")
    monkeypatch.setattr("knowledge.manifest.ROOT", tmp_path)
    monkeypatch.setattr("knowledge.manifest._VERIFIED", set())
    with pytest.raises(ToolFailed, match="differs from the manifest"):
        scorers.embedded.__wrapped__()


def test_the_command_prints_score_and_code(capsys):
    assert _run("missense", ["TP53 R175H", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert (found["gene"], found["change"], found["code"]) == ("TP53", "R175H", "PP3")
    assert _run("missense", ["TP53 A175H"]) == 2


def test_proteins_that_share_sequence_are_one_family_and_a_family_is_in_one_fold():
    table = protein_table()
    one, two, other = (table.by_gene(name)[0] for name in ("MYH6", "MYH7", "TP53"))
    found = families({p.accession: p for p in (one, two, other)})
    assert found[one.accession] == found[two.accession] != found[other.accession]
    family = np.repeat(np.arange(40), 5)
    fold = folds(family)
    assert all(len(set(fold[family == name])) == 1 for name in range(40))
    assert np.bincount(fold, minlength=FOLDS).min() == 40


def test_training_finds_a_planted_signal_and_repeats_itself():
    from tools.missense.features import NUMBERS, SIDE, Inputs

    random, size = np.random.default_rng(3), 2 * SIDE + 1
    label = random.integers(0, 2, 400)
    numbers = random.normal(size=(400, NUMBERS)).astype(np.float32)
    numbers[:, 4] += 3 * label
    inputs = Inputs(
        random.integers(0, 20, (400, size)), np.zeros((400, size, 20), np.float32), np.zeros((400, size), np.float32),
        random.integers(0, 20, 400), numbers,
    )  # fmt: skip
    gene = random.integers(0, 8, 400).astype(str)
    from tools.missense.network import logits

    learnt = fit(inputs, gene, label, Settings(epochs=10, batch=50), 7)
    assert auroc(logits(learnt, inputs).numpy(), label) > 0.9
    one, two = (fit(inputs.part(slice(60)), gene[:60], label[:60], Settings(epochs=1), 7) for _ in range(2))
    assert torch.equal(logits(one, inputs), logits(two, inputs))


def test_areas_agree_with_scikit_learn_and_genes_with_few_changes_do_not_count():
    from sklearn.metrics import average_precision_score, roc_auc_score

    random = np.random.default_rng(2)
    label = random.integers(0, 2, 200)
    score = np.round(random.normal(label * 1.0), 1)
    assert auroc(score, label) == pytest.approx(roc_auc_score(label, score))
    assert auprc(score, label) == pytest.approx(average_precision_score(label, score))
    gene = np.array(["A"] * 190 + ["B"] * 10)
    label[190:] = 1
    assert list(per_gene(score, label, gene)) == ["A"]
