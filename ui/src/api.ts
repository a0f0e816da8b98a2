import type {
  Account, AccountChange, AuditPage, PersonRole, TeamInfo,
  SessionState, Decision, DraftView, Evidence, Override, RunDetail, RunHead, Trouble, Understood, WhatIf, Language, LesionViews, OpenQuestion, Outlined, WhatWouldChange,
} from "./types";

/** An error that the service named, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(readonly status: number, readonly trouble: Trouble) {
    super(trouble.message);
  }
}

/** Told to the window when an answer says that the session is over. */
export const SESSION_OVER = "consilium-session-over";

function refused(status: number, trouble: Trouble): ApiError {
  if (status === 401) dispatchEvent(new Event(SESSION_OVER));
  return new ApiError(status, trouble);
}

/** What every change carries, so that no other site can make one: read from a cookie that only this page can read. */
function token(): Record<string, string> {
  const found = /(?:^|;\s*)(?:__Host-)?consilium_csrf=([0-9a-f]+)/.exec(document.cookie);
  return found ? { "X-CSRF-Token": found[1] ?? "" } : {};
}

// What browsers let a request hold that outlives its page (Fetch standard: 64 KiB in all).
const LASTING_BYTES = 60_000;

/** `lasting`: it arrives also when the page is left meanwhile. */
async function request<T>(method: string, path: string, body?: unknown, lasting = false): Promise<T> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      headers: { ...token(), ...(text === undefined ? {} : { "Content-Type": "application/json" }) },
      body: text,
      keepalive: lasting && text !== undefined && new TextEncoder().encode(text).length < LASTING_BYTES,
    });
  } catch {
    throw new ApiError(0, { kind: "offline", message: "" });
  }
  if (!answer.ok) throw refused(answer.status, await troubleOf(answer));
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

async function troubleOf(answer: Response): Promise<Trouble> {
  try {
    return (await answer.json()) as Trouble;
  } catch {
    return { kind: "failed", message: `${answer.status} ${answer.statusText}` };
  }
}

const CHUNK_BYTES = 8 * 1024 * 1024;

/** Send a file in pieces, so that a connection that breaks off costs one piece and not the file. */
export async function upload(caseId: string, path: string, file: File, onBytes: (sent: number) => void): Promise<void> {
  let offset = 0;
  let tries = 0;
  do {
    const piece = file.slice(offset, offset + CHUNK_BYTES);
    let answer: Response;
    try {
      answer = await fetch(`/api/cases/${caseId}/file?path=${encodeURIComponent(path)}`, {
        method: "PUT",
        headers: { ...token(), "Upload-Offset": String(offset), "Content-Type": "application/octet-stream" },
        body: piece,
      });
    } catch {
      if (++tries > 3) throw new ApiError(0, { kind: "offline", message: "" });
      await new Promise((done) => setTimeout(done, 800 * tries));
      continue;
    }
    if (!answer.ok) throw refused(answer.status, await troubleOf(answer));
    offset += piece.size;
    onBytes(offset);
  } while (offset < file.size);
}

/** What the segmenter is asked with: a place in millimetres (LPS), or a box in voxels of the file. */
export type Prompt = { point_world_mm: number[] } | { box_voxels: number[] };

export const api = {
  session: () => request<SessionState>("GET", "/session"),
  logIn: (name: string, password: string) => request("POST", "/session", { name, password }),
  logOut: () => request<{ go_to: string | null }>("DELETE", "/session"),
  emergency: (patient: string, reason: string) => request<RunHead[]>("POST", "/emergency", { patient, reason }),
  accounts: () => request<Account[]>("GET", "/accounts"),
  addAccount: (given: { name: string; shown_name: string; role: PersonRole; password: string }) => request<Account>("POST", "/accounts", given),
  changeAccount: (name: string, change: AccountChange) => request<Account>("PATCH", `/accounts/${encodeURIComponent(name)}`, change),
  teams: () => request<TeamInfo[]>("GET", "/teams"),
  changeTeam: (scope: string, add: string[], remove: string[]) => request<TeamInfo>("PUT", `/teams/${scope}`, { add, remove }),
  record: (scope: string, before: number | null) => request<AuditPage>("GET", `/audit?case=${scope}${before === null ? "" : `&before=${before}`}`),
  recordOfRun: (id: string, before: number | null) => request<AuditPage>("GET", `/runs/${id}/audit${before === null ? "" : `?before=${before}`}`),
  hello: () => request<{ version: string; example: boolean }>("GET", "/hello"),
  runs: () => request<RunHead[]>("GET", "/runs"),
  run: (id: string) => request<RunDetail>("GET", `/runs/${id}`),
  draft: (id: string) => request<DraftView>("GET", `/runs/${id}/draft`),
  evidence: (id: string) => request<Evidence[]>("GET", `/runs/${id}/evidence`),
  note: (id: string, handle: string) =>
    request<{ title: string; date: string | null; text: string }>("GET", `/runs/${id}/notes/${handle}`),
  questions: (id: string) => request<OpenQuestion[]>("GET", `/runs/${id}/questions`),
  ask: (id: string, question: string) => request("POST", `/runs/${id}/ask`, { question }),
  stop: (id: string) => request("POST", `/runs/${id}/stop`),
  resume: (id: string) => request("POST", `/runs/${id}/resume`),
  checkEdit: (id: string, index: number, text: string) =>
    request<{ verdict: { status: string; problems: { message: string }[] } }>("POST", `/runs/${id}/check-edit`, { index, text }),
  decisions: (id: string) => request<{ draft_hash: string; decisions: Decision[] }>("GET", `/runs/${id}/decisions`),
  keepDecisions: (id: string, draft_hash: string, decisions: Decision[]) =>
    request("PUT", `/runs/${id}/decisions`, { draft_hash, decisions }, true),
  sign: (id: string, draft_hash: string, decisions: Decision[], reviewer: string, password: string | null) =>
    request<DraftView>("POST", `/runs/${id}/sign`, { draft_hash, decisions, reviewer, password }),
  whatIf: (id: string, models: string[], overrides: Override[], explain: boolean) =>
    request<WhatIf>("POST", `/runs/${id}/what-if`, { models, overrides, explain }),
  nearest: (id: string, evidence: string) => request<WhatWouldChange>("GET", `/runs/${id}/evidence/${evidence}/nearest`),
  outline: (id: string, imaging: string, prompt: Prompt) =>
    request<Outlined>("POST", `/runs/${id}/outline`, { imaging, ...prompt }),
  views: (id: string, evidence: string) => request<LesionViews>("POST", `/runs/${id}/evidence/${evidence}/views`),
  newCase: () => request<{ id: string }>("POST", "/cases"),
  example: () => request<{ id: string }>("POST", "/cases/example"),
  understood: (id: string) => request<Understood>("GET", `/cases/${id}`),
  removeCase: (id: string) => request("DELETE", `/cases/${id}`),
  start: (body: { case: string; question: string | null; language: Language }) =>
    request<{ id: string }>("POST", "/runs", body),
};
