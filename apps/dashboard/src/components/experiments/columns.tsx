import type { ReactNode } from "react";

import type { Summary } from "@/api/client";
import { Status } from "@/components/ui/status";
import { ago, bytes, duration, plain, time } from "@/lib/format";
import { lookOf } from "@/lib/status";

/** One column of the list: how wide it begins, what it is sorted by, what it shows. */
export interface Column {
  id: string;
  label: string;
  width: number;
  sort?: string;
  numeric?: boolean;
  cell: (item: Summary, now: number) => ReactNode;
}

export const CONFIG = "config.";
export const DEFAULT_COLUMNS = ["status", "class", "name", "started", "duration", "size"];

function when(iso: string | null, now: number): ReactNode {
  return iso ? <span title={time(iso)}>{ago(iso, now)}</span> : <Nothing />;
}

function Nothing() {
  return (
    <span className="text-faint" aria-label="none">
      –
    </span>
  );
}

/** Return what was raised on one line; a class without a message stands alone. */
export function errorLine(error: string): string {
  return error.replace(/:\s*$/, "");
}

/** Show how long the last attempt took, or has taken so far. */
export function elapsed(item: Summary, now: number): ReactNode {
  if (item.attempt_status === "running" && item.started_at)
    return <span className="text-busy">{duration(Math.max(0, (now - Date.parse(item.started_at)) / 1000))}</span>;
  return item.duration_sec === null ? <Nothing /> : duration(item.duration_sec);
}

export const COLUMNS: Column[] = [
  {
    id: "status",
    label: "Status",
    width: 116,
    sort: "result",
    cell: (item) => <Status look={lookOf(item.result_status, item.attempt_status)} />,
  },
  {
    id: "class",
    label: "Class",
    width: 190,
    sort: "class",
    cell: (item) => (
      <span className="truncate font-medium" title={item.namespace}>
        {item.class_name}
      </span>
    ),
  },
  {
    id: "name",
    label: "Name",
    width: 250,
    sort: "name",
    cell: (item) => (
      <span className="flex min-w-0 items-center gap-1.5">
        <span className="shrink-0 font-mono text-xs text-faint">{item.furu_hash.slice(0, 8)}</span>
        {item.name && (
          <span className="truncate" title={item.name}>
            {item.name}
          </span>
        )}
        {item.tags.map((tag) => (
          <span key={tag} className="shrink-0 rounded bg-sunken px-1 text-2xs text-soft">
            {tag}
          </span>
        ))}
      </span>
    ),
  },
  { id: "namespace", label: "Module", width: 220, sort: "namespace", cell: (item) => item.namespace },
  {
    id: "started",
    label: "Started",
    width: 96,
    sort: "started",
    numeric: true,
    cell: (item, now) => when(item.started_at, now),
  },
  {
    id: "updated",
    label: "Changed",
    width: 96,
    sort: "updated",
    numeric: true,
    cell: (item, now) => when(item.updated_at, now),
  },
  { id: "duration", label: "Duration", width: 92, sort: "duration", numeric: true, cell: elapsed },
  {
    id: "memory",
    label: "Memory",
    width: 88,
    sort: "memory",
    numeric: true,
    cell: (item) => (item.peak_memory_bytes === null ? <Nothing /> : bytes(item.peak_memory_bytes)),
  },
  { id: "size", label: "Size", width: 80, sort: "size", numeric: true, cell: (item) => bytes(item.size_bytes) },
  {
    id: "attempts",
    label: "Attempts",
    width: 84,
    sort: "attempts",
    numeric: true,
    cell: (item) => item.attempts ?? <Nothing />,
  },
  {
    id: "error",
    label: "Error",
    width: 300,
    sort: "error",
    cell: (item) =>
      item.error ? (
        <span className="truncate text-bad" title={item.error}>
          {errorLine(item.error)}
        </span>
      ) : (
        <Nothing />
      ),
  },
  { id: "host", label: "Host", width: 120, sort: "host", cell: (item) => item.hostname ?? <Nothing /> },
  { id: "user", label: "User", width: 100, sort: "user", cell: (item) => item.user ?? <Nothing /> },
  { id: "backend", label: "Backend", width: 90, sort: "backend", cell: (item) => item.backend ?? <Nothing /> },
];

/** Return the columns of these ids; those of the config are made for their path. */
export function columnsOf(ids: string[]): Column[] {
  return ids.flatMap((id) => {
    const known = COLUMNS.find((column) => column.id === id);
    if (known) return [known];
    if (!id.startsWith(CONFIG)) return [];
    const path = id.slice(CONFIG.length);
    return [
      {
        id,
        label: path,
        width: 120,
        sort: id,
        cell: (item) => {
          const value = item.values[path];
          if (value === undefined) return <Nothing />;
          return (
            <span className="truncate font-mono text-xs" title={plain(value)}>
              {plain(value)}
            </span>
          );
        },
      },
    ];
  });
}
