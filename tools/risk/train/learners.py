"""The learners for a yes/no outcome, each saved as plain arrays and evaluated from them without its library.

A learner gives a score; the risk is the logistic of `slope * score + offset`, fitted on out-of-fold scores, so that
class weights and margins do not spoil calibration (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Arrays = dict[str, Any]


class Learner(Protocol):
    """Fits scores; `arrays` is what `score_from` needs later."""

    @property
    def grid(self) -> Sequence[Mapping[str, Any]]: ...
    def fit(self, features: Any, outcome: Any, options: Mapping[str, Any], seed: int) -> Arrays: ...
    def score(self, arrays: Arrays, features: Any) -> Any: ...


@dataclass(frozen=True)
class Logistic:
    """Ridge logistic regression."""

    grid: Sequence[Mapping[str, Any]] = tuple(
        {"C": c, "class_weight": w} for c in (0.01, 0.1, 1.0, 10.0) for w in (None, "balanced")
    )

    def fit(self, features: Any, outcome: Any, options: Mapping[str, Any], seed: int) -> Arrays:
        from sklearn.linear_model import LogisticRegression

        made = LogisticRegression(max_iter=3000, random_state=seed, **options).fit(features, outcome)
        return {"coef": made.coef_[0], "intercept": made.intercept_}

    def score(self, arrays: Arrays, features: Any) -> Any:
        return features @ arrays["coef"] + arrays["intercept"][0]


@dataclass(frozen=True)
class SupportVectors:
    """Support vector machine with a radial kernel; above 4,000 rows it is fitted on a stratified sample of them."""

    most_rows: int = 4000
    grid: Sequence[Mapping[str, Any]] = tuple(
        {"C": c, "gamma": g, "class_weight": "balanced"} for c in (0.3, 1.0, 5.0) for g in (0.3, 1.0)
    )

    def fit(self, features: Any, outcome: Any, options: Mapping[str, Any], seed: int) -> Arrays:
        from sklearn.svm import SVC

        random = np.random.default_rng(seed)
        rows = np.arange(len(outcome))
        if len(rows) > self.most_rows:
            share = self.most_rows / len(rows)
            groups = (rows[outcome == 0], rows[outcome == 1])
            rows = np.concatenate([random.choice(g, max(1, int(share * len(g))), replace=False) for g in groups])
        gamma = options["gamma"] / max(features.shape[1], 1)
        made = SVC(C=options["C"], gamma=gamma, class_weight=options["class_weight"], random_state=seed)
        made.fit(features[rows], outcome[rows])
        return {
            "vectors": made.support_vectors_,
            "dual": made.dual_coef_[0],
            "intercept": made.intercept_,
            "gamma": np.array([gamma]),
        }

    def score(self, arrays: Arrays, features: Any) -> Any:
        found = []
        vectors, squares = arrays["vectors"], (arrays["vectors"] ** 2).sum(1)
        for start in range(0, len(features), 2048):
            part = features[start : start + 2048]
            distance = (part**2).sum(1)[:, None] + squares[None] - 2 * part @ vectors.T
            found.append(np.exp(-arrays["gamma"][0] * np.maximum(distance, 0)) @ arrays["dual"])
        return np.concatenate(found) + arrays["intercept"][0] if found else np.zeros(0)


@dataclass(frozen=True)
class Boosting:
    """Gradient-boosted trees."""

    grid: Sequence[Mapping[str, Any]] = tuple(
        {"n_estimators": n, "max_depth": d, "learning_rate": 0.05} for n in (80, 200) for d in (2, 3)
    )

    def fit(self, features: Any, outcome: Any, options: Mapping[str, Any], seed: int) -> Arrays:
        from sklearn.ensemble import GradientBoostingClassifier

        made = GradientBoostingClassifier(subsample=0.7, random_state=seed, **options)
        # Trees compare in single precision; the features are rounded first, so that saved trees agree exactly.
        made.fit(features.astype(np.float32), outcome)
        trees = [row[0].tree_ for row in made.estimators_]
        sizes = np.array([t.node_count for t in trees])
        rate = np.clip(outcome.mean(), 1e-6, 1 - 1e-6)
        return {
            "sizes": sizes,
            "left": np.concatenate([t.children_left for t in trees]),
            "right": np.concatenate([t.children_right for t in trees]),
            "feature": np.concatenate([t.feature for t in trees]),
            "threshold": np.concatenate([t.threshold for t in trees]),
            "value": np.concatenate([t.value[:, 0, 0] for t in trees]) * made.learning_rate,
            "start": np.array([np.log(rate / (1 - rate))]),
        }

    def score(self, arrays: Arrays, features: Any) -> Any:
        rows = np.arange(len(features))
        single = features.astype(np.float32)
        total = np.full(len(features), float(arrays["start"][0]))
        begin = 0
        for size in arrays["sizes"]:
            part = slice(begin, begin + int(size))
            left, right, feature = arrays["left"][part], arrays["right"][part], arrays["feature"][part]
            threshold, node = arrays["threshold"][part], np.zeros(len(features), dtype=int)
            while True:
                inner = left[node] >= 0
                if not inner.any():
                    break
                goes_left = single[rows, np.maximum(feature[node], 0)] <= threshold[node]
                node = np.where(inner, np.where(goes_left, left[node], right[node]), node)
            total += arrays["value"][part][node]
            begin += int(size)
        return total


@dataclass(frozen=True)
class Network:
    """A torch network of two hidden layers, with early stopping on a tenth of the training rows."""

    grid: Sequence[Mapping[str, Any]] = ({"width": 16, "decay": 1e-2}, {"width": 32, "decay": 1e-3})
    epochs: int = 200
    patience: int = 20

    def fit(self, features: Any, outcome: Any, options: Mapping[str, Any], seed: int) -> Arrays:
        import torch

        torch.manual_seed(seed)
        random = np.random.default_rng(seed)
        held = np.zeros(len(outcome), dtype=bool)
        for value in (0, 1):
            rows = np.flatnonzero(outcome == value)
            held[random.choice(rows, max(1, len(rows) // 10), replace=False)] = True
        x, y = torch.tensor(features, dtype=torch.float32), torch.tensor(outcome, dtype=torch.float32)
        net = network(features.shape[1], int(options["width"]))
        optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=options["decay"])
        weight = torch.tensor(max((1 - outcome.mean()) / max(outcome.mean(), 1e-6), 1e-3))
        loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=weight)
        train, check = torch.tensor(np.flatnonzero(~held)), torch.tensor(np.flatnonzero(held))
        best, best_state, waited = float("inf"), {k: v.clone() for k, v in net.state_dict().items()}, 0
        for _ in range(self.epochs):
            net.train()
            for batch in torch.split(train[torch.randperm(len(train))], 256):
                optimiser.zero_grad()
                loss = loss_of(net(x[batch]).squeeze(1), y[batch])
                loss.backward()
                optimiser.step()
            net.eval()
            with torch.no_grad():
                current = float(loss_of(net(x[check]).squeeze(1), y[check]))
            if current < best - 1e-4:
                best, best_state, waited = current, {k: v.clone() for k, v in net.state_dict().items()}, 0
            else:
                waited += 1
                if waited >= self.patience:
                    break
        return {k: v.numpy().astype(np.float64) for k, v in best_state.items()}

    def score(self, arrays: Arrays, features: Any) -> Any:
        return network_score(arrays, features)


def network(inputs: int, width: int) -> Any:
    """Two hidden layers with ReLU and dropout, one output."""
    import torch

    return torch.nn.Sequential(
        torch.nn.Linear(inputs, width), torch.nn.ReLU(), torch.nn.Dropout(0.2),
        torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(width, 1),
    )  # fmt: skip


def network_score(arrays: Arrays, features: Any) -> Any:
    """Output of a saved `network`, on float64."""
    hidden = np.maximum(features @ arrays["0.weight"].T + arrays["0.bias"], 0)
    hidden = np.maximum(hidden @ arrays["3.weight"].T + arrays["3.bias"], 0)
    return (hidden @ arrays["6.weight"].T + arrays["6.bias"])[:, 0]


LEARNERS: Mapping[str, Learner] = {
    "logistic": Logistic(),
    "svm": SupportVectors(),
    "boosting": Boosting(),
    "network": Network(),
}
