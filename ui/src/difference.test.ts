import { expect, it } from "vitest";
import { difference } from "./difference";

const shown = (before: string, after: string) => difference(before, after).map((p) => (p.kind === "same" ? p.text : `${p.kind === "added" ? "+" : "-"}${p.text}`).trim());

it("a changed number stands out, and nothing else", () => {
  expect(shown("Give clopidogrel 75 mg daily.", "Give clopidogrel 150 mg daily.")).toEqual(["Give clopidogrel", "-75", "+150", "mg daily."]);
});

it("words put in, words taken out", () => {
  expect(shown("No chest pain.", "No new chest pain.")).toEqual(["No", "+new", "chest pain."]);
  expect(shown("No new chest pain.", "No chest pain.")).toEqual(["No", "-new", "chest pain."]);
  expect(shown("Same.", "Same.")).toEqual(["Same."]);
});

it("Chinese is compared character by character", () => {
  expect(shown("血钾4.1 mmol/L。", "血钠4.1 mmol/L。")).toEqual(["血", "-钾", "+钠", "4.1 mmol/L。"]);
});

it("all of the old and all of the new text is there", () => {
  const [before, after] = ["a b c d e f", "c x a f f"];
  const pieces = difference(before, after);
  const text = (left: string) => pieces.filter((p) => p.kind !== left).map((p) => p.text).join("").replace(/\s+/g, " ").trim();
  expect(text("added")).toBe(before);
  expect(text("removed")).toBe(after);
});
