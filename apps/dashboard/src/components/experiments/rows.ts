/** The rows of the list: pages of them are asked for as they come into sight. */
import { useQueries, useQuery } from "@tanstack/react-query";

import type { ListQuery, Page, Summary } from "@/api/client";
import { listOf } from "@/api/queries";

export const PAGE = 200;

export interface Rows {
  total: number;
  facets: Page["facets"] | undefined;
  row: (index: number) => Summary | undefined;
  loading: boolean;
  /** The rows are those of the query before, while those of this one are on their way. */
  stale: boolean;
  error: Error | null;
  retry: () => void;
}

/** Return the rows of a list of which `first` to `last` are in sight. */
export function useRows(query: ListQuery, first: number, last: number): Rows {
  const head = useQuery(listOf({ ...query, limit: PAGE, facets: true }));
  const total = head.data?.total ?? 0;
  const from = Math.max(1, Math.floor(first / PAGE));
  const to = Math.min(Math.floor(last / PAGE), Math.floor(Math.max(0, total - 1) / PAGE));
  const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  const pages = useQueries({
    queries: numbers.map((number) => ({
      ...listOf({ ...query, limit: PAGE, offset: number * PAGE }),
      placeholderData: undefined,
      enabled: !head.isPlaceholderData,
    })),
  });
  return {
    total,
    facets: head.data?.facets,
    row: (index) => {
      const number = Math.floor(index / PAGE);
      const page = number === 0 ? head.data : pages[number - from]?.data;
      return page?.items[index % PAGE];
    },
    loading: head.isPending,
    stale: head.isPlaceholderData,
    error: head.error ?? pages.find((page) => page.error)?.error ?? null,
    retry: () => void head.refetch(),
  };
}
