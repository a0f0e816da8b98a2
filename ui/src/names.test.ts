import { expect, it } from "vitest";
import { inWords, namesOf, withNames } from "./names";
import type { RunDetail } from "./types";

const detail = { notes: [{ handle: "note-1", title: "ct-chest" }], attachments: [{ handle: "imaging-2", name: "ct.nii.gz" }] } as RunDetail;
const names = namesOf(detail);

it("handles of files are shown as names, other words with a number stay", () => {
  expect(withNames("Reading imaging-2.", names)).toBe("Reading ct.nii.gz.");
  expect(withNames("HER-2 and note-9", names)).toBe("HER-2 and note-9");
});

it("what a tool was given reads as words", () => {
  expect(inWords(["note-1"], names)).toBe("ct-chest");
  expect(inWords(["has_bled", "chads_vasc"], names)).toBe("has bled, chads vasc");
  expect(inWords({ drug: "medication.clopidogrel", dose: 75 }, names)).toBe("clopidogrel 75");
  expect(inWords("tumour.vcf", names)).toBe("tumour.vcf");
});
