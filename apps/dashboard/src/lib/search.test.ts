import { expect, test } from "vitest";

import { compose, nextSort, readSearch, toggled } from "./search";

test("an address that says something wrong is read as far as it goes", () => {
  expect(readSearch({ q: "a", cols: "class", result: ["failed", {}], host: 7, other: 1, sort: ["x"] })).toEqual({
    q: "a",
    cols: ["class"],
    result: ["failed"],
    host: ["7"],
  });
});

test("chosen facets and the reader's query hold together", () => {
  expect(compose({})).toEqual({ query: "", offset: 0 });
  expect(compose({ q: "a or b" })).toEqual({ query: "a or b", offset: 0 });
  expect(compose({ result: ["failed"], host: ["a", "b"] }).query).toBe('result="failed" host in ("a", "b")');
  const both = compose({ q: "a or b", class: ["Train"] });
  expect(both.query).toBe('class="Train" (a or b)');
  expect(both.query.slice(both.offset, both.offset + 6)).toBe("a or b");
});

test("values are quoted whatever is in them", () => {
  expect(compose({ user: ['a "b" \\ c'] }).query).toBe('user="a \\"b\\" \\\\ c"');
});

test("a head pressed again and again goes round", () => {
  expect(nextSort(undefined, "size")).toBe("-size");
  expect(nextSort("-size", "size")).toBe("size");
  expect(nextSort("size", "size")).toBeUndefined();
  expect(nextSort("-class", "size")).toBe("-size");
});

test("the last value taken away leaves nothing", () => {
  expect(toggled(undefined, "a")).toEqual(["a"]);
  expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  expect(toggled(["a"], "a")).toBeUndefined();
});
