import { expect, test } from "vitest";

import { Log, search } from "./log";

test("parts of a log are put together to lines", () => {
  const log = new Log();
  log.add("one\ntw");
  log.add("o\nthree");
  expect(log.lines.map((line) => line.text)).toEqual(["one", "two"]);
  log.end();
  expect(log.lines.map((line) => [line.number, line.text])).toEqual([
    [1, "one"],
    [2, "two"],
    [3, "three"],
  ]);
});

test("lines of a traceback have the level of what they stand below", () => {
  const log = new Log();
  log.add("2026-01-01T00:00:00.000000Z ERROR app app.py:3 no\nTraceback\n2026-01-01T00:00:01.000000Z INFO app app.py:3 yes\n");
  expect(log.lines.map((line) => line.level)).toEqual(["ERROR", "ERROR", "INFO"]);
  expect(log.lines.map((line) => line.text.slice(line.head))).toEqual(["no", "Traceback", "yes"]);
});

test("a log is searched whatever the case", () => {
  const log = new Log();
  log.add("Alpha\nbeta\n");
  expect(search(log.lines, "ALP").map((line) => line.number)).toEqual([1]);
  expect(search(log.lines, "")).toHaveLength(2);
});
