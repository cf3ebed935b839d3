import { ArrowDown, ArrowUp } from "lucide-react";

import { nextSort } from "@/lib/search";

import type { Column } from "./columns";

const NARROWEST = 56;

/** The head of a column: pressed it sorts, its edge drawn it becomes wider. */
export function Head({
  column,
  width,
  sort,
  onSort,
  onWidth,
}: {
  column: Column;
  width: number;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onWidth: (width: number) => void;
}) {
  const field = column.sort;
  const direction = sort === field ? "ascending" : sort === `-${field}` ? "descending" : "none";
  return (
    <div
      role="columnheader"
      aria-sort={field ? direction : undefined}
      className={`relative flex min-w-0 items-center border-b border-line ${column.numeric ? "justify-end" : ""}`}
    >
      <button
        type="button"
        disabled={!field}
        onClick={() => field && onSort(nextSort(sort, field))}
        title={column.label}
        className={`flex h-full min-w-0 items-center gap-1 px-2 text-xs font-medium ${direction === "none" ? "text-faint" : "text-ink"} hover:text-ink`}
      >
        <span className="truncate">{column.label}</span>
        {direction === "ascending" && <ArrowUp className="size-3 shrink-0" aria-hidden="true" />}
        {direction === "descending" && <ArrowDown className="size-3 shrink-0" aria-hidden="true" />}
      </button>
      <Edge label={`Width of ${column.label}`} width={width} onWidth={onWidth} />
    </div>
  );
}

function Edge({ label, width, onWidth }: { label: string; width: number; onWidth: (width: number) => void }) {
  const draw = (event: React.PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const begin = event.clientX;
    const edge = event.currentTarget;
    edge.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent) => onWidth(Math.max(NARROWEST, width + moved.clientX - begin));
    const end = () => {
      edge.removeEventListener("pointermove", move);
      edge.removeEventListener("pointerup", end);
      edge.removeEventListener("pointercancel", end);
    };
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", end);
    edge.addEventListener("pointercancel", end);
  };
  const press = (event: React.KeyboardEvent) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (!step) return;
    event.preventDefault();
    onWidth(Math.max(NARROWEST, width + step));
  };
  return (
    <div
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a separator that can be moved is a widget
      tabIndex={0}
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={Math.round(width)}
      aria-valuemin={NARROWEST}
      aria-valuemax={2000}
      onPointerDown={draw}
      onKeyDown={press}
      className="absolute top-1.5 right-0 bottom-1.5 w-1.5 cursor-col-resize touch-none border-r border-line hover:border-r-2 hover:border-accent"
    />
  );
}
