/** What the address of the list says: query, chosen facets, order, columns. A view is such an address. */

export const FACETS = ["result", "attempt", "class", "failure", "host", "user", "backend"] as const;
export type Facet = (typeof FACETS)[number];

export interface ListSearch {
  q?: string;
  sort?: string;
  cols?: string[];
  result?: string[];
  attempt?: string[];
  class?: string[];
  failure?: string[];
  host?: string[];
  user?: string[];
  backend?: string[];
}

function texts(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const found = list.filter((one) => typeof one === "string" || typeof one === "number").map(String);
  return found.length > 0 ? found : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;
}

/** Return what an address says; what it says wrongly is passed over. */
export function readSearch(said: Record<string, unknown>): ListSearch {
  const found: ListSearch = { q: text(said.q), sort: text(said.sort), cols: texts(said.cols) };
  for (const facet of FACETS) found[facet] = texts(said[facet]);
  for (const key of Object.keys(found) as (keyof ListSearch)[]) if (found[key] === undefined) delete found[key];
  return found;
}

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

export interface Composed {
  /** What is sent. */
  query: string;
  /** Where the reader's own query begins in it. */
  offset: number;
}

/** Return the query that the chosen facets and the reader's own query are together. */
export function compose(search: ListSearch): Composed {
  const terms = FACETS.flatMap((facet) => {
    const chosen = search[facet];
    if (!chosen?.length) return [];
    return [chosen.length === 1 ? `${facet}=${quoted(chosen[0]!)}` : `${facet} in (${chosen.map(quoted).join(", ")})`];
  });
  const own = search.q?.trim() ?? "";
  if (own === "") return { query: terms.join(" "), offset: 0 };
  if (terms.length === 0) return { query: search.q ?? "", offset: 0 };
  const before = `${terms.join(" ")} (`;
  return { query: `${before}${search.q ?? ""})`, offset: before.length };
}

/** Return the order after a column's head was pressed: descending first, then ascending, then the default. */
export function nextSort(current: string | undefined, field: string): string | undefined {
  if (current === `-${field}`) return field;
  if (current === field) return undefined;
  return `-${field}`;
}

/** Return the facet with a value chosen, or no longer chosen. */
export function toggled(chosen: string[] | undefined, value: string): string[] | undefined {
  const next = chosen?.includes(value) ? chosen.filter((one) => one !== value) : [...(chosen ?? []), value];
  return next.length > 0 ? next : undefined;
}
