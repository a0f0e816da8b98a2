import { createContext, useContext } from "react";
import en from "./text/en.json";
import zh from "./text/zh.json";
import type { Language } from "./types";

export type TextKey = keyof typeof en;
const TEXTS: Record<Language, Record<string, string>> = { en, zh };

/** The text `key` in a language, with `{name}` filled in, or `key.one` for a count of 1. A key that is not there is shown as it is. */
export function say(language: Language, key: string, values: Record<string, string | number> = {}): string {
  const one = values["n"] === 1 ? TEXTS[language][`${key}.one`] : undefined;
  const text = one ?? TEXTS[language][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

const SAYS: Record<Language, Say> = {
  en: (key, values) => say("en", key, values),
  zh: (key, values) => say("zh", key, values),
};

export type Say = (key: string, values?: Record<string, string | number>) => string;
export const LanguageContext = createContext<Language>("en");

export function useText(): Say {
  const language = useContext(LanguageContext);
  return SAYS[language];
}

export function toolTitle(t: Say, tool: string): string {
  const key = `tool.${tool}`;
  const text = t(key);
  return text === key ? tool.replaceAll("_", " ") : text;
}

const UNITS: Record<string, string> = { "1": "", a: "{years}", "mm[Hg]": "mmHg", mm3: "mm³", "kg/m2": "kg/m²" };

/** A UCUM unit as it is written in a chart. */
export function unitText(unit: string | null | undefined, t: Say): string {
  if (!unit) return "";
  const known = UNITS[unit] ?? unit;
  if (known === "{years}") return t("years");
  return known.replaceAll("{1.73_m2}", "1.73 m²").replace(/[{}]/g, "").replaceAll("_", " ");
}

/** Text from `start` to `end` counted in Unicode characters, as the service counts, with what is around it. */
export function spanOf(text: string, start: number, end: number): [string, string, string] {
  const characters = Array.from(text);
  const part = (from: number, to?: number) => characters.slice(from, to).join("");
  return [part(0, start), part(start, end), part(end)];
}

export function megabytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
