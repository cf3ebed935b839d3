/** What pages ask the API for. Lists are asked again when the store's events say that something changed. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, client, type ListQuery, type Preview } from "./client";

export interface Named {
  namespace: string;
  hash: string;
}

function path({ namespace, hash }: Named) {
  return { namespace, furu_hash: hash };
}

/** Everything under this key is asked again when the store changes. */
export const STORE = "store";

export const listOf = (query: ListQuery) =>
  queryOptions({
    queryKey: [STORE, "experiments", query],
    queryFn: ({ signal }) => answer(client.GET("/api/experiments", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const detailOf = (named: Named) =>
  queryOptions({
    queryKey: [STORE, "detail", named],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/experiments/{namespace}/{furu_hash}", { params: { path: path(named) }, signal })),
  });

export const relationsOf = (named: Named) =>
  queryOptions({
    queryKey: [STORE, "relations", named],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/experiments/{namespace}/{furu_hash}/relationships", {
          params: { path: path(named), query: { limit: 1000 } },
          signal,
        }),
      ),
  });

export const filesOf = (named: Named) =>
  queryOptions({
    queryKey: [STORE, "files", named],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/experiments/{namespace}/{furu_hash}/files", { params: { path: path(named) }, signal })),
  });

export const previewOf = (named: Named, file: string, offset = 0, limit = 200) =>
  queryOptions({
    queryKey: ["preview", named, file, offset, limit],
    queryFn: ({ signal }): Promise<Preview> =>
      answer(
        client.GET("/api/experiments/{namespace}/{furu_hash}/files/{path}", {
          params: { path: { ...path(named), path: file }, query: { offset, limit } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const logPageOf = (named: Named, offset: number, limit: number) =>
  queryOptions({
    queryKey: ["log", named, offset, limit],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/experiments/{namespace}/{furu_hash}/logs", {
          params: { path: path(named), query: { offset, limit } },
          signal,
        }),
      ),
  });

export const health = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => answer(client.GET("/api/health", { signal })),
  staleTime: Infinity,
});

export const statsOf = (days: number) =>
  queryOptions({
    queryKey: [STORE, "stats", days],
    queryFn: ({ signal }) => answer(client.GET("/api/stats", { params: { query: { days } }, signal })),
  });

export const fields = queryOptions({
  queryKey: [STORE, "fields"],
  queryFn: ({ signal }) => answer(client.GET("/api/fields", { signal })),
  staleTime: 60_000,
});
