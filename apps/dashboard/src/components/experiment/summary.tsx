import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import type { Detail } from "@/api/client";
import { CopyIcon } from "@/components/ui/copy";
import { time } from "@/lib/format";

import { Attempts } from "./attempts";
import { ConfigTree } from "./config-tree";

/** A titled part of a page. */
export function Part({
  title,
  children,
  actions,
  className = "",
}: {
  title: string;
  children: ReactNode;
  actions?: ReactNode;
  className?: string;
}) {
  return (
    <section className={`min-w-0 ${className}`}>
      <div className="mb-1.5 flex h-7 items-center gap-2">
        <h2 className="text-xs font-medium text-faint">{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** What one wants to know first: the config, what happened, and why it failed if it did. */
export function SummaryTab({ detail }: { detail: Detail }) {
  const error = detail.attempts[0]?.error;
  return (
    // In narrow windows one column: why it failed, what was tried, the config, where it is.
    <div className="flex flex-col gap-x-10 gap-y-6 p-3 sm:p-4 lg:grid lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="flex min-w-0 flex-col gap-6 max-lg:contents">
        {detail.troubles.length > 0 && <Troubles troubles={detail.troubles} />}
        {error && (
          <Part title={`Why it failed: ${error.kind.replaceAll("_", " ")}`}>
            <div className="overflow-hidden rounded-lg border border-bad/30">
              <div className="flex items-start gap-2 bg-bad-ground px-3 py-2 text-bad">
                <p className="min-w-0 flex-1 font-medium break-words">
                  {error.type.replace(/^builtins\./, "")}
                  {error.message && <span className="font-normal">: {error.message}</span>}
                </p>
                <CopyIcon text={error.traceback} what="the traceback" className="!text-bad" />
              </div>
              {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys */}
              <pre tabIndex={0} aria-label="Traceback" className="max-h-96 overflow-auto bg-sunken px-3 py-2 leading-5 text-soft">
                {error.traceback}
              </pre>
            </div>
          </Part>
        )}
        <Part title="Config" className="max-lg:order-3">
          <ConfigTree detail={detail} />
        </Part>
      </div>
      <div className="flex min-w-0 flex-col gap-6 max-lg:contents">
        <Part
          title={detail.attempts.length > 1 ? `${detail.attempts.length} attempts` : "Attempt"}
          className="max-lg:order-2"
        >
          <Attempts attempts={detail.attempts} />
        </Part>
        <Part title="Where" className="max-lg:order-4">
          <Fact label="Directory" value={detail.directory} copy="the directory" />
          <Fact label="Hash" value={detail.furu_hash} copy="the hash" />
          <Fact label="Root" value={detail.root === "artifacts" ? "version controlled" : "data"} />
          {detail.updated_at && <Fact label="Changed" value={time(detail.updated_at)} />}
        </Part>
      </div>
    </div>
  );
}

function Troubles({ troubles }: { troubles: string[] }) {
  return (
    <div role="note" className="flex gap-2 rounded-lg bg-warn-ground px-3 py-2 text-warn">
      <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
      <div className="min-w-0">
        <p className="font-medium">Some records cannot be read</p>
        {troubles.map((one) => (
          <p key={one} className="text-xs break-words">
            {one}
          </p>
        ))}
      </div>
    </div>
  );
}

/** A fact with its name, and a way to copy it. */
export function Fact({ label, value, copy }: { label: string; value: string; copy?: string }) {
  return (
    <div className="flex min-w-0 items-start gap-2 py-0.5">
      <span className="w-24 shrink-0 text-soft">{label}</span>
      <span className="min-w-0 flex-1 font-mono text-xs leading-5 break-all">{value}</span>
      {copy && <CopyIcon text={value} what={copy} className="-my-1" />}
    </div>
  );
}
