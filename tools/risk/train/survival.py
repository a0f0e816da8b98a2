"""Time to event: Cox regression (lifelines) and a torch network with Cox's partial likelihood.

Both give a log relative hazard; the risk at a horizon follows from the baseline hazard (Breslow 1974).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tools.risk.train.learners import Arrays, network

COX_GRID: Sequence[Mapping[str, Any]] = ({"penalty": 0.01}, {"penalty": 0.1}, {"penalty": 1.0})
NETWORK_GRID: Sequence[Mapping[str, Any]] = ({"width": 8, "decay": 0.05}, {"width": 16, "decay": 0.01})


def fit_cox(features: Any, time: Any, event: Any, options: Mapping[str, Any], seed: int) -> Arrays:
    """Ridge Cox regression."""
    import warnings

    import pandas as pd
    from lifelines import CoxPHFitter

    del seed
    varying = np.flatnonzero(features.std(axis=0) > 1e-9)
    names = [f"x{i}" for i in varying]
    frame = pd.DataFrame(features[:, varying], columns=names).assign(time=time, event=event)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = CoxPHFitter(penalizer=options["penalty"], l1_ratio=0.0).fit(frame, "time", "event")
    coefficients = np.zeros(features.shape[1])
    coefficients[varying] = made.params_.to_numpy()
    return {"coef": coefficients}


def cox_score(arrays: Arrays, features: Any) -> Any:
    """Log relative hazard."""
    return features @ arrays["coef"]


def fit_network(features: Any, time: Any, event: Any, options: Mapping[str, Any], seed: int) -> Arrays:
    """A network trained on the Breslow partial likelihood of whole batches, with early stopping (Katzman 2018)."""
    import torch

    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    held = np.zeros(len(event), dtype=bool)
    for value in (0, 1):
        rows = np.flatnonzero(event == value)
        held[random.choice(rows, max(1, len(rows) // 7), replace=False)] = True
    order = np.argsort(-time, kind="stable")

    def tensors(rows: Any) -> tuple[Any, Any]:
        chosen = order[rows[order]]
        return torch.tensor(features[chosen], dtype=torch.float32), torch.tensor(event[chosen], dtype=torch.float32)

    train, check = tensors(~held), tensors(held)
    net = network(features.shape[1], int(options["width"]))
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=options["decay"])
    best, state, waited = float("inf"), {k: v.clone() for k, v in net.state_dict().items()}, 0
    for _ in range(300):
        net.train()
        optimiser.zero_grad()
        loss = _partial_likelihood(net(train[0]).squeeze(1), train[1])
        loss.backward()
        optimiser.step()
        net.eval()
        with torch.no_grad():
            current = float(_partial_likelihood(net(check[0]).squeeze(1), check[1]))
        if current < best - 1e-4:
            best, state, waited = current, {k: v.clone() for k, v in net.state_dict().items()}, 0
        else:
            waited += 1
            if waited >= 25:
                break
    return {k: v.numpy().astype(np.float64) for k, v in state.items()}


def _partial_likelihood(score: Any, event: Any) -> Any:
    """Negative mean log partial likelihood; rows are sorted from the latest time to the earliest."""
    import torch

    at_risk = torch.logcumsumexp(score, 0)
    return -((score - at_risk) * event).sum() / torch.clamp(event.sum(), min=1)


def baseline_hazard(score: Any, time: Any, event: Any) -> tuple[Any, Any]:
    """Breslow's cumulative baseline hazard: (event times, cumulative hazard), each of shape (k,)."""
    hazard = np.exp(score)
    times = np.unique(time[event == 1])
    order = np.argsort(time, kind="stable")
    remaining = np.cumsum(hazard[order][::-1])[::-1]
    first = np.searchsorted(time[order], times, side="left")
    deaths = np.array([((time == t) & (event == 1)).sum() for t in times])
    return times, np.cumsum(deaths / remaining[first])


def risk_at(score: Any, times: Any, cumulative: Any, horizon: float) -> Any:
    """Probability of the event by `horizon`."""
    place = np.searchsorted(times, horizon, side="right") - 1
    base = cumulative[place] if place >= 0 else 0.0
    return 1 - np.exp(-base * np.exp(score))
