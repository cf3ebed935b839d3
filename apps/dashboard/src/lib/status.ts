/** How states are shown: a sign, a word and a colour, always together. */
export interface Look {
  word: string;
  tone: Tone;
  sign: Sign;
}

export type Tone = "good" | "bad" | "busy" | "wait" | "warn" | "off";
export type Sign = "check" | "cross" | "turn" | "clock" | "half" | "stop" | "bolt" | "arrow" | "dot";

const RESULTS: Record<string, Look> = {
  success: { word: "success", tone: "good", sign: "check" },
  failed: { word: "failed", tone: "bad", sign: "cross" },
  incomplete: { word: "incomplete", tone: "warn", sign: "half" },
  absent: { word: "absent", tone: "off", sign: "dot" },
  migrated: { word: "migrated", tone: "good", sign: "arrow" },
};

const ATTEMPTS: Record<string, Look> = {
  queued: { word: "queued", tone: "wait", sign: "clock" },
  running: { word: "running", tone: "busy", sign: "turn" },
  success: { word: "success", tone: "good", sign: "check" },
  failed: { word: "failed", tone: "bad", sign: "cross" },
  cancelled: { word: "cancelled", tone: "off", sign: "stop" },
  preempted: { word: "preempted", tone: "warn", sign: "arrow" },
  crashed: { word: "crashed", tone: "bad", sign: "bolt" },
};

const UNKNOWN: Look = { word: "not in the store", tone: "off", sign: "dot" };

export function lookOfAttempt(status: string): Look {
  return ATTEMPTS[status] ?? { word: status, tone: "off", sign: "dot" };
}

/** Return what to show of an experiment: its result, or what its attempt is at where there is no result yet. */
export function lookOf(result: string | null | undefined, attempt: string | null | undefined): Look {
  if (!result) return UNKNOWN;
  if (result !== "success" && result !== "migrated" && attempt && attempt !== "failed") return lookOfAttempt(attempt);
  return RESULTS[result] ?? { word: result, tone: "off", sign: "dot" };
}
