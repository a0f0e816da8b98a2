import type { RunDetail } from "./types";

/** Files by their handles, as people call them. */
export function namesOf(detail: RunDetail | null): Map<string, string> {
  const named = [...(detail?.notes ?? []).map((n) => [n.handle, n.title]), ...(detail?.attachments ?? []).map((a) => [a.handle, a.name])];
  return new Map(named as [string, string][]);
}

/** A text with the names of files in place of their handles. */
export function withNames(text: string, names: Map<string, string>): string {
  return text.replace(/\b[a-z]+-\d+\b/g, (handle) => names.get(handle) ?? handle);
}

/** A value that a tool was given, in words: no quotes, brackets or underscores. */
export function inWords(value: unknown, names: Map<string, string>): string {
  if (Array.isArray(value)) return value.map((one) => inWords(one, names)).join(", ");
  if (typeof value === "object" && value !== null) return Object.values(value).map((one) => inWords(one, names)).join(" ");
  const text = withNames(String(value), names);
  return /^[a-z]+(?:[._][A-Za-z0-9]+)+$/.test(text) && !/\.[a-z]{2,5}$/.test(text) ? (text.split(".").at(-1) ?? text).replaceAll("_", " ") : text;
}
