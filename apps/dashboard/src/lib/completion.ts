/** Completion of the filter language: names of fields, then values that the store has. */
import type { FilterFields, Page } from "@/api/client";

export interface Suggestion {
  /** What is inserted. */
  text: string;
  /** What is shown beside it. */
  hint: string;
}

export interface Completion {
  /** The part of the query that a suggestion replaces. */
  from: number;
  to: number;
  suggestions: Suggestion[];
}

const WORD = /[^\s()",=!<>~]*$/;
const VALUE = /([\w.$-]+)\s*(!=|<=|>=|=|<|>|~)\s*([^\s()",]*)$/;
const MOST = 12;

const SAMPLES: Record<string, Suggestion[]> = {
  moment: [
    { text: "-1h", hint: "an hour ago" },
    { text: "today", hint: "since midnight" },
    { text: "-2d", hint: "two days ago" },
    { text: "-1w", hint: "a week ago" },
  ],
  duration: [
    { text: "10s", hint: "seconds" },
    { text: "5m", hint: "minutes" },
    { text: "1h30m", hint: "hours" },
  ],
  bytes: [
    { text: "1MB", hint: "powers of 1000" },
    { text: "1GiB", hint: "powers of 1024" },
  ],
  flag: [
    { text: "true", hint: "" },
    { text: "false", hint: "" },
  ],
};

function word(value: string): string {
  return /^[\w.@:/+-]+$/.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
}

/** Return what can stand where the cursor is. */
export function complete(
  query: string,
  cursor: number,
  known: FilterFields | undefined,
  facets: Page["facets"] | undefined,
): Completion {
  const before = query.slice(0, cursor);
  if ((before.match(/"/g)?.length ?? 0) % 2 === 1) return { from: cursor, to: cursor, suggestions: [] };
  const value = VALUE.exec(before);
  if (value) {
    const [, field = "", , typed = ""] = value;
    const kind = known?.fields.find((one) => one.name === field)?.kind;
    const counted = facets?.[field]?.map((one) => ({ text: word(one.value), hint: String(one.count) }));
    const all = counted ?? SAMPLES[kind ?? ""] ?? [];
    const fitting = all.filter((one) => one.text.toLowerCase().startsWith(typed.toLowerCase()) && one.text !== typed);
    return { from: cursor - typed.length, to: cursor, suggestions: fitting.slice(0, MOST) };
  }
  const typed = WORD.exec(before)?.[0] ?? "";
  const names = [
    ...(known?.fields.map((one) => ({ text: one.name, hint: one.doc })) ?? []),
    ...(known?.config_paths.map((path) => ({ text: `config.${path}`, hint: "config" })) ?? []),
  ];
  const low = typed.toLowerCase();
  const first = names.filter((one) => one.text.toLowerCase().startsWith(low));
  const within = low === "" ? [] : names.filter((one) => one.text.toLowerCase().includes(low) && !first.includes(one));
  const suggestions = [...first, ...within].filter((one) => one.text !== typed).slice(0, MOST);
  return { from: cursor - typed.length, to: cursor, suggestions };
}

/** Return the query with a suggestion in it, and where the cursor is then. */
export function accept(query: string, at: Completion, chosen: Suggestion, known: FilterFields | undefined) {
  const field = known?.fields.find((one) => one.name === chosen.text);
  const isName = field !== undefined || chosen.text.startsWith("config.");
  const sign = !isName ? " " : field && ["moment", "duration", "bytes", "number"].includes(field.kind) ? ">" : "=";
  const rest = query.slice(at.to);
  const text = `${query.slice(0, at.from)}${chosen.text}${sign}`;
  return { query: text + (sign === " " ? rest.trimStart() : rest), cursor: text.length };
}
