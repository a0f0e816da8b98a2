"""CPIC allele definitions, functions, phenotypes and drug pairs to one small JSON file.

    consilium knowledge import cpic FOLDER

FOLDER holds `alleles/*_translation.json`, `phenotypes/*.json` and `guidelines/*.json` as PharmCAT carries them. A
diplotype's phenotype follows from the functions (or activity values) of its two alleles; the build checks that this
is so for every diplotype listed, and fails where it is not. Guideline sentences are CPIC's and are not kept.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput

ACCEPTED = "a folder with alleles/*_translation.json, phenotypes/*.json and guidelines/*.json"


def read_json(path: Path) -> Any:
    """Parse one file; raises `BadInput` where it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        raise BadInput(path.name, "the whole file", "it is not JSON", ACCEPTED) from None


def allele_key(name: str, functions: Mapping[str, str], activity: Mapping[str, str]) -> str:
    """What decides the phenotype: the activity value where the gene has them, else the function."""
    return activity.get(name) or functions.get(name, "Unknown function")


def pair_table(gene: str, body: Mapping[str, Any]) -> dict[str, list[str]]:
    """`key|key` (sorted) to [phenotype, look-up key]. Raises `BadInput` where two diplotypes of a pair disagree."""
    made: dict[str, list[str]] = {}
    for entry in body["diplotypes"]:
        names = [name for name, count in entry["diplotypekey"].items() for _ in range(count)]
        keys = (allele_key(name, body["haplotypes"], body["activityValues"]) for name in names)
        pair = "|".join(sorted(keys))
        value = [entry["generesult"], entry["lookupkey"]]
        if made.setdefault(pair, value) != value:
            raise BadInput(f"{gene}.json", entry["diplotype"], "its phenotype does not follow from function", ACCEPTED)
    return made


def build_gene(definition: Mapping[str, Any], phenotype: Mapping[str, Any] | None) -> dict[str, Any]:
    """Positions, alleles, functions and phenotypes of one gene."""
    positions = [
        {
            "position": v["position"],
            "rsid": v["rsid"],
            "ref": v["ref"],
            "alts": v["alts"],
            "hgvs": v["chromosomeHgvsName"],
        }
        for v in definition["variants"]
    ]
    alleles = [
        {
            "name": allele["name"],
            "reference": allele["reference"],
            "bases": {str(index): base for index, base in enumerate(allele["alleles"]) if base is not None},
        }
        for allele in definition["namedAlleles"]
    ]
    found: dict[str, Any] = {
        "chromosome": definition["chromosome"].removeprefix("chr"),
        "version": definition["version"],
        "positions": positions,
        "alleles": alleles,
    }
    if phenotype is not None:
        found["functions"] = phenotype["haplotypes"]
        found["activity"] = phenotype["activityValues"]
        found["phenotypes"] = pair_table(definition["gene"], phenotype)
    return found


def build_drugs(folder: Path) -> list[dict[str, Any]]:
    """Which genes each drug's guideline looks at, its year and address, and how it grades each look-up.

    Guidelines that give no advice by phenotype alone (warfarin) have no grades.
    """
    drugs: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        body = read_json(path)
        grades: dict[str, set[str]] = defaultdict(set)
        for item in body.get("recommendations") or ():
            key = "|".join(f"{gene}={value}" for gene, value in sorted(item["lookupkey"].items()))
            grades[key].add(item["classification"])
        cited = [c for c in body.get("citations") or () if c.get("year")]
        latest = max(cited, key=lambda c: int(c["year"]), default=None)
        drugs.append(
            {
                "drug": body["drugname"],
                "rxnorm": str(body.get("drugid", "")).removeprefix("RxNorm:"),
                "guideline": body["guidelinename"],
                "url": body["url"],
                "year": int(latest["year"]) if latest else None,
                "pmid": latest["pmid"] if latest else None,
                "genes": sorted({part.split("=")[0] for key in grades for part in key.split("|")} or body["genes"]),
                "grades": {key: sorted(values) for key, values in sorted(grades.items())},
            }
        )
    return drugs


def build(folder: Path) -> dict[str, Any]:
    """The whole table from the three folders under `folder`."""
    definitions = {d["gene"]: d for d in map(read_json, sorted((folder / "alleles").glob("*_translation.json")))}
    phenotypes = {p["gene"]: p for p in map(read_json, sorted((folder / "phenotypes").glob("*.json")))}
    if not definitions or not phenotypes:
        raise BadInput(folder.name, "alleles and phenotypes", "no allele definition or phenotype file", ACCEPTED)
    genes = {gene: build_gene(body, phenotypes.get(gene)) for gene, body in definitions.items()}
    if "MT-RNR1" in phenotypes and "MT-RNR1" not in genes:
        genes["MT-RNR1"] = mitochondrial(phenotypes["MT-RNR1"])
    return {
        "release": release_of(definitions.values()),
        "exemptions": read_json(folder / "alleles" / "exemptions.json"),
        "genes": genes,
        "drugs": build_drugs(folder / "guidelines"),
    }


def mitochondrial(phenotype: Mapping[str, Any]) -> dict[str, Any]:
    """MT-RNR1: its alleles are named after one substitution each on NC_012920.1, so the names are the definition."""
    names = [name for name in phenotype["haplotypes"] if name[:-3].isdigit() and name[-2] == ">"]
    positions = [
        {"position": int(n[:-3]), "rsid": None, "ref": n[-3], "alts": [n[-1]], "hgvs": f"m.{n}"} for n in sorted(names)
    ]
    order = {p["hgvs"][2:]: index for index, p in enumerate(positions)}
    alleles = [{"name": n, "reference": False, "bases": {str(order[n]): n[-1]}} for n in names]
    everything = {str(index): p["ref"] for index, p in enumerate(positions)}
    return {
        "chromosome": "MT",
        "version": phenotype.get("version", ""),
        "positions": positions,
        "alleles": [{"name": "Reference", "reference": True, "bases": everything}, *alleles],
        "functions": phenotype["haplotypes"],
        "activity": phenotype["activityValues"],
        "phenotypes": pair_table("MT-RNR1", phenotype),
    }


def release_of(definitions: Iterable[Mapping[str, Any]]) -> str:
    """The version that most definition files carry."""
    versions = [str(body["version"]) for body in definitions]
    return max(set(versions), key=versions.count)


def write(table: Mapping[str, Any], path: Path) -> None:
    """Write the table as gzipped JSON with no time stamp, so that the same input gives the same bytes."""
    data = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
