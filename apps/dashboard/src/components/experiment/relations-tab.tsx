import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Relation } from "@/api/client";
import { type Named, relationsOf } from "@/api/queries";
import { Bone, Failure } from "@/components/ui/notice";
import { Status } from "@/components/ui/status";
import { count } from "@/lib/format";
import { lookOf } from "@/lib/status";

import { Part } from "./summary";

/** What an experiment needs, and what needs it. */
export function RelationsTab({ named }: { named: Named }) {
  const { data, error, refetch } = useQuery(relationsOf(named));
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data)
    return (
      <div className="flex flex-col gap-3 p-4">
        <Bone className="h-4 w-64" />
        <Bone className="h-4 w-80" />
      </div>
    );
  return (
    <div className="grid gap-x-10 gap-y-6 p-3 sm:p-4 lg:grid-cols-2">
      <Part title={`Needs ${count(data.dependencies_total)}`}>
        <Relations
          relations={data.dependencies}
          total={data.dependencies_total}
          none="It needs no other experiment."
          pathOf={(one) => one.path}
        />
      </Part>
      <Part title={`Needed by ${count(data.dependents_total)}`}>
        <Relations
          relations={data.dependents}
          total={data.dependents_total}
          none="Nothing in this store needs it."
          pathOf={(one) => `as ${one.path}`}
        />
      </Part>
    </div>
  );
}

function Relations({
  relations,
  total,
  none,
  pathOf,
}: {
  relations: Relation[];
  total: number;
  none: string;
  pathOf: (one: Relation) => string;
}) {
  if (relations.length === 0) return <p className="text-soft">{none}</p>;
  return (
    <>
      <ul className="overflow-hidden rounded-lg border border-line">
        {relations.map((one) => (
          <li key={`${one.path} ${one.furu_hash}`} className="border-b border-line/60 last:border-0">
            <Link
              to="/experiments/$namespace/$hash"
              params={{ namespace: one.namespace, hash: one.furu_hash }}
              className="flex items-center gap-3 px-3 py-1.5 -outline-offset-2 hover:bg-hover"
            >
              <span className="w-28 shrink-0">
                <Status look={lookOf(one.result_status, one.attempt_status)} />
              </span>
              <span className="min-w-0 flex-1 truncate">
                <span className="font-medium">{one.class_name}</span>{" "}
                <span className="font-mono text-xs text-faint">{one.furu_hash.slice(0, 8)}</span>
                {one.name && <span className="pl-2 text-soft">{one.name}</span>}
              </span>
              <span className="max-w-[40%] truncate font-mono text-xs text-faint" title={one.path}>
                {pathOf(one)}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {total > relations.length && (
        <p className="mt-2 text-xs text-faint">The first {count(relations.length)} are shown.</p>
      )}
    </>
  );
}
