import { expect, test } from "vitest";

import { ago, bytes, count, counted, duration, plain } from "./format";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_960, "1.0 MB"],
  [1_500_000, "1.5 MB"],
  [120_000_000_000, "120 GB"],
])("%d bytes are %s", (size, text) => expect(bytes(size)).toBe(text));

test.each([
  [-1, "0 s"],
  [0.0001, "<1 ms"],
  [0.25, "250 ms"],
  [0.9996, "1.0 s"],
  [9.96, "10 s"],
  [59.6, "1m 0s"],
  [3_900, "1h 5m"],
  [200_000, "2d 7h"],
])("%d seconds are %s", (sec, text) => expect(duration(sec)).toBe(text));

test("a time is told as the distance from now", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  expect(ago("2026-03-01T11:59:58Z", now)).toBe("just now");
  expect(ago("2026-03-01T11:58:00Z", now)).toBe("2m ago");
  expect(ago("2026-02-27T12:00:00Z", now)).toBe("2d ago");
  expect(ago("2025-03-01T12:00:00Z", now)).toBe("2025-03-01");
  expect(ago("2026-03-01T13:00:00Z", now)).toBe("in the future");
  expect(ago("nonsense", now)).toBe("nonsense");
});

test("counts have thin spaces and nouns their number", () => {
  expect(count(1234567)).toBe("1\u202f234\u202f567");
  expect(counted(1, "file")).toBe("1 file");
  expect(counted(2, "file")).toBe("2 files");
});

test("values of configs are on one line", () => {
  expect(plain("text")).toBe("text");
  expect(plain(null)).toBe("null");
  expect(plain({ a: [1] })).toBe('{"a":[1]}');
});
