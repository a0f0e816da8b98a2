import type { SectionName } from "../types";

/** The sections of a draft in their order. */
export const SECTIONS: SectionName[] = ["summary", "findings", "most_likely", "must_not_miss", "risk", "treatment", "follow_up", "missing"];
