import { expect, test } from "vitest";

import { lastDays } from "./days";

test("the last thirty days are there, with and without news", () => {
  const days = lastDays([{ day: "2026-02-27", success: 3, failed: 1, other: 0 }], new Date(2026, 2, 1, 12).getTime());
  expect(days).toHaveLength(30);
  expect(days[0]?.day).toBe("2026-01-31");
  expect(days.at(-1)?.day).toBe("2026-03-01");
  expect(days.find((day) => day.day === "2026-02-27")?.success).toBe(3);
  expect(days.filter((day) => day.success > 0)).toHaveLength(1);
});
