import { expect, test } from "vitest";

import type { FileEntry, Table } from "@/api/client";

import { axisOf } from "./chart";
import { firstOf } from "./files-tab";

const file = (path: string, size = 10): FileEntry => ({ path, kind: "file", size, modified_at: "2026-01-01T00:00:00Z" });

test("the most telling file is shown first", () => {
  expect(firstOf([file("model.bin"), file("metrics.json"), file("notes.md"), file(".furu/state.json")])).toBe("notes.md");
  expect(firstOf([file("model.bin"), file("curve.csv")])).toBe("curve.csv");
  expect(firstOf([file("model.bin")])).toBe("model.bin");
  expect(firstOf([file(".furu/state.json"), file(".furu/result.json")])).toBe(".furu/result.json");
  expect(firstOf([file("empty.md", 0)])).toBeUndefined();
});

test("lines are drawn over a column that counts", () => {
  const table = (names: string[], rows: number[][]): Table => ({
    kind: "table",
    format: "csv",
    size: 1,
    columns: names.map((name) => ({ name, type: "number", numeric: true })),
    rows,
    offset: 0,
    total_rows: rows.length,
    more: false,
  });
  expect(axisOf(table(["loss", "step"], [[3, 1], [2, 2]]))).toBe(1);
  expect(axisOf(table(["loss", "step"], [[3, 2], [2, 1]]))).toBe(-1);
  expect(axisOf(table(["loss"], [[3], [2]]))).toBe(-1);
});
