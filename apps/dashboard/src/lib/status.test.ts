import { expect, test } from "vitest";

import { lookOf, lookOfAttempt } from "./status";

test("an experiment without a result shows what its attempt is at", () => {
  expect(lookOf("success", "success").word).toBe("success");
  expect(lookOf("success", "running").word).toBe("success");
  expect(lookOf("incomplete", "running").word).toBe("running");
  expect(lookOf("incomplete", "crashed").word).toBe("crashed");
  expect(lookOf("failed", "failed").word).toBe("failed");
  expect(lookOf("failed", "queued").word).toBe("queued");
  expect(lookOf("absent", null).word).toBe("absent");
  expect(lookOf(null, null).word).toBe("not in the store");
});

test("each state has a sign that tells it apart from the others of its tone", () => {
  const all = ["queued", "running", "success", "failed", "cancelled", "preempted", "crashed"].map(lookOfAttempt);
  expect(new Set(all.map((look) => `${look.tone} ${look.sign}`)).size).toBe(all.length);
  expect(lookOfAttempt("of a newer furu").word).toBe("of a newer furu");
});
