"""Reads a structure and answers about mutations in it. Runs in the limited child process and answers in plain JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import ToolRetry
from tools.protein.features import environment
from tools.protein.mutation import Mutation
from tools.protein.reading import Residue, Structure, read_structure
from tools.protein.residues import THREE_LETTER
from tools.protein.rotamers import CONTACT_A, Fit
from tools.protein.secondary import SIMPLE
from tools.protein.stability import predict_stability
from tools.protein.surroundings import Site, SiteFinder, letters

# A chain counts as a gene's product when nine tenths of the residues that ClinVar names agree, and at least ten do.
LEAST_COMPARED = 10
LEAST_AGREEMENT = 0.9
_DRAWN_A = 9.0


def analyse(path: str, file: str, mutations: list[dict[str, Any]]) -> dict[str, Any]:
    """Report on each mutation.

    Args:
        mutations: fields of `Mutation`, and under `known` the residues (number as text -> letter) that ClinVar names.

    Returns:
        `sites`: a list of {mutation number, report fields, drawing}; `unmapped`: [mutation number, reason];
        `notes`: what a reader should know of the file.

    Raises:
        BadInput: the file cannot be used.
        ToolRetry: a mutation that was asked for by name does not fit the structure.
    """
    structure = read_structure(Path(path), file)
    finder = SiteFinder(structure)
    sites, unmapped = [], []
    notes = _notes(structure)
    for number, given in enumerate(mutations):
        known = {int(k): v for k, v in (given.pop("known", None) or {}).items()}
        mutation = Mutation(**given)
        if mutation.gene is None:
            index, agreement = _named(finder, mutation, file), None
        else:
            found = _of_gene(finder, mutation, known)
            if isinstance(found, str):
                unmapped.append([number, found])
                continue
            index, agreement = found
        report, drawing = _report(finder, index, mutation)
        notes += _site_notes(finder, index, mutation)
        sites.append({"number": number, "report": {**report, "agreement": agreement}, "drawing": drawing})
    return {"sites": sites, "unmapped": unmapped, "notes": list(dict.fromkeys(notes)), "title": structure.title}


def _notes(structure: Structure) -> list[str]:
    found = []
    if structure.models > 1:
        found.append(f"The file has {structure.models} models; only the first is used.")
    if structure.resolution_a is not None and structure.resolution_a > 3.0:
        found.append(f"The resolution is {structure.resolution_a:g} Å; side chains are uncertain beyond 3 Å.")
    return found


def _site_notes(finder: SiteFinder, index: int, mutation: Mutation) -> list[str]:
    here = finder.structure.residues[index]
    found = []
    place = f"residue {here.label} of chain {here.chain}"
    if here.alternates:
        found.append(f"Atoms of {place} have alternate locations; the best occupied one is used.")
    if here.name != THREE_LETTER.get(here.letter):
        found.append(f"The {place} is the modified residue {here.name}, taken as {here.letter}.")
    heavy = {"G": 4, "A": 5}.get(here.letter, 6)
    if len(here.atoms) < heavy:
        found.append(f"The side chain of {place} is incomplete in the structure.")
    copies = [name for name in finder.structure.chains() if _same_protein(finder.structure, name, here)]
    if copies and mutation.chain is None:
        found.append(f"Residue {here.label} also stands in chain {', '.join(copies)}; chain {here.chain} is described.")
    if mutation.new == "P" or mutation.old == "P":
        found.append("Proline changes the backbone, which the model and the clash count keep fixed.")
    return found


def _same_protein(structure: Structure, name: str, here: Residue) -> bool:
    """Whether another chain is a copy of the residue's own and holds it too."""
    own = {r.label: r.letter for r in structure.chain(here.chain)}
    other = {r.label: r.letter for r in structure.chain(name)}
    shared = own.keys() & other.keys()
    equal = sum(own[label] == other[label] for label in shared)
    return name != here.chain and here.label in shared and equal >= LEAST_AGREEMENT * len(own)


