import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useRef, useState } from "react";

import type { ListQuery, Summary } from "@/api/client";
import { Bone } from "@/components/ui/notice";
import { Status } from "@/components/ui/status";
import { copy } from "@/lib/clipboard";
import { ago } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/live";
import { useNarrow } from "@/lib/media";
import { useRemembered } from "@/lib/remember";
import { lookOf } from "@/lib/status";

import { type Column, elapsed, errorLine } from "./columns";
import { Head } from "./head";
import { type Rows, useRows } from "./rows";

const ROW = 32;
const CARD = 58;
const CHECK = 36;

export interface Selection {
  has: (item: Summary) => boolean;
  toggle: (item: Summary) => void;
  clear: () => void;
}

/** The list itself: only what is in sight is drawn, and asked for. */
export function ExperimentTable({
  query,
  columns,
  sort,
  onSort,
  selection,
  children,
}: {
  query: ListQuery;
  columns: Column[];
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  selection: Selection;
  children: (rows: Rows) => React.ReactNode;
}) {
  const narrow = useNarrow();
  const scroll = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ first: 0, last: 0 });
  const rows = useRows(query, sight.first, sight.last);
  const virtual = useVirtualizer({
    count: rows.total,
    getScrollElement: () => scroll.current,
    estimateSize: () => (narrow ? CARD : ROW),
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => setSight({ first, last }), [first, last]);
  useEffect(() => virtual.measure(), [narrow, virtual]);
  const asked = JSON.stringify(query);
  useEffect(() => {
    scroll.current?.scrollTo({ top: 0 }); // newer browsers return a promise, which an effect may not
  }, [asked]);
  const at = useRowKeys(rows, selection, (index) => virtual.scrollToIndex(index), asked);
  const now = useNow();
  const [widths, keepWidths] = useRemembered<Record<string, number>>("furu-widths", {});
  const widthOf = (column: Column) => widths[column.id] ?? column.width;
  const grow = columns.find((column) => column.id === "name") ?? columns.at(-1);
  const template = `${CHECK}px ${columns
    .map((column) => (column === grow && !widths[column.id] ? `minmax(${column.width}px, 1fr)` : `${widthOf(column)}px`))
    .join(" ")}`;
  const least = CHECK + columns.reduce((sum, column) => sum + widthOf(column), 0);
  const notice = children(rows);
  if (notice) return <div className="min-h-0 flex-1 overflow-auto">{notice}</div>;
  return (
    <div
      ref={scroll as RefObject<HTMLDivElement>}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys
      tabIndex={0}
      role="table"
      aria-label="Experiments"
      aria-rowcount={rows.total + 1}
      aria-busy={rows.stale || rows.loading}
      className={`min-h-0 flex-1 overflow-auto -outline-offset-2 transition-opacity ${rows.stale ? "opacity-60" : ""}`}
    >
      {!narrow && (
        <div role="rowgroup" className="sticky top-0 z-20 bg-ground" style={{ minWidth: least }}>
          <div role="row" aria-rowindex={1} className="grid h-8" style={{ gridTemplateColumns: template }}>
            <div role="columnheader" className="border-b border-line">
              <span className="sr-only">Selected</span>
            </div>
            {columns.map((column) => (
              <Head
                key={column.id}
                column={column}
                width={widthOf(column)}
                sort={sort}
                onSort={onSort}
                onWidth={(width) => keepWidths({ ...widths, [column.id]: width })}
              />
            ))}
          </div>
        </div>
      )}
      {rows.loading && <Skeleton />}
      <div
        role="rowgroup"
        className="relative"
        style={{ height: virtual.getTotalSize(), minWidth: narrow ? undefined : least }}
      >
        {items.map((item) => {
              const row = rows.row(item.index);
              const shared = { row, index: item.index, now, selection, at: item.index === at };
              return (
                <div
                  key={item.key}
                  className="absolute top-0 left-0 w-full"
                  role="presentation"
                  style={{ height: item.size, transform: `translateY(${item.start}px)` }}
                >
                  {narrow ? <Card {...shared} /> : <Line {...shared} columns={columns} template={template} />}
                </div>
              );
            })}
      </div>
    </div>
  );
}

function Skeleton() {
  return (
    <div aria-hidden="true">
      {Array.from({ length: 20 }, (_, index) => (
        <div key={index} className="flex h-8 items-center gap-6 border-b border-line/60 px-3">
          <Bone className="h-3 w-20" />
          <Bone className="h-3 w-40" />
          <Bone className="h-3 w-56 max-w-full" />
        </div>
      ))}
    </div>
  );
}

