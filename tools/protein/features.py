"""Numbers that the stability model sees: one place in a structure, and two amino acids for it.

`environment` describes the place without regard to which of the two stands there; `pair` describes the exchange.
Swapping the two amino acids gives the features of the reverse mutation in the same surroundings.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tools.protein.residues import (
    AROMATIC,
    BETA_BRANCHED,
    CHARGE,
    HELIX_COST_KCAL_PER_MOL,
    HYDROPATHY,
    HYDROPHOBIC,
    ORDER,
    STRAND_PREFERENCE,
    VOLUME_A3,
    blosum62,
)
from tools.protein.rotamers import Fit
from tools.protein.secondary import SIMPLE
from tools.protein.surroundings import Site

_FAR_A = 12.0


def environment(site: Site) -> dict[str, float]:
    """Features of the place: surface, packing, angles, secondary structure, neighbours and their kinds."""
    kind = SIMPLE.get(site.secondary, "other")
    values = {
        "exposure": min(site.exposure or 0.0, 1.2),
        "exposure_alone": min(site.exposure_alone or 0.0, 1.2),
        "helix": float(kind == "helix"),
        "strand": float(kind == "strand"),
        "flank_helix": sum(SIMPLE.get(s) == "helix" for s in site.secondary_flanks) / 4,
        "flank_strand": sum(SIMPLE.get(s) == "strand" for s in site.secondary_flanks) / 4,
        "side_ahead": site.side_counts[0] / 20,
        "side_behind": site.side_counts[1] / 20,
        "from_end": min(site.from_end, 20) / 20,
        "b_score": float(np.clip(site.b_score, -3, 3)),
        "disulphide": float(site.disulphide),
        "side_bonds": min(site.side_bonds[0], 5) / 2,
        "salt_bridges": float(min(site.side_bonds[1], 2)),
    }
    for limit, count in zip((6, 8, 10, 12, 14), site.beta_counts, strict=True):
        values[f"within_{limit}"] = count / limit
    for name, angle in (("phi", site.phi_rad), ("psi", site.psi_rad)):
        values[f"{name}_sin"] = 0.0 if angle is None else float(np.sin(angle))
        values[f"{name}_cos"] = 0.0 if angle is None else float(np.cos(angle))
    values["left_handed"] = float(site.phi_rad is not None and site.phi_rad > 0)
    for kind in ("metal", "ligand", "nucleic_acid", "chain"):
        distance = site.distances_a.get(kind, (_FAR_A, ""))[0]
        values[f"near_{kind}"] = 1 - min(distance, _FAR_A) / _FAR_A
    return values | _sphere(site) | _flanks(site)


def _sphere(site: Site) -> dict[str, float]:
    inside = [(letter, 1 - distance / 10) for letter, distance in site.sphere if letter in HYDROPATHY]
    total = sum(weight for _, weight in inside) or 1.0
    return {
        "sphere_hydropathy": sum(HYDROPATHY[a] * w for a, w in inside) / total,
        "sphere_volume": sum(VOLUME_A3[a] * w for a, w in inside) / total / 100,
        "sphere_hydrophobic": sum(w for a, w in inside if a in HYDROPHOBIC),
        "sphere_aromatic": sum(w for a, w in inside if a in AROMATIC),
        "sphere_charge": sum(CHARGE.get(a, 0) * w for a, w in inside),
        "sphere_charged": sum(abs(CHARGE.get(a, 0)) * w for a, w in inside),
        "sphere_glycine": sum(w for a, w in inside if a == "G"),
    }


def _flanks(site: Site) -> dict[str, float]:
    values: dict[str, float] = {}
    for place, letter in zip(("m2", "m1", "p1", "p2"), site.flanks, strict=True):
        values[f"flank_{place}_hydropathy"] = HYDROPATHY.get(letter, 0.0)
        values[f"flank_{place}_charge"] = float(CHARGE.get(letter, 0))
    values["next_proline"] = float(site.flanks[2] == "P")
    return values


def _residue(letter: str, fit: Fit) -> dict[str, float]:
    return {
        "hydropathy": HYDROPATHY[letter],
        "volume": VOLUME_A3[letter] / 50,
        "helix_cost": min(HELIX_COST_KCAL_PER_MOL[letter], 2.0),
        "strand_preference": STRAND_PREFERENCE[letter],
        "charge": float(CHARGE.get(letter, 0)),
        "charged": float(letter in CHARGE),
        "aromatic": float(letter in AROMATIC),
        "branched": float(letter in BETA_BRANCHED),
        "proline": float(letter == "P"),
        "glycine": float(letter == "G"),
        "hydrophobic": float(letter in HYDROPHOBIC),
        "overlap": float(np.log1p(fit.overlap_a)),
        "contacts": fit.contacts / 40,
        "carbon_contacts": fit.carbon_contacts / 20,
        "polar_contacts": min(fit.polar_contacts, 4) / 2,
    }


def pair(place: Mapping[str, float], old: str, new: str, fit_old: Fit, fit_new: Fit) -> dict[str, float]:
    """Features of `old` giving way to `new` at a place that `environment` described."""
    a, b = _residue(old, fit_old), _residue(new, fit_new)
    change = {name: b[name] - a[name] for name in a}
    buried = 1 - min(place["exposure_alone"], 1.0)
    values = {f"old_{name}": value for name, value in a.items()}
    values |= {f"new_{name}": value for name, value in b.items()}
    values |= {f"change_{name}": value for name, value in change.items()}
    values["blosum62"] = blosum62()[old, new]
    values["buried_hydropathy"] = buried * change["hydropathy"]
    values["buried_volume"] = buried * change["volume"]
    values["buried_charged"] = buried * change["charged"]
    values["buried_contacts"] = buried * change["contacts"]
    values["dense_volume"] = place["within_10"] * change["volume"]
    values["dense_hydropathy"] = place["within_10"] * change["hydropathy"]
    values["helix_helix_cost"] = place["helix"] * change["helix_cost"]
    values["strand_preference_strand"] = place["strand"] * change["strand_preference"]
    values["left_glycine"] = place["left_handed"] * change["glycine"]
    values["field_charge"] = place["sphere_charge"] * change["charge"]
    values["oily_hydropathy"] = place["sphere_hydropathy"] * change["hydropathy"]
    values["buried_carbon_contacts"] = buried * change["carbon_contacts"]
    values |= {f"identity_{letter}": float(new == letter) - float(old == letter) for letter in ORDER}
    values["size_change"] = abs(change["volume"])
    return values


def vector(place: Mapping[str, float], old: str, new: str, fits: Mapping[str, Fit]) -> dict[str, float]:
    """All features of one mutation by name. `fits` has the rotamer fit of both amino acids."""
    return dict(place) | pair(place, old, new, fits[old], fits[new])


def forward_and_reverse(
    place: Mapping[str, float], old: str, new: str, fits: Mapping[str, Fit]
) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the features, and rows (2, features): old to new, and new to old in the same surroundings."""
    forward, reverse = vector(place, old, new, fits), vector(place, new, old, fits)
    names = list(forward)
    return names, np.array([[forward[n] for n in names], [reverse[n] for n in names]])