def _named(finder: SiteFinder, mutation: Mutation, file: str) -> int:
    """Index of the residue of a mutation given by name; its chain may be left out when the answer is the same."""
    structure = finder.structure
    chains = structure.chains()
    if mutation.chain is not None and mutation.chain not in chains:
        raise ToolRetry(f"{file} has no protein chain {mutation.chain!r}. Its protein chains are {', '.join(chains)}.")
    asked = [mutation.chain] if mutation.chain is not None else chains
    places = {chain: finder.index(chain, mutation.label) for chain in asked}
    fitting = [
        (chain, i) for chain, i in places.items() if i is not None and structure.residues[i].letter == mutation.old
    ]
    if not fitting:
        raise ToolRetry(_mismatch(structure, mutation, places))
    if len({letters(structure.chain(chain)) for chain, _ in fitting}) > 1 and mutation.chain is None:
        names = ", ".join(chain for chain, _ in fitting)
        raise ToolRetry(f"{mutation.text} fits several different chains ({names}); name one, such as "
                        f"{fitting[0][0]}:{mutation.text}.")  # fmt: skip
    return _nearest_to_others(finder, [i for _, i in fitting])


def _mismatch(structure: Structure, mutation: Mutation, places: dict[str, int | None]) -> str:
    """What stands at the place where the old amino acid was expected."""
    said = []
    for chain, index in places.items():
        if index is not None:
            found = structure.residues[index]
            said.append(f"residue {mutation.label} of chain {chain} is {found.name.title()}, "
                        f"not {THREE_LETTER[mutation.old].title()}")  # fmt: skip
        else:
            said.append(f"chain {chain} has no residue {mutation.label}{_around(structure.chain(chain), mutation)}")
    return f"{mutation.text} does not fit: {'; '.join(said[:6])}. Use the numbering of the structure file."


def _around(chain: list[Residue], mutation: Mutation) -> str:
    """The residues on both sides of a gap, or the range of the chain."""
    numbers = [r.number for r in chain]
    below = [n for n in numbers if n < mutation.number]
    above = [n for n in numbers if n > mutation.number]
    same = [r.label for r in chain if r.number == mutation.number]
    if same:
        return f" (but it has {', '.join(same)})"
    if below and above:
        return f" (a gap between {max(below)} and {min(above)})"
    return f" (it runs from {min(numbers)} to {max(numbers)})"


def _of_gene(finder: SiteFinder, mutation: Mutation, known: dict[int, str]) -> tuple[int, tuple[int, int]] | str:
    """Index of the residue and the agreement of its chain with ClinVar, or why there is none."""
    placed: dict[int, tuple[int, int]] = {}
    problems: list[str] = []
    default = f"no chain was found to be {mutation.gene} in the gene's own numbering"
    for name in finder.structure.chains():
        chain = finder.structure.chain(name)
        by_number = {r.number: r.letter for r in chain if not r.insertion}
        compared = [n for n in known if n in by_number]
        agreeing = sum(by_number[n] == known[n] for n in compared)
        if len(compared) < LEAST_COMPARED or agreeing < LEAST_AGREEMENT * len(compared):
            continue
        index = finder.index(name, mutation.label)
        if index is None:
            near = _around(chain, mutation)
            problems.append(f"chain {name} is {mutation.gene} and has no residue {mutation.label}{near}")
        elif finder.structure.residues[index].letter != mutation.old:
            found = finder.structure.residues[index].name.title()
            expected = THREE_LETTER[mutation.old].title()
            problems.append(f"residue {mutation.label} of chain {name} is {found}, not {expected}")
        else:
            placed[index] = (agreeing, len(compared))
    if not placed:
        return problems[0] if problems else default
    best = _nearest_to_others(finder, list(placed))
    return best, placed[best]


