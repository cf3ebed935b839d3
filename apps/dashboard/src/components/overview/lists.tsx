import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Stats, Summary } from "@/api/client";
import { listOf } from "@/api/queries";
import { errorLine } from "@/components/experiments/columns";
import { Bone } from "@/components/ui/notice";
import { Status } from "@/components/ui/status";
import { ago, bytes, count, duration, time } from "@/lib/format";
import { useNow } from "@/lib/live";
import type { ListSearch } from "@/lib/search";
import { lookOf } from "@/lib/status";

const MOST = 8;

/** A titled part of the overview, with a way to all that it is about. */
export function Panel({ title, search, children }: { title: string; search?: ListSearch; children: ReactNode }) {
  return (
    <section className="flex min-w-0 flex-col rounded-lg border border-line bg-raised">
      <div className="flex h-9 items-center justify-between border-b border-line px-3">
        <h2 className="font-medium">{title}</h2>
        {search && (
          <Link to="/experiments" search={search} className="text-xs text-accent-ink hover:underline" aria-label={`All: ${title}`}>
            All
          </Link>
        )}
      </div>
      {children}
    </section>
  );
}

function Item({ item, children, note }: { item: Summary; children?: ReactNode; note: ReactNode }) {
  return (
    <li className="border-b border-line/60 last:border-0">
      <Link
        to="/experiments/$namespace/$hash"
        params={{ namespace: item.namespace, hash: item.furu_hash }}
        className="block px-3 py-1.5 -outline-offset-2 hover:bg-hover"
      >
        <span className="flex items-center gap-2">
          <span className="min-w-0 truncate">
            <span className="font-medium">{item.class_name}</span>{" "}
            <span className="font-mono text-xs text-faint">{item.furu_hash.slice(0, 8)}</span>
            {item.name && <span className="pl-1.5 text-soft">{item.name}</span>}
          </span>
          <span className="flex-1" />
          <span className="tabular shrink-0 text-xs text-soft">{note}</span>
        </span>
        {children}
      </Link>
    </li>
  );
}

function Items({
  search,
  none,
  children,
}: {
  search: { q: string; sort: string };
  none: string;
  children: (item: Summary) => ReactNode;
}) {
  const { data, error } = useQuery(listOf({ ...search, limit: MOST }));
  if (error && !data)
    return (
      <p role="alert" className="px-3 py-4 text-bad">
        {error.message}
      </p>
    );
  if (!data)
    return (
      <div className="flex flex-col gap-3 p-3">
        <Bone className="h-4 w-3/4" />
        <Bone className="h-4 w-1/2" />
      </div>
    );
  if (data.items.length === 0) return <p className="px-3 py-4 text-soft">{none}</p>;
  return <ul>{data.items.map(children)}</ul>;
}

const key = (item: Summary) => `${item.root} ${item.namespace} ${item.furu_hash}`;

/** What runs or waits now, and how long it may still take, going by others of its class. */
export function Running({ stats }: { stats: Stats }) {
  const now = useNow();
  const usual = new Map(stats.classes.map((one) => [one.namespace, one.usual_duration_sec]));
  const left = (item: Summary, sec: number) => {
    const known = usual.get(item.namespace);
    return known && known > sec ? ` · about ${duration(known - sec)} left` : "";
  };
  return (
    <Panel title="Running" search={{ attempt: ["running", "queued"] }}>
      <Items search={{ q: "attempt in (running, queued)", sort: "started" }} none="Nothing runs now.">
        {(item) => {
          const sec = item.started_at ? Math.max(0, (now - Date.parse(item.started_at)) / 1000) : 0;
          return (
            <Item key={key(item)} item={item} note={duration(sec) + left(item, sec)}>
              <span className="flex gap-2 text-xs text-faint">
                <Status look={lookOf(item.result_status, item.attempt_status)} />
                <span className="truncate">
                  {item.hostname}
                  {item.user && ` · ${item.user}`}
                </span>
              </span>
            </Item>
          );
        }}
      </Items>
    </Panel>
  );
}

/** What failed last, and with which error. */
export function Failures() {
  const now = useNow();
  return (
    <Panel title="Recent failures" search={{ q: "attempt in (failed, crashed)" }}>
      <Items search={{ q: "attempt in (failed, crashed)", sort: "-updated" }} none="Nothing has failed.">
        {(item) => (
          <Item
            key={key(item)}
            item={item}
            note={item.updated_at && <span title={time(item.updated_at)}>{ago(item.updated_at, now)}</span>}
          >
            <span className="block truncate text-xs text-bad">
              {item.error ? errorLine(item.error) : "The process ended without a word."}
            </span>
          </Item>
        )}
      </Items>
    </Panel>
  );
}

const MOST_CLASSES = 12;

/** The classes, those with most on disk first. */
export function Classes({ stats }: { stats: Stats }) {
  const most = Math.max(1, ...stats.classes.map((one) => one.size_bytes));
  return (
    <Panel title="Classes" search={{}}>
      {stats.classes.length === 0 && <p className="px-3 py-4 text-soft">Nothing is stored yet.</p>}
      <ul>
        {stats.classes.slice(0, MOST_CLASSES).map((one) => (
          <li key={one.namespace} className="border-b border-line/60 last:border-0">
            <Link
              to="/experiments"
              search={{ q: `namespace="${one.namespace}"` }}
              title={one.namespace}
              className="flex items-center gap-3 px-3 py-1.5 -outline-offset-2 hover:bg-hover"
            >
              <span className="min-w-0 flex-1 truncate font-medium">{one.class_name}</span>
              {one.failed > 0 && <span className="tabular shrink-0 text-xs text-bad">{count(one.failed)} failed</span>}
              <span className="tabular w-14 shrink-0 text-right text-soft">{count(one.count)}</span>
              <span className="tabular w-20 shrink-0 text-right text-soft">{bytes(one.size_bytes)}</span>
              <svg viewBox="0 0 100 4" preserveAspectRatio="none" className="h-1 w-16 shrink-0 max-sm:hidden" aria-hidden="true">
                <rect width={100} height={4} rx={2} className="fill-sunken" />
                <rect width={(one.size_bytes / most) * 100} height={4} className="fill-accent" />
              </svg>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
