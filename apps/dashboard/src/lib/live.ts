/** News of the store, as its event stream tells them. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";

import type { IndexHealth } from "@/api/client";
import { STORE } from "@/api/queries";

type Connection = "connecting" | "open" | "lost";

export interface Live {
  connection: Connection;
  index: IndexHealth | null;
}

/** Call `wanted` while the page can be seen: browsers give a host few connections, and hidden pages need none. */
export function useWhileVisible(begin: () => () => void, dependencies: unknown[]): void {
  useEffect(() => {
    let end: (() => void) | null = null;
    const look = () => {
      if (document.visibilityState === "visible") end ??= begin();
      else {
        end?.();
        end = null;
      }
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      end?.();
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the caller says what it depends on
  }, dependencies);
}

/** Follow the store, and have everything that shows it asked again when something changes. */
export function useLive(): Live {
  const queries = useQueryClient();
  const [live, setLive] = useState<Live>({ connection: "connecting", index: null });
  useWhileVisible(() => {
    let known: number | null = null;
    const source = new EventSource("/api/events/stream");
    source.addEventListener("index", (event) => {
      const index = JSON.parse((event as MessageEvent<string>).data) as IndexHealth;
      setLive({ connection: "open", index });
      if (known !== null && known !== index.version) void queries.invalidateQueries({ queryKey: [STORE] });
      known = index.version;
    });
    source.onerror = () => setLive((before) => ({ ...before, connection: "lost" }));
    return () => source.close();
  }, [queries]);
  return live;
}

/** The time, told every second to those who show how long something has taken. */
let now = Date.now();
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
