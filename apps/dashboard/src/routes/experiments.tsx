import { useNavigate, useSearch } from "@tanstack/react-router";
import { FlaskConical, SearchX } from "lucide-react";
import { useCallback, useMemo, useState } from "react";

import { ApiError, type ListQuery, type Summary } from "@/api/client";
import { ColumnPicker } from "@/components/experiments/column-picker";
import { columnsOf, CONFIG, DEFAULT_COLUMNS } from "@/components/experiments/columns";
import { FacetMenus } from "@/components/experiments/facet-menus";
import { FilterBar } from "@/components/experiments/filter-bar";
import { PAGE, type Rows, useRows } from "@/components/experiments/rows";
import { Selected } from "@/components/experiments/selected";
import { ExperimentTable } from "@/components/experiments/table";
import { Views } from "@/components/experiments/views";
import { Button } from "@/components/ui/button";
import { Empty, Failure } from "@/components/ui/notice";
import { count } from "@/lib/format";
import { useStoreLive } from "@/lib/live-context";
import { compose, FACETS, type ListSearch } from "@/lib/search";

const keyOf = (item: Summary) => `${item.root}/${item.namespace}/${item.furu_hash}`;

function useSelection() {
  const [items, setItems] = useState<Map<string, Summary>>(new Map());
  return {
    items: [...items.values()],
    has: (item: Summary) => items.has(keyOf(item)),
    toggle: (item: Summary) => {
      const next = new Map(items);
      if (!next.delete(keyOf(item))) next.set(keyOf(item), item);
      setItems(next);
    },
    clear: () => items.size > 0 && setItems(new Map()),
  };
}

/** All experiments: filtered, sorted, live. */
export function Experiments() {
  const search: ListSearch = useSearch({ from: "/experiments" });
  const navigate = useNavigate({ from: "/experiments" });
  const selection = useSelection();
  const change = useCallback(
    (changed: Partial<ListSearch>) =>
      void navigate({
        search: (before: ListSearch) => {
          const next = { ...before, ...changed };
          for (const key of Object.keys(next) as (keyof ListSearch)[]) if (next[key] === undefined) delete next[key];
          return next;
        },
        replace: true,
      }),
    [navigate],
  );
  const ids = search.cols ?? DEFAULT_COLUMNS;
  const columns = useMemo(() => columnsOf(ids), [ids]);
  const { query: q, offset } = compose(search);
  const paths = ids.filter((id) => id.startsWith(CONFIG)).map((id) => id.slice(CONFIG.length));
  const query: ListQuery = { q, sort: search.sort ?? "-updated", ...(paths.length > 0 ? { fields: paths } : {}) };
  const { facets, total, error } = useRows(query, 0, PAGE - 1);
  const problem = error instanceof ApiError && error.status === 422 ? error.problem.errors : [];
  const own = problem
    .filter((one) => one.parameter === "q")
    .map((one) => ({ ...one, position: typeof one.position === "number" ? one.position - offset : one.position }));
  const filtered = q !== "";
  const unfilter = () => change({ q: undefined, ...Object.fromEntries(FACETS.map((facet) => [facet, undefined])) });
  return (
    <>
      <div className="flex shrink-0 flex-col gap-2 border-b border-line px-3 py-2.5 sm:px-4">
        <h1 className="sr-only">Experiments</h1>
        <div className="flex items-start gap-2">
          <FilterBar
            query={search.q ?? ""}
            onQuery={useCallback((text: string) => change({ q: text || undefined }), [change])}
            problem={own}
            facets={facets}
          />
          <Views search={search} onChoose={(view) => void navigate({ search: view })} />
          <ColumnPicker chosen={ids} onChange={(cols) => change({ cols })} />
        </div>
        <div className="flex flex-wrap items-center gap-1.5">
          <FacetMenus search={search} facets={facets} onChange={(facet, values) => change({ [facet]: values })} />
          <span className="flex-1" />
          <span className="tabular text-xs text-soft" role="status">
            {error ? "" : `${count(total)} ${total === 1 ? "experiment" : "experiments"}`}
          </span>
        </div>
      </div>
      <ExperimentTable
        query={query}
        columns={columns}
        sort={search.sort}
        onSort={(sort) => change({ sort })}
        selection={selection}
      >
        {(rows) =>
          rows.error || (!rows.loading && rows.total === 0) ? (
            <Instead rows={rows} filtered={filtered} problem={own.length > 0} onUnfilter={unfilter} />
          ) : null
        }
      </ExperimentTable>
      <Selected items={selection.items} onClear={selection.clear} />
    </>
  );
}

/** What is shown instead of rows: an error, that nothing fits, that nothing is there. */
function Instead({
  rows,
  filtered,
  problem,
  onUnfilter,
}: {
  rows: Rows;
  filtered: boolean;
  problem: boolean;
  onUnfilter: () => void;
}) {
  const { index } = useStoreLive();
  if (rows.error && problem) return <Empty icon={SearchX} title="The filter is not understood" />;
  if (rows.error) return <Failure error={rows.error} retry={rows.retry} />;
  if (filtered)
    return (
      <Empty icon={SearchX} title="No experiment is like that">
        <Button onClick={onUnfilter}>Show all</Button>
      </Empty>
    );
  if (index?.refreshing || !index?.refreshed_at)
    return (
      <Empty icon={FlaskConical} title="The store is being looked at">
        {index?.refreshing && `${count(index.refreshing.seen)} of ${count(index.refreshing.total)} experiments so far.`}
      </Empty>
    );
  return (
    <Empty icon={FlaskConical} title="Nothing is stored here yet">
      Experiments appear here by themselves as soon as some <code>get()</code> computes them.
    </Empty>
  );
}
