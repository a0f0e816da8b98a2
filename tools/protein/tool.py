"""The tool `protein_site`: mutations in a protein structure, or in a sequence where there is no structure."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import asdict
from typing import Any

from pydantic import Field

from knowledge.errors import ToolFailed, ToolRetry
from tools.case import Attachment, Case
from tools.evidence import Evidence, Provenance, Record, ToolResult
from tools.protein.model import SequenceReport, SiteReport
from tools.protein.mutation import Mutation, known_residues, missense_variants, parse_mutation
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.sandbox import MIB, run_limited

VERSION = "1.0"
MOST_MUTATIONS = 20
_MEMORY_BYTES = 2048 * MIB
_SECONDS = 120.0


class ProteinArguments(Arguments):
    """Arguments of `protein_site`."""

    structure: str | None = Field(default=None, description="Handle of the structure file; the only one if None.")
    mutation: str | None = Field(
        default=None,
        max_length=200,
        description="Chain and change in the file's numbering, such as A:R175H or L:S52AP. None looks for every "
        "missense variant found so far whose gene the structure holds.",
    )
    sequence: str | None = Field(
        default=None,
        max_length=60_000,
        description="Protein sequence (one-letter code or FASTA), for a mutation without a structure.",
    )


class ProteinPayload(Record):
    """Sites in the structure, or properties from the sequence, and variants that could not be placed."""

    structure: str | None = None
    title: str = ""
    sites: tuple[SiteReport, ...] = ()
    sequence: SequenceReport | None = None
    unmapped: tuple[str, ...] = ()


def run(context: ToolContext, arguments: ProteinArguments) -> ToolResult:
    """Place mutations in a structure; say what is around them and how much stability they may cost.

    Raises:
        ToolRetry: the handle, the mutation or the sequence does not fit; the text says what is there.
        ToolFailed: there is no structure and no sequence, or no variant lies in the structure.
        BadInput: the structure file is damaged, too large, or holds no protein.
    """
    mutation = None if arguments.mutation is None else parse_mutation(arguments.mutation)
    if arguments.sequence is not None:
        return _from_sequence(arguments.sequence, mutation)
    attachment = _choose(context.case, arguments.structure)
    mutations = [mutation] if mutation is not None else missense_variants(context.ledger.values())
    if not mutations:
        raise ToolFailed("No missense variant was found so far; name a mutation such as A:R175H.")
    skipped = [m.text for m in mutations[MOST_MUTATIONS:]]
    mutations = mutations[:MOST_MUTATIONS]
    context.progress(f"Reading the structure {attachment.name}")
    started = time.monotonic()
    answer = run_limited(
        "tools.protein.analyse:analyse",
        {"path": str(attachment.path), "file": attachment.name, "mutations": [_request(m) for m in mutations]},
        memory_bytes=_MEMORY_BYTES, seconds=_SECONDS, file=attachment.name, reads=(attachment.path,),
        imports=("numpy", "scipy.spatial", "scipy.special", "Bio.PDB", "pydantic"),
    )  # fmt: skip
    seconds = round(time.monotonic() - started, 2)
    warnings = [*answer["notes"]]
    unmapped = [f"{mutations[n].gene} {mutations[n].text}: {reason}" for n, reason in answer["unmapped"]]
    if skipped:
        warnings.append(f"Only the first {MOST_MUTATIONS} variants were placed; left out: {', '.join(skipped)}.")
    if not answer["sites"]:
        raise ToolFailed(f"None of the variants lies in {attachment.name}: {'; '.join(unmapped)}.")
    sites, evidence = _results(context, attachment, answer["sites"], seconds)
    warnings += [f"Not placed in {attachment.name}: {text}." for text in unmapped]
    payload = ProteinPayload(
        structure=attachment.handle, title=answer["title"], sites=tuple(sites), unmapped=tuple(unmapped)
    )
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=tuple(warnings))


def _results(
    context: ToolContext, attachment: Attachment, found: list[dict[str, Any]], seconds: float
) -> tuple[list[SiteReport], list[Evidence]]:
    from tools.protein.render import site_picture
    from tools.protein.sentences import site_evidence, stability_evidence
    from tools.protein.stability import load_network

    sites, evidence = [], []
    plain = Provenance(
        tool="protein_site", tool_version=VERSION, seconds=seconds, parameters={"file_sha256": attachment.sha256}
    )
    weighed = plain.model_copy(update={"weights_sha256": load_network().sha256})
    for item in found:
        report = SiteReport(structure=attachment.handle, **item["report"])
        title = f"{report.mutation} in {attachment.name}"
        name = context.artifacts.write(_picture_name(report), site_picture(item["drawing"], title))
        report = report.model_copy(update={"picture": name})
        sites.append(report)
        drawn = plain.model_copy(update={"parameters": plain.parameters | {"picture": name}})
        evidence.append(site_evidence(report, attachment.name, drawn))
        evidence.append(stability_evidence(report, attachment.name, weighed))
    return sites, evidence


def _request(mutation: Mutation) -> dict[str, Any]:
    known = known_residues(mutation.gene) if mutation.gene is not None else {}
    return {**asdict(mutation), "known": {str(k): v for k, v in known.items()}}


def _picture_name(report: SiteReport) -> str:
    text = re.sub(r"[^A-Za-z0-9.-]", "_", f"{report.structure}-{report.chain}-{report.old}{report.residue}{report.new}")
    return f"protein-{text}.png"


def _choose(case: Case, handle: str | None) -> Attachment:
    structures = case.of_kind("structure")
    if not structures:
        raise ToolFailed("The case has no structure file; give the protein sequence for what it alone can say.")
    names = ", ".join(f"{item.handle} ({item.name})" for item in structures)
    if handle is None:
        if len(structures) > 1:
            raise ToolRetry(f"The case has several structures; name one: {names}.")
        return structures[0]
    found = case.attachment(handle)
    if found is None or found.kind != "structure":
        raise ToolRetry(f"There is no structure {handle!r}. The structures are: {names}.")
    return found


def _from_sequence(text: str, mutation: Mutation | None) -> ToolResult:
    from tools.protein.sentences import sequence_evidence
    from tools.protein.sequence import read_sequence, sequence_report

    if mutation is None:
        raise ToolRetry("With a sequence, name the mutation, such as R175H.")
    sequence = read_sequence(text)
    report = sequence_report(sequence, mutation)
    digest = hashlib.sha256(sequence.encode()).hexdigest()
    provenance = Provenance(tool="protein_site", tool_version=VERSION, parameters={"sequence_sha256": digest})
    return ToolResult(
        payload=ProteinPayload(sequence=report),
        evidence=(sequence_evidence(report, provenance),),
        warnings=("Without a structure nothing is known of burial, contacts or stability.",),
    )


SPEC = ToolSpec(
    name="protein_site",
    version=VERSION,
    summary="Place a missense mutation in a protein structure: burial, secondary structure, contacts, distance to "
    "ligand, metal and interface, clashes, and the predicted change of folding stability. Call it after "
    "annotate_variants when the case has a structure file.",
    arguments=ProteinArguments,
    payload=ProteinPayload,
    run=run,
    slow=True,
    uses_ledger=True,
    less_needed=("unmapped",),
)
