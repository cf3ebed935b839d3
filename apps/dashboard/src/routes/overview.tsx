import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Stats } from "@/api/client";
import { statsOf } from "@/api/queries";
import { Days } from "@/components/overview/days";
import { Classes, Failures, Panel, Running } from "@/components/overview/lists";
import { Bone, Failure } from "@/components/ui/notice";
import { Status } from "@/components/ui/status";
import { bytes, count } from "@/lib/format";
import { useNow } from "@/lib/live";
import type { ListSearch } from "@/lib/search";
import { type Look, lookOf, lookOfAttempt } from "@/lib/status";

/** What the store holds, what runs, what failed. */
export function Overview() {
  const { data, error, refetch } = useQuery(statsOf(30));
  const now = useNow();
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data)
    return (
      <div className="flex flex-col gap-4 p-4" role="status" aria-label="Loading">
        <Bone className="h-16 w-full" />
        <Bone className="h-32 w-full" />
        <Bone className="h-48 w-full" />
      </div>
    );
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys
    <div className="min-h-0 flex-1 overflow-auto -outline-offset-2" tabIndex={0} role="region" aria-label="Overview">
      <div className="mx-auto flex max-w-7xl flex-col gap-4 p-3 sm:p-4">
        <h1 className="sr-only">Overview</h1>
        <Counts stats={data} />
        <div className="grid gap-4 lg:grid-cols-2">
          <Running stats={data} />
          <Failures />
        </div>
        <Panel title="Attempts that ended, by day">
          <div className="p-3">
            <Days days={data.days} now={now} />
          </div>
        </Panel>
        <Classes stats={data} />
      </div>
    </div>
  );
}

interface Figure {
  look: Look | null;
  label: string;
  value: string;
  search: ListSearch;
}

function figures(stats: Stats): Figure[] {
  const results = ["success", "failed", "incomplete", "migrated"].filter((one) => stats.by_result[one] || one !== "migrated");
  const attempts = ["running", "queued"].filter((one) => stats.by_attempt[one] || one === "running");
  return [
    { look: null, label: "experiments", value: count(stats.total), search: {} },
    ...results.map((one) => ({
      look: lookOf(one, null),
      label: one,
      value: count(stats.by_result[one] ?? 0),
      search: { result: [one] },
    })),
    ...attempts.map((one) => ({
      look: lookOfAttempt(one),
      label: one,
      value: count(stats.by_attempt[one] ?? 0),
      search: { attempt: [one] },
    })),
    { look: null, label: "on disk", value: bytes(stats.size_bytes), search: { sort: "-size" } },
  ];
}

function Counts({ stats }: { stats: Stats }) {
  return (
    <ul className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-raised sm:flex" aria-label="Counts">
      {figures(stats).map((figure) => (
        <li key={figure.label} className="min-w-0 flex-1 border-line max-sm:border-b sm:border-r sm:last:border-r-0">
          <Link to="/experiments" search={figure.search} className="block px-3 py-2.5 -outline-offset-2 hover:bg-hover">
            <span className="tabular block truncate text-lg leading-7 font-semibold">{figure.value}</span>
            <span className="block text-xs text-soft">
              {figure.look ? <Status look={figure.look} /> : figure.label}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
