/** The generated client, and the names of what the API answers. */
import createClient from "openapi-fetch";

import type { components, operations, paths } from "./schema";

type Schemas = components["schemas"];
export type Summary = Schemas["ExperimentSummary"];
export type Page = Schemas["ExperimentList"];
export type Detail = Schemas["ExperimentDetail"];
export type Attempt = Schemas["Attempt"];
export type Health = Schemas["Health"];
export type IndexHealth = Schemas["IndexHealth"];
export type Relation = Schemas["Relation"];
export type Relationships = Schemas["Relationships"];
export type FileTree = Schemas["FileTree"];
export type FileEntry = Schemas["FileEntry"];
export type Table = Schemas["TablePreview"];
export type Preview =
  | Schemas["TextPreview"]
  | Schemas["JsonPreview"]
  | Schemas["TablePreview"]
  | Schemas["ImagePreview"]
  | Schemas["NoPreview"];
export type LogPage = Schemas["LogPage"];
export type FilterFields = Schemas["FilterFields"];
export type Problem = Schemas["Problem"];
export type Stats = Schemas["Stats"];
export type ListQuery = NonNullable<operations["list_experiments"]["parameters"]["query"]>;

export const client = createClient<paths>({ baseUrl: typeof location === "undefined" ? "" : location.origin });

/** An answer that was none of those hoped for. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail);
  }
}

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Return what was asked for; throw an ApiError for every other answer. */
export async function answer<T>(asked: Promise<Answered<T>>): Promise<T> {
  let got: Answered<T>;
  try {
    got = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { detail: "The dashboard's server does not answer. Was it stopped?", errors: [] });
  }
  if (got.data !== undefined && got.response.ok) return got.data;
  const problem = got.error as Partial<Problem> | undefined;
  throw new ApiError(got.response.status, {
    detail: problem?.detail ?? `The server answered ${got.response.status}.`,
    errors: problem?.errors ?? [],
  });
}

/** Return the address of a file's bytes. */
export function rawAddress(namespace: string, hash: string, path: string, inline = false): string {
  const steps = path.split("/").map(encodeURIComponent).join("/");
  return `/api/experiments/${encodeURIComponent(namespace)}/${hash}/raw/${steps}${inline ? "?inline=true" : ""}`;
}
