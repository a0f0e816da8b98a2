"""Suites from YAML files, names checked against the vocabulary, guidelines and tools; case folders from cases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from evals.cases.model import Check, Phantom, ScriptedCase, Suite, VariantFile
from knowledge.errors import BadInput, ToolRetry
from knowledge.facts import vocabulary
from knowledge.recommendations import recommendations
from knowledge.yamlfile import load_yaml
from tools.registry import tool_names

SUITES = Path(__file__).parent / "suites"

# Lengths of the sequences that the scripted variant files name (GRCh37, GRCh38), from the assembly reports.
_LENGTHS = {
    "chr1": (249250621, 248956422),
    "chr3": (198022430, 198295559),
    "chr7": (159138663, 159345973),
    "chr10": (135534747, 133797422),
    "chr12": (133851895, 133275309),
    "chr13": (115169878, 114364328),
    "chr17": (81195210, 83257441),
}


def suite_names() -> tuple[str, ...]:
    """Names of the suites that ship with Consilium."""
    return tuple(sorted(path.stem for path in SUITES.glob("*.yaml")))


def load_suite(name: str | Path) -> Suite:
    """A suite by name, or from a file.

    Raises:
        ToolRetry: there is no such suite or file.
        BadInput: the file is not a suite; the text says where and what is accepted.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = SUITES / f"{name}.yaml"
    if not path.is_file():
        raise ToolRetry(f"There is no suite {str(name)!r}. There are: all, {', '.join(suite_names())}; or give a file.")
    try:
        suite = Suite.model_validate(load_yaml(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(path.name, place, first["msg"], "docs/evals.md") from None
    for case in suite.cases:
        check_names(path.name, case)
    return suite


def load_suites(name: str) -> tuple[Suite, ...]:
    """One suite, or every suite for `all`."""
    return tuple(load_suite(one) for one in suite_names()) if name == "all" else (load_suite(name),)


def check_names(file: str, case: ScriptedCase) -> None:
    """Refuse names of facts, drugs, recommendations and tools that do not exist, which could never be met."""
    tools = set(tool_names())
    called = [call.tool for call in case.calls] + list(case.forbidden_calls)
    called += [call.tool for turn in case.turns for call in turn.calls]
    for tool in called:
        if tool not in tools:
            raise BadInput(file, case.id, f"there is no tool {tool!r}", f"one of {', '.join(sorted(tools))}")
    for _, item in case.all_expectations():
        _check_check(file, case.id, item.check)


def _check_check(file: str, place: str, check: Check) -> None:
    for name in check.recommendation or ():
        if name not in recommendations().by_id:
            raise BadInput(file, place, f"there is no recommendation {name!r}", "an id of `consilium knowledge list`")
    facts = [check.asks, check.proposes, check.warns, check.fact.name if check.fact else None]
    for fact in facts:
        if fact is not None and fact not in vocabulary():
            raise BadInput(file, place, f"no fact is named {fact!r}", "a name of the vocabulary")


def write_case(case: ScriptedCase, folder: Path) -> Path:
    """Make the case folder of `case` in `folder`, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    body: dict[str, Any] = {"format": "consilium-case/1", "synthetic": True, **case.case, "question": case.question}
    body.setdefault("patient", {})
    body["patient"] = {"id": f"SYN-{case.id}", **body["patient"]}
    if case.variants:
        body["variants"] = [_variant_entry(item) for item in case.variants]
    if case.phantom:
        from evals.cases.scans import write_scan

        body["imaging"] = [write_scan(folder, case.phantom if isinstance(case.phantom, Phantom) else Phantom())]
    for item in case.variants:
        (folder / item.file).write_text(vcf_text(item), encoding="utf-8")
    if case.notes:
        (folder / "notes").mkdir(exist_ok=True)
    for name, text in case.notes.items():
        (folder / "notes" / name).write_text(text, encoding="utf-8")
    text = yaml.safe_dump(body, allow_unicode=True, sort_keys=False)
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    return folder


def _variant_entry(item: VariantFile) -> dict[str, Any]:
    entry = {"file": item.file, "assembly": item.assembly, "origin": item.origin, "sample": "SAMPLE"}
    return {key: value for key, value in entry.items() if value is not None}


def vcf_text(item: VariantFile) -> str:
    """The file as VCF 4.2 text. `GT:AF` of a line becomes a depth of 200 with that fraction of alternate reads."""
    head = ["##fileformat=VCFv4.2", "##source=SYNTHETIC, no real patient"]
    if item.assembly:
        head.append(f"##reference={item.assembly}")
    head += _contig_lines(item)
    head += [
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">',
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "SAMPLE"]),
    ]
    return "\n".join([*head, *(_row(line) for line in item.lines)]) + "\n"


def _contig_lines(item: VariantFile) -> Iterable[str]:
    names = sorted({line.split()[0] for line in item.lines}, key=lambda name: int(name.removeprefix("chr")))
    for name in names:
        length = f",length={_LENGTHS[name][item.assembly == 'GRCh38']}" if item.assembly and name in _LENGTHS else ""
        yield f"##contig=<ID={name}{length}>"


def _row(line: str) -> str:
    chromosome, position, identifier, ref, alt, sample = line.split()
    genotype, _, fraction = sample.partition(":")
    share = float(fraction) if fraction else {"0/0": 0.0, "0/1": 0.5, "1/1": 1.0}[genotype]
    reads = round(200 * share)
    called = f"{genotype}:200:{200 - reads},{reads}"
    return "\t".join((chromosome, position, identifier, ref, alt, ".", "PASS", ".", "GT:DP:AD", called))
