import { expect, test } from "vitest";

import { treeOf } from "./config";
import { importsOf } from "./python";

const config = {
  $class: "app.Train",
  lr: 0.001,
  note: null,
  betas: { $tuple: [0.9, 0.98] },
  data: { $class: "app.data.Corpus", hours: 10 },
  more: [{ $ref: "1" }],
  names: { $dict: [["a", 1], [2, { $path: ["posix", "x"] }]] },
  $objects: { "1": { $class: "app.data.Corpus", hours: 7 } },
};

test("a stored config is a tree with the paths that filters use", () => {
  const tree = treeOf(config);
  expect(tree.className).toBe("app.Train");
  expect(tree.children.map((one) => [one.path, one.kind])).toEqual([
    ["lr", "leaf"],
    ["note", "leaf"],
    ["betas", "list"],
    ["data", "record"],
    ["more", "list"],
    ["names", "dict"],
  ]);
  expect(tree.children[1]?.text).toBe("None");
  expect(tree.children[2]?.special).toBe("tuple");
  expect(tree.children[4]?.children[0]).toMatchObject({ path: "more.0", className: "app.data.Corpus" });
  expect(tree.children[5]?.children.map((one) => one.name)).toEqual(["a", "2"]);
});

test.each([null, undefined, [], "text", 7, {}, { $ref: "gone" }, { $unknown: {} }])("%j is shown as well", (value) => {
  expect(treeOf(value).children).toEqual([]);
});

test("a config that contains itself ends", () => {
  const knot = { $class: "a.B", x: { $ref: "1" }, $objects: { "1": { $class: "a.B", x: { $ref: "1" } } } };
  expect(JSON.stringify(treeOf(knot))).toContain("…");
});

test("the imports of a config name each class once", () => {
  expect(importsOf([config, config])).toBe("from app import Train\nfrom app.data import Corpus");
});
