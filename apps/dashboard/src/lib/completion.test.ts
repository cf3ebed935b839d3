import { expect, test } from "vitest";

import type { FilterFields } from "@/api/client";

import { accept, complete } from "./completion";

const known: FilterFields = {
  fields: [
    { name: "result", kind: "text", doc: "state of the result" },
    { name: "started", kind: "moment", doc: "when it began" },
    { name: "duration", kind: "duration", doc: "how long it took" },
  ],
  config_paths: ["optimizer.lr", "layers"],
  config_truncated: false,
};
const facets = { result: [{ value: "success", count: 7 }, { value: "failed", count: 2 }], host: [{ value: "a b", count: 1 }] };

const texts = (query: string) => complete(query, query.length, known, facets).suggestions.map((one) => one.text);

test("fields are completed, those that begin so before those that contain it", () => {
  expect(texts("")).toEqual(["result", "started", "duration", "config.optimizer.lr", "config.layers"]);
  expect(texts("re")).toEqual(["result"]);
  expect(texts("class=A lr")).toEqual(["config.optimizer.lr"]);
});

test("values are those that the store has", () => {
  expect(texts("result=")).toEqual(["success", "failed"]);
  expect(texts("result=f")).toEqual(["failed"]);
  expect(texts("host=")).toEqual(['"a b"']);
  expect(texts("started>")).toContain("-2d");
});

test("nothing is completed inside quotes", () => {
  expect(texts('name="re')).toEqual([]);
});

test("a field is followed by its sign, a value by a space", () => {
  const at = complete("re", 2, known, facets);
  expect(accept("re", at, at.suggestions[0]!, known)).toEqual({ query: "result=", cursor: 7 });
  const moment = complete("sta", 3, known, facets);
  expect(accept("sta", moment, moment.suggestions[0]!, known).query).toBe("started>");
  const value = complete("result=f", 8, known, facets);
  expect(accept("result=f", value, value.suggestions[0]!, known)).toEqual({ query: "result=failed ", cursor: 14 });
});

test("what stands behind the cursor stays", () => {
  const at = complete("re class=A", 2, known, facets);
  expect(accept("re class=A", at, at.suggestions[0]!, known).query).toBe("result= class=A");
});
