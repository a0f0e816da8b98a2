// What the service sends; see agent/server/records.py and /api/openapi.json.

export type Language = "en" | "zh";
export type RunState = "working" | "to_review" | "signed" | "failed";
export type Status = "supported" | "unsupported" | "cannot_check";
export type SectionName =
  | "summary" | "findings" | "most_likely" | "must_not_miss" | "risk" | "treatment" | "follow_up" | "missing";

export interface Trouble {
  kind: string;
  message: string;
  file?: string | null;
  place?: string | null;
  problem?: string | null;
  accepted?: string | null;
}

export interface Patient { id: string; age_years: number | null; sex: "female" | "male" | null }

export interface RunHead {
  id: string;
  created: string;
  case_id: string;
  patient: Patient;
  synthetic: boolean;
  question: string;
  model: string;
  language: Language;
  state: RunState;
  note: string;
  place: number | null;
  emergency: EmergencyAccess[];
}

/** Access that somebody outside of the care team took, and why. */
export interface EmergencyAccess { name: string; reason: string | null; started: string; until: string }

export interface SignedIn {
  user: string; name: string; role: "physician" | "reviewer" | "researcher" | "admin" | "service"; permissions: string[];
  signs_by: "name" | "password" | "login" | "nothing";
}
export type PersonRole = "physician" | "reviewer" | "researcher" | "admin";
export interface Account {
  name: string; shown_name: string; role: PersonRole | "service"; scopes: string[]; disabled: boolean; locked_until: string | null;
}
export interface AccountChange { role?: PersonRole; disabled?: boolean; password?: string; unlock?: true }
export interface TeamInfo { case: string; members: string[]; runs: string[]; emergency: EmergencyAccess[] }
export interface AuditRow {
  number: number; at: string; user: string; role: string; address: string; action: string; what: string;
  outcome: "allowed" | "denied" | "failed"; case: string; run: string; account: string;
}
export interface AuditPage { rows: AuditRow[]; before: number | null }
export interface SessionState { ways: ("link" | "password" | "oidc")[]; actor: SignedIn | null }

export interface NoteHead { handle: string; title: string; date: string | null; language: Language; characters: number }
export interface Attachment {
  handle: string; kind: string; name: string; modality: string | null; body_part: string | null;
  acquired: string | null; assembly: string | null; origin: string | null;
}
export interface Step {
  tool: string; seconds: number; evidence: number; failed: string | null;
  /** Null in the record of a run that was made before calls were marked. */
  call: string | null; arguments: Record<string, unknown>; found: string[]; message: string;
}
export interface Problem { code: string; message: string }
export interface AnsweredStatement {
  text: string; kind: string; evidence: string[]; status: Status; problems: Problem[];
}
export interface Turn {
  number: number; question: string; state: "working" | "done" | "failed";
  statements: AnsweredStatement[]; new_draft: boolean; message: string;
}
export interface RunDetail {
  run: RunHead; notes: NoteHead[]; attachments: Attachment[]; steps: Step[]; turns: Turn[]; warnings: string[];
}

export interface Fact { name: string; value: string | number | boolean; unit: string | null; at: string | null }
export type Locator =
  | { type: "note"; handle: string; start: number; end: number; quote: string }
  | { type: "field"; handle: string; path: string }
  | { type: "image"; handle: string; slice_index: number; box_voxels: number[]; artifact: string | null; picture: string | null }
  | { type: "vcf"; handle: string; line: number; assembly: string; chromosome: string; position: number; ref: string; alt: string }
  | { type: "document"; document: string; section: string; page: number | null; identifier: string | null }
  | { type: "table"; table: string; release: string; record: string; url: string | null }
  | { type: "calculation"; model: string; inputs: string[]; identifier: string | null }
  | { type: "structure"; handle: string; chain: string; residue: string };

export interface Evidence {
  id: string; kind: string; claim: string; facts: Fact[]; locator: Locator;
  provenance: { tool: string; tool_version: string; data_release: string | null; seconds: number; parameters: Record<string, string | number | boolean | null> };
}
export interface FactRow { name: string; label: string; value: string }
export interface Source {
  number: number; kind_label: string; place: string; link: string | null; facts: FactRow[];
  provenance: string[]; cited_in: number[]; evidence: Evidence;
}
export interface Decision { index: number; action: "accept" | "edit" | "reject"; text?: string | null; reason?: string | null }
export interface Statement {
  index: number; section: SectionName; kind: string; text: string; draft_text: string; evidence: string[];
  status: Status; problems: Problem[]; decision: Decision | null;
}
export interface DraftView {
  state: "preliminary" | "signed" | "amended"; draft_hash: string; question: string; language: Language;
  statements: Statement[]; sources: Source[]; warnings: string[]; settings: Record<string, string>;
  reviewer: string | null; signed_at: string | null;
}

export interface StoredFile { path: string; size_bytes: number }
export interface Understood {
  id: string; files: StoredFile[]; problem: Trouble | null; patient: Patient | null; synthetic: boolean;
  question: string | null; attachments: Attachment[]; notes: NoteHead[];
  facts: { claim: string; handle: string; place: string }[]; warnings: string[];
}

/** A sentence as it is written, already verified; `number` is its place in the answer that is being written. */
export interface Written {
  number: number; section: SectionName; kind: string; text: string; evidence: string[]; status: Status; problems: Problem[];
}
export interface RunEvent extends Partial<Written> {
  mode?: "draft" | "answer"; attempt?: number;
  event: string; tool?: string; call?: string; arguments?: Record<string, unknown>; warnings?: string[]; failed?: string | null; node?: string; message?: string;
}


export interface OutputValue {
  key: string; title: string; value: number | null; shown: number | null; text: string | null; unit: string;
  band: string | null; meaning: string | null; horizon_years: number | null;
}
export interface ResolvedInput {
  key: string; fact: string; label: string; value: number | string | boolean | null; unit: string | null;
  how: "recorded" | "derived" | "assumed"; evidence_ids: string[]; changeable: boolean;
}
export interface Estimate {
  model: string; title: string; status: string; outputs: OutputValue[]; inputs: ResolvedInput[];
  problems: { text: string }[]; assumptions: string[]; source: string; doi: string; limits: string;
}
export interface Contribution { key: string; label: string; value: number; on_result_scale: number }
export interface WhatIf {
  payload: {
    estimates: Estimate[]; what_if: Estimate[];
    explanations: { model: string; explanation: { reference_result: number; result: number; reference_patient: string; contributions: Contribution[] } }[];
  };
  warnings: string[];
  facts: Record<string, FactInfo>;
}
export interface FactInfo {
  name: string; label: string; kind: string; unit: string | null; low: number | null; high: number | null;
  choices: Record<string, string>;
}
export interface QuickAnswer { label: string; sentence: string }
/** A fact that answers a question; `value_sentence` has `{value}` where a number in the fact's unit goes. */
export interface AskedFact { fact: FactInfo; answers: QuickAnswer[]; value_sentence: string | null }
export interface OpenQuestion { statement: number; text: string; facts: AskedFact[] }
export interface Override { name: string; value: number | string | boolean; unit?: string | null }

export interface Outlined { evidence: Evidence[]; warnings: string[] }
export interface LesionViews { pictures: string[]; dicom_seg: string | null; notes: string[] }
export type Answer = "applies" | "does_not_apply" | "cannot_tell";
export interface FactChange { fact: string; label: string; now: string | null; then: string }
export interface WhatWouldChange {
  recommendation: string; text: string; now: Answer; because: FactRow[]; assumed_absent: string[];
  turned_by: { changes: FactChange[]; then: Answer }[];
}
