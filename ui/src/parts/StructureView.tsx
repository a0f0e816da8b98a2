import { useState } from "react";
import { useText } from "../text";
import type { Evidence } from "../types";
import type { RunView } from "../useRun";

/** The place of a mutation in a protein structure, with its picture where one is stored. */
export function StructureView({ runId, item, view }: { runId: string; item: Evidence; view: RunView }) {
  const t = useText();
  const [missing, setMissing] = useState(false);
  const at = item.locator;
  if (at.type !== "structure") return null;
  const file = view.detail?.attachments.find((a) => a.handle === at.handle)?.name ?? at.handle;
  return (
    <figure className="document">
      {!missing && <img src={`/api/runs/${runId}/evidence/${item.id}/picture`} alt={t("site_alt", { residue: at.residue, chain: at.chain })} onError={() => setMissing(true)} />}
      <figcaption className="quiet">{t("site", { file, chain: at.chain, residue: at.residue })}</figcaption>
    </figure>
  );
}
