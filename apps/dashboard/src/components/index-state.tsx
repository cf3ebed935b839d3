import { useQuery } from "@tanstack/react-query";

import { health } from "@/api/queries";
import { ago, count, duration, time } from "@/lib/format";
import { type Live, useNow } from "@/lib/live";

import { Popover } from "./ui/popover";

function told(live: Live): { word: string; tone: string } {
  if (live.connection === "lost") return { word: "Not connected", tone: "bg-bad" };
  if (live.index?.trouble) return { word: "Store not readable", tone: "bg-bad" };
  if (live.index?.refreshing) {
    const { seen, total } = live.index.refreshing;
    return { word: `Indexing ${count(seen)} of ${count(total)}`, tone: "bg-busy" };
  }
  if (live.connection === "connecting") return { word: "Connecting", tone: "bg-off" };
  return { word: "Live", tone: "bg-good" };
}

/** How fresh what is shown is; more about the store when it is pressed. */
export function IndexState({ live }: { live: Live }) {
  const { word, tone } = told(live);
  return (
    <Popover
      align="end"
      label="The store"
      className="w-96 p-3"
      trigger={
        <button
          type="button"
          className="mr-1 flex h-7 items-center gap-2 rounded-md px-2 text-xs text-soft hover:bg-hover hover:text-ink"
        >
          <span className={`size-2 shrink-0 rounded-full ${tone}`} aria-hidden="true" />
          <span className="max-w-40 truncate">{word}</span>
        </button>
      }
    >
      <StoreFacts live={live} />
    </Popover>
  );
}

function StoreFacts({ live }: { live: Live }) {
  const now = useNow();
  const { data } = useQuery(health);
  const index = live.index;
  return (
    <div className="flex flex-col gap-3">
      {data?.roots.map((root) => (
        <div key={root.kind}>
          <p className="text-xs text-faint">{root.kind === "data" ? "Store" : "Version controlled"}</p>
          <p className="font-mono text-xs break-all">{root.path}</p>
          {!root.readable && <p className="text-xs text-warn">It is not there yet, or may not be read.</p>}
        </div>
      ))}
      {index?.trouble && <p className="text-bad">{index.trouble}</p>}
      {index?.refreshed_at && (
        <p className="text-xs text-soft">
          Looked at <span title={time(index.refreshed_at)}>{ago(index.refreshed_at, now)}</span>
          {index.refresh_sec !== null && `, in ${duration(index.refresh_sec)}`}.
        </p>
      )}
      {index && index.skipped.length > 0 && (
        <details>
          <summary className="text-xs text-soft">{`${index.skipped.length} passed over`}</summary>
          <ul className="mt-1 flex flex-col gap-1">
            {index.skipped.map((one) => (
              <li key={one.path} className="text-xs break-all">
                <span className="font-mono">{one.path}</span> <span className="text-faint">{one.reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {data && <p className="text-xs text-faint">furu-dashboard {data.version}</p>}
    </div>
  );
}