/** Keys that go through the rows; returns the row one is at, -1 for none. */
function useRowKeys(rows: Rows, selection: Selection, show: (index: number) => void, asked: string): number {
  const [at, setAt] = useState(-1);
  const place = useRef(-1); // keys may come faster than the page is drawn
  const navigate = useNavigate();
  const put = (index: number) => {
    place.current = index;
    setAt(index);
  };
  useEffect(() => put(-1), [asked]);
  const go = (step: number) => {
    if (rows.total === 0) return;
    put(Math.min(rows.total - 1, Math.max(0, place.current + step)));
    show(place.current);
  };
  const row = () => (place.current >= 0 ? rows.row(place.current) : undefined);
  useKeys({
    j: () => go(1),
    k: () => go(-1),
    Enter: () => {
      const here = row();
      if (here)
        void navigate({
          to: "/experiments/$namespace/$hash",
          params: { namespace: here.namespace, hash: here.furu_hash },
        });
    },
    x: () => {
      const here = row();
      if (here) selection.toggle(here);
    },
    y: () => {
      const here = row();
      if (here) void copy(here.furu_hash);
    },
    Escape: () => selection.clear(),
  });
  return at;
}

interface Shared {
  row: Summary | undefined;
  index: number;
  now: number;
  selection: Selection;
  at: boolean;
}

function ground(at: boolean, chosen: boolean): string {
  if (chosen) return "bg-accent-ground";
  return at ? "bg-hover" : "hover:bg-hover/70";
}

function Check({ row, selection }: { row: Summary; selection: Selection }) {
  return (
    <input
      type="checkbox"
      checked={selection.has(row)}
      onChange={() => selection.toggle(row)}
      aria-label={`Select ${row.class_name} ${row.furu_hash.slice(0, 8)}`}
      className="relative z-10 size-3.5 accent-accent"
    />
  );
}

/** A link that covers the row it is in. */
function Cover({ row }: { row: Summary }) {
  return (
    <Link
      to="/experiments/$namespace/$hash"
      params={{ namespace: row.namespace, hash: row.furu_hash }}
      preload={false}
      aria-label={`${row.class_name} ${row.furu_hash.slice(0, 8)}`}
      className="absolute inset-0 -outline-offset-2"
    />
  );
}

function Line({ row, index, now, selection, at, columns, template }: Shared & { columns: Column[]; template: string }) {
  const chosen = row !== undefined && selection.has(row);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`relative grid h-full items-center border-b border-line/60 ${ground(at, chosen)}`}
      style={{ gridTemplateColumns: template }}
    >
      {at && <span className="absolute inset-y-0 left-0 w-0.5 bg-accent" aria-hidden="true" />}
      <div role="cell" className="flex justify-center">
        {row && <Cover row={row} />}
        {row && <Check row={row} selection={selection} />}
      </div>
      {columns.map((column) => (
        <div
          key={column.id}
          role="cell"
          className={`pointer-events-none flex min-w-0 items-center px-2 whitespace-nowrap ${column.numeric ? "tabular justify-end text-soft" : ""}`}
        >
          {row ? <span className="min-w-0 truncate">{column.cell(row, now)}</span> : <Bone className="h-3 w-full" />}
        </div>
      ))}
    </div>
  );
}

function Card({ row, index, now, selection, at }: Shared) {
  const chosen = row !== undefined && selection.has(row);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`relative flex h-full items-center gap-2.5 border-b border-line/60 px-3 ${ground(at, chosen)}`}
    >
      {row ? (
        <>
          <div role="cell" className="flex">
            <Cover row={row} />
            <Check row={row} selection={selection} />
          </div>
          <div role="cell" className="pointer-events-none min-w-0 flex-1">
            <p className="flex items-baseline gap-2">
              <span className="min-w-0 truncate font-medium">{row.class_name}</span>
              <span className="shrink-0 font-mono text-xs text-faint">{row.furu_hash.slice(0, 8)}</span>
              <span className="flex-1" />
              <span className="shrink-0 text-xs text-soft">{row.started_at && ago(row.started_at, now)}</span>
            </p>
            <p className="flex items-center gap-2 text-xs text-soft">
              <span className="shrink-0">
                <Status look={lookOf(row.result_status, row.attempt_status)} />
              </span>
              <span className="min-w-0 flex-1 truncate">{row.error ? errorLine(row.error) : (row.name ?? "")}</span>
              <span className="tabular shrink-0">{elapsed(row, now)}</span>
            </p>
          </div>
        </>
      ) : (
        <div role="cell" className="w-full">
          <Bone className="h-3 w-3/4" />
        </div>
      )}
    </div>
  );
}
