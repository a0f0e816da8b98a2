import { describe, expect, it } from "vitest";
import en from "./text/en.json";
import zh from "./text/zh.json";
import { say, spanOf, unitText } from "./text";

describe("texts", () => {
  it("are the same set in both languages, with the same values to fill in", () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
    for (const [key, text] of Object.entries(en)) expect(names((zh as Record<string, string>)[key] ?? ""), key).toEqual(names(text));
  });
  it("fill in values and never read them as markup", () => {
    expect(say("en", "progress", { done: 2, all: "<b>9</b>" })).toBe("2 of <b>9</b> decided");
  });
  it("count one thing as one", () => {
    expect([0, 1, 2].map((n) => say("en", "findings_found", { n }))).toEqual(["0 findings", "1 finding", "2 findings"]);
    expect(say("zh", "findings_found", { n: 1 })).toBe(say("zh", "findings_found", { n: 2 }).replace("2", "1"));
  });
});

describe("a span", () => {
  it("is counted in characters, as the service counts, not in UTF-16 units", () => {
    expect(spanOf("🫁 肺 nodule 14 mm", 4, 10)).toEqual(["🫁 肺 ", "nodule", " 14 mm"]);
  });
});

it("units read as they are written in a chart", () => {
  const t = (key: string) => say("en", key);
  expect(unitText("mL/min/{1.73_m2}", t)).toBe("mL/min/1.73 m²");
  expect(unitText("mm[Hg]", t)).toBe("mmHg");
  expect(unitText("a", t)).toBe("y");
  expect(unitText("1", t)).toBe("");
});
