"""Genes ranked by how their rare variants go with being a case.

Three tests a gene: Fisher's exact test on carriers; a score test of the burden (number of rare alleles) in a logistic
regression with the covariates; and SKAT (Wu 2011, doi 10.1016/j.ajhg.2011.05.029) with Beta(1, 25) weights, its p-value
by moment matching (Liu 2009, doi 10.1016/j.csda.2008.11.025). A gene's p-value joins burden and SKAT by the Cauchy
combination (Liu and Xie 2020, doi 10.1080/01621459.2018.1554485); q-values are Benjamini and Hochberg's over the genes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.biomarkers.cohort import Cohort
from tools.biomarkers.univariate import benjamini_hochberg


class GeneTest(NamedTuple):
    """One gene: its variants, carriers among cases and controls, odds ratio (half added where a cell is 0), p, q."""

    gene: str
    variants: int
    case_carriers: int
    control_carriers: int
    odds_ratio: float
    p_fisher: float
    p_burden: float
    p_skat: float
    p: float
    q: float


def rank_genes(cohort: Cohort, least_carriers: int = 2) -> tuple[GeneTest, ...]:
    """Every gene with at least `least_carriers` carriers, the smallest p-value first."""
    null = _Null(cohort.case, cohort.covariates)
    rows = [
        _test(gene, copies, cohort.case, null)
        for gene, copies in cohort.genes.items()
        if ((copies > 0).any(axis=0)).sum() >= least_carriers
    ]
    if not rows:
        return ()
    q = benjamini_hochberg(np.array([row.p for row in rows]))
    return tuple(sorted((row._replace(q=float(value)) for row, value in zip(rows, q, strict=True)), key=lambda r: r.p))


class _Null:
    """The logistic regression of case status on covariates alone: residuals and the projected variance."""

    def __init__(self, case: NDArray[np.float64], covariates: NDArray[np.float64]) -> None:
        spread = covariates.std(axis=0)
        scaled = (covariates - covariates.mean(axis=0))[:, spread > 0] / spread[spread > 0]
        self._x = np.column_stack([np.ones(len(case)), scaled])
        beta = np.zeros(self._x.shape[1])
        beta[0] = math.log(case.mean() / (1 - case.mean()))
        for _ in range(25):
            mean = 1 / (1 + np.exp(-np.clip(self._x @ beta, -30, 30)))
            information = self._x.T @ (self._x * (mean * (1 - mean))[:, None]) + 1e-9 * np.eye(len(beta))
            step = np.linalg.solve(information, self._x.T @ (case - mean))
            beta += step
            if np.abs(step).max() < 1e-9:
                break
        self.residual = case - 1 / (1 + np.exp(-np.clip(self._x @ beta, -30, 30)))
        fitted = case - self.residual
        self._weight = fitted * (1 - fitted)
        self._inverse = np.linalg.pinv(self._x.T @ (self._x * self._weight[:, None]))

    def variance(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of the scores g'r under the null, covariates taken out; g is (samples, variants)."""
        weighted = g * self._weight[:, None]
        across = self._x.T @ weighted
        return np.asarray(g.T @ weighted - across.T @ self._inverse @ across)


def _test(gene: str, copies: NDArray[np.int8], case: NDArray[np.float64], null: _Null) -> GeneTest:
    from scipy.stats import beta, chi2, fisher_exact

    carrier = (copies > 0).any(axis=0)
    ill, well = int((carrier & (case == 1)).sum()), int((carrier & (case == 0)).sum())
    cells = np.array([[ill, case.sum() - ill], [well, (1 - case).sum() - well]])
    p_fisher = float(fisher_exact(cells.astype(int)).pvalue)
    odd = cells + 0.5 if (cells == 0).any() else cells
    g = np.where(copies < 0, np.nan, copies).astype(float).T
    g = np.where(np.isfinite(g), g, np.nanmean(g, axis=0))
    total = g.sum(axis=1, keepdims=True)
    spread = float(null.variance(total)[0, 0])
    score = float(total[:, 0] @ null.residual)
    p_burden = float(chi2.sf(score**2 / spread, 1)) if spread > 1e-12 else 1.0
    weight = beta.pdf(np.clip(g.mean(axis=0) / 2, 1e-9, 1), 1, 25)
    weighted = g * weight
    q = float(((weighted.T @ null.residual) ** 2).sum())
    p_skat = liu_tail(q, np.asarray(np.linalg.eigvalsh(null.variance(weighted)), dtype=np.float64))
    p = cauchy((p_burden, p_skat))
    ratio = float(odd[0, 0] * odd[1, 1] / (odd[0, 1] * odd[1, 0]))
    return GeneTest(gene, g.shape[1], ill, well, ratio, p_fisher, p_burden, p_skat, p, 1.0)


def liu_tail(q: float, weights: NDArray[np.float64]) -> float:
    """P(Σ λ χ²₁ > q) for positive λ by matching four moments to a non-central χ² (Liu 2009)."""
    from scipy.stats import chi2, ncx2

    held = weights[weights > 1e-10 * max(weights.max(), 1e-300)]
    if not len(held) or held.max() <= 0:
        return 1.0
    c1, c2, c3, c4 = (float((held**k).sum()) for k in (1, 2, 3, 4))
    s1, s2 = c3 / c2**1.5, c4 / c2**2
    if s1**2 > s2:
        a = 1 / (s1 - math.sqrt(s1**2 - s2))
        shift = s1 * a**3 - a**2
        degrees = a**2 - 2 * shift
    else:
        a, shift, degrees = 1 / s1, 0.0, 1 / s1**2
    place = (q - c1) / math.sqrt(2 * c2) * math.sqrt(2) * a + degrees + shift
    if place <= 0:
        return 1.0
    found = ncx2.sf(place, degrees, shift) if shift > 0 else chi2.sf(place, degrees)
    return float(min(max(found, 1e-300), 1.0))


def cauchy(p: tuple[float, ...]) -> float:
    """Cauchy combination of p-values with equal weights."""
    held = [min(max(value, 1e-300), 1 - 1e-12) for value in p]
    if min(held) < 1e-15:
        return min(1.0, len(held) * min(held))
    statistic = sum(math.tan((0.5 - value) * math.pi) for value in held) / len(held)
    return min(1.0, max(0.5 - math.atan(statistic) / math.pi, 1e-300))
