import { useQuery } from "@tanstack/react-query";
import { ChevronDown, X } from "lucide-react";
import { useState } from "react";

import type { Page } from "@/api/client";
import { listOf } from "@/api/queries";
import { Choice, Popover } from "@/components/ui/popover";
import { Status } from "@/components/ui/status";
import { count } from "@/lib/format";
import { compose, FACETS, type Facet, type ListSearch, toggled } from "@/lib/search";
import { lookOf, lookOfAttempt } from "@/lib/status";

const LABELS: Record<Facet, string> = {
  result: "Result",
  attempt: "Attempt",
  class: "Class",
  failure: "Failure",
  host: "Host",
  user: "User",
  backend: "Backend",
};

/** Menus of the values that there are, with how many experiments have each. */
export function FacetMenus({
  search,
  facets,
  onChange,
}: {
  search: ListSearch;
  facets: Page["facets"] | undefined;
  onChange: (facet: Facet, values: string[] | undefined) => void;
}) {
  // What cannot tell experiments apart is no choice.
  const shown = FACETS.filter((facet) => search[facet] || (facets?.[facet]?.length ?? 0) > 1);
  return (
    <>
      {shown.map((facet) => (
        <FacetMenu
          key={facet}
          facet={facet}
          search={search}
          values={facets?.[facet] ?? []}
          onChange={(values) => onChange(facet, values)}
        />
      ))}
    </>
  );
}

function Shown({ facet, value }: { facet: Facet; value: string }) {
  if (facet === "result") return <Status look={lookOf(value, null)} />;
  if (facet === "attempt") return <Status look={lookOfAttempt(value)} />;
  return <>{value}</>;
}

function FacetMenu({
  facet,
  search,
  values: narrowed,
  onChange,
}: {
  facet: Facet;
  search: ListSearch;
  values: { value: string; count: number }[];
  onChange: (values: string[] | undefined) => void;
}) {
  const [sought, setSought] = useState("");
  const chosen = search[facet];
  // Among what this facet has left away are the values one may choose as well.
  const others = compose({ ...search, [facet]: undefined }).query;
  const wide = useQuery({ ...listOf({ q: others, limit: 1, facets: true }), enabled: chosen !== undefined });
  const values = chosen === undefined ? narrowed : (wide.data?.facets?.[facet] ?? narrowed);
  const absent = (chosen ?? []).filter((one) => !values.some((other) => other.value === one));
  const all = [...absent.map((value) => ({ value, count: 0 })), ...values];
  const fitting = all.filter((one) => one.value.toLowerCase().includes(sought.toLowerCase()));
  return (
    <span className="inline-flex">
      <Popover
        label={LABELS[facet]}
        className="w-64"
        onOpenChange={() => setSought("")}
        trigger={
          <button
            type="button"
            className={`inline-flex h-7 items-center gap-1 border px-2 text-xs font-medium whitespace-nowrap ${chosen ? "rounded-l-md border-accent/40 bg-accent-ground text-accent-ink" : "rounded-md border-line bg-raised text-soft hover:bg-hover hover:text-ink"}`}
          >
            {LABELS[facet]}
            {chosen && <span className="max-w-40 truncate">: {chosen.join(", ")}</span>}
            <ChevronDown className="size-3" aria-hidden="true" />
          </button>
        }
      >
        {all.length > 8 && (
          <input
            value={sought}
            onChange={(event) => setSought(event.target.value)}
            aria-label={`Find a value of ${LABELS[facet]}`}
            placeholder="Find…"
            className="mb-1 h-7 w-full rounded border border-line bg-ground px-2 text-xs placeholder:text-faint"
          />
        )}
        <div role="group" aria-label={LABELS[facet]}>
          {fitting.map((one) => (
            <Choice
              key={one.value}
              chosen={chosen?.includes(one.value) ?? false}
              onChoose={() => onChange(toggled(chosen, one.value))}
              note={count(one.count)}
            >
              <Shown facet={facet} value={one.value} />
            </Choice>
          ))}
        </div>
      </Popover>
      {chosen && (
        <button
          type="button"
          aria-label={`Any ${LABELS[facet].toLowerCase()}`}
          onClick={() => onChange(undefined)}
          className="h-7 rounded-r-md border border-l-0 border-accent/40 bg-accent-ground px-1 text-accent-ink hover:opacity-80"
        >
          <X className="size-3" />
        </button>
      )}
    </span>
  );
}