def _nearest_to_others(finder: SiteFinder, indices: list[int]) -> int:
    """Of copies of one residue, the one nearest to a nucleic acid, else a ligand, else a metal; else the first."""
    if len(indices) == 1:
        return indices[0]
    far = (float("inf"), "")

    def distances(index: int) -> tuple[float, ...]:
        found = finder.site(index).distances_a
        near = [found.get(kind, far)[0] for kind in ("nucleic_acid", "ligand", "metal")]
        return tuple(d if d <= CONTACT_A else float("inf") for d in near)

    return min(indices, key=distances)


def _report(finder: SiteFinder, index: int, mutation: Mutation) -> tuple[dict[str, Any], dict[str, Any]]:
    site = finder.site(index)
    here = site.residue
    fits = {letter: finder.fit(index, letter) for letter in (mutation.old, mutation.new)}
    stability = predict_stability(environment(site), mutation.old, mutation.new, fits)
    beside = {(r.chain, r.label) for r in _beside(finder, index)}
    touching = [n for n in site.neighbours if (n.chain, n.label) not in beside]
    report = {
        "chain": here.chain,
        "residue": here.label,
        "old": mutation.old,
        "new": mutation.new,
        "gene": mutation.gene,
        "exposure_percent": round(100 * (site.exposure or 0.0), 1),
        "exposure_alone_percent": round(100 * (site.exposure_alone or 0.0), 1),
        "accessible_area_angstrom2": round(site.area_a2, 1),
        "secondary": SIMPLE.get(site.secondary, "other"),
        "touching": [
            {"name": n.name, "chain": n.chain, "residue": n.label, "kind": n.kind,
             "distance_angstrom": round(n.distance_a, 1)}
            for n in touching
        ],
        "contacts": len(touching),
        "nearest": [
            {"kind": kind, "what": what, "distance_angstrom": round(distance, 1)}
            for kind, (distance, what) in site.distances_a.items()
        ],
        "disulphide": site.disulphide,
        "clashes": fits[mutation.new].clashes,
        "clashes_before": fits[mutation.old].clashes,
        "ddg_kcal_per_mol": round(stability.ddg_kcal_per_mol, 1),
        "ddg_low_kcal_per_mol": round(stability.low_kcal_per_mol, 1),
        "ddg_high_kcal_per_mol": round(stability.high_kcal_per_mol, 1),
    }  # fmt: skip
    return report, _drawing(finder, site, fits[mutation.new])


def _beside(finder: SiteFinder, index: int) -> list[Residue]:
    residues = finder.structure.residues
    chain = residues[index].chain
    return [residues[k] for k in (index - 1, index + 1) if 0 <= k < len(residues) and residues[k].chain == chain]


def _drawing(finder: SiteFinder, site: Site, fit: Fit) -> dict[str, Any]:
    """Positions (Å, from the residue's alpha carbon) of the residue, its new side chain and what is near."""
    centre = site.residue.atoms["CA"]

    def group(item: Residue) -> dict[str, Any]:
        return {
            "label": f"{item.name.title()} {item.chain}{item.label}",
            "kind": item.kind,
            "elements": list(item.elements.values()),
            "positions": [[round(float(v), 2) for v in p - centre] for p in item.atoms.values()],
        }

    everything = [*finder.structure.residues, *finder.structure.others]
    near = [
        r for r in everything
        if r is not site.residue and np.linalg.norm(r.positions() - centre, axis=1).min() < _DRAWN_A
    ]  # fmt: skip
    touching = {(n.chain, n.label) for n in site.neighbours}
    trace = [
        [round(float(v), 2) for v in r.atoms["CA"] - centre]
        for r in finder.structure.chain(site.residue.chain)
        if np.linalg.norm(r.atoms["CA"] - centre) < 16
    ]
    core = [site.residue.atoms["CA"], *fit.positions.values()]
    return {
        "old": group(site.residue),
        "new": [[round(float(v), 2) for v in p - centre] for p in core],
        "near": [{**group(r), "touches": (r.chain, r.label) in touching} for r in near][:60],
        "trace": trace,
    }
