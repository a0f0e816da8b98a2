"""An ESM checkpoint on disk behind the same interface, on a tiny one with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import BadInput
from tools.missense.esm import EsmScorer
from tools.missense.predict import predict
from tools.missense.proteins import Protein

TOKENS = ("<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO", ".", "-", "<null_1>", "<mask>")
SHORT = Protein("mine", "", "MKTAYIAKQRQISFVKSHFS")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import EsmConfig, EsmForMaskedLM, EsmTokenizer

    folder = tmp_path_factory.mktemp("tiny-esm")
    (folder / "vocab.txt").write_text("\n".join(TOKENS))
    EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(2)
    config = EsmConfig(
        vocab_size=len(TOKENS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=44, position_embedding_type="rotary", pad_token_id=1, mask_token_id=32,
        initializer_range=0.5,
    )  # fmt: skip
    EsmForMaskedLM(config).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.mark.slow
def test_a_score_is_the_masked_marginal_of_the_checkpoint(checkpoint):
    import torch
    from transformers import AutoTokenizer, EsmForMaskedLM

    model = EsmForMaskedLM.from_pretrained(checkpoint).eval()
    encoded = AutoTokenizer.from_pretrained(checkpoint)(SHORT.sequence, return_tensors="pt")
    encoded["input_ids"][0, 5] = TOKENS.index("<mask>")
    with torch.inference_mode():
        log_p = model(**encoded).logits[0, 5].log_softmax(dim=-1)
    expected = float(log_p[TOKENS.index("Y")] - log_p[TOKENS.index("W")])
    scorer = EsmScorer(checkpoint)
    assert scorer.scores(SHORT, [(5, "W")])[0] == pytest.approx(expected, abs=1e-4)
    found = predict(SHORT, [("Y", 5, "W")], scorer)[0]
    assert (found.calibrated, found.code, found.relatives) == (False, None, None)


@pytest.mark.slow
def test_a_protein_longer_than_the_model_reads_is_cut_around_the_place(checkpoint):
    scorer, long = EsmScorer(checkpoint), Protein("long", "", SHORT.sequence * 10)
    scores = scorer.scores(long, [(1, "W"), (100, "W"), (200, "W")])
    assert np.isfinite(scores).all()
    assert scorer.scores(long, [(85, "W")])[0] == pytest.approx(scorer.scores(long, [(105, "W")])[0], abs=1e-4)


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"config\.json"):
        EsmScorer(tmp_path)
    for name in ("vocab.txt", "model.safetensors"):
        (tmp_path / name).write_text("x")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(BadInput, match="bert"):
        EsmScorer(tmp_path)
