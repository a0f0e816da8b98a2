import { useText } from "../text";
import type { Evidence } from "../types";
import type { RunView } from "../useRun";
import type { Opened } from "./EvidencePane";

interface Props { item: Evidence; view: RunView; onOpen: (opened: Opened) => void }

/** A variant as its line of the file, its evidence codes, its records here and in public databases. */
export function VariantView({ item, view, onOpen }: Props) {
  const t = useText();
  const at = item.locator;
  if (at.type !== "vcf") return null;
  const fact = (name: string) => item.facts.find((f) => f.name === name)?.value;
  const name = fact("variant.name");
  const codes = String(fact("variant.acmg_codes") ?? "").split(/[\s,;]+/).filter(Boolean);
  const related = [...view.evidence.values()].filter((other) =>
    other.id !== item.id && name !== undefined && other.kind === "database_record" && other.facts.some((f) => f.name === "variant.name" && f.value === name));
  return (
    <>
      <table className="record">
        <thead><tr><th scope="col">CHROM</th><th scope="col">POS</th><th scope="col">REF</th><th scope="col">ALT</th><th scope="col">{at.assembly}</th></tr></thead>
        <tbody><tr><td>{at.chromosome}</td><td>{at.position}</td><td>{at.ref}</td><td>{at.alt}</td><td>{view.detail?.attachments.find((a) => a.handle === at.handle)?.name ?? at.handle}:{at.line}</td></tr></tbody>
      </table>
      {codes.length > 0 && <section><h3>{t("acmg_codes")}</h3><p className="codes">{codes.map((code) => <code key={code}>{code}</code>)}</p></section>}
      <section><h3>{t("look_up")}</h3>
        <p className="row">{publicRecords(item).map(([label, url]) => <a key={label} href={url} target="_blank" rel="noreferrer noopener">{label} ↗</a>)}</p>
        <p className="quiet">{t("look_up_hint")}</p>
      </section>
      {related.length > 0 && (
        <section><h3>{t("records")}</h3>
          <ul className="links">{related.slice(0, 8).map((other) => (
            <li key={other.id}><button className="link" onClick={() => onOpen({ id: other.id, among: [other.id], statement: null })}>{other.claim}</button></li>
          ))}</ul>
        </section>
      )}
    </>
  );
}

/** Links to the variant in public databases, by its position; they are only followed when somebody clicks. */
export function publicRecords(item: Evidence): [string, string][] {
  const at = item.locator;
  if (at.type !== "vcf") return [];
  const chromosome = at.chromosome.replace(/^chr/, "");
  const field = at.assembly === "GRCh38" ? "chrpos38" : "chrpos37";
  const found: [string, string][] = [
    ["ClinVar", `https://www.ncbi.nlm.nih.gov/clinvar/?term=${encodeURIComponent(`${chromosome}[chr] AND ${at.position}[${field}]`)}`],
  ];
  if (/^[ACGT]+$/.test(at.ref + at.alt)) {
    const release = at.assembly === "GRCh38" ? "gnomad_r4" : "gnomad_r2_1";
    found.push(["gnomAD", `https://gnomad.broadinstitute.org/variant/${chromosome}-${at.position}-${at.ref}-${at.alt}?dataset=${release}`]);
  }
  return found;
}
