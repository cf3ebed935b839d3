import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, ChevronsUp, ScrollText, Search } from "lucide-react";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";

import { answer, client, type LogPage } from "@/api/client";
import type { Named } from "@/api/queries";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/notice";
import { bytes, count } from "@/lib/format";
import { useWhileVisible } from "@/lib/live";
import { type Level, type Line, Log, search } from "@/lib/log";

const TONES: Record<Level, string> = {
  DEBUG: "text-faint",
  INFO: "",
  WARNING: "text-warn",
  ERROR: "text-bad",
  CRITICAL: "text-bad font-semibold",
};
const FIRST_BYTES = 256 * 1024;

type Connection = "connecting" | "following" | "ended" | "lost";

/** Follow a log: its last part first, then what is written from then on. */
function useLog(named: Named) {
  const log = useRef(new Log());
  const [seen, setSeen] = useState({ version: 0, begin: 0, size: 0 });
  const [connection, setConnection] = useState<Connection>("connecting");
  const next = useRef<number | null>(null);
  const show = (begin?: number, size?: number) =>
    setSeen((before) => ({ version: before.version + 1, begin: begin ?? before.begin, size: size ?? before.size }));
  const base = `/api/experiments/${encodeURIComponent(named.namespace)}/${named.hash}/logs/stream`;

  useWhileVisible(() => {
    let source: EventSource | null = null;
    let closed = false;
    const follow = (offset: number) => {
      if (closed) return;
      source = new EventSource(`${base}?offset=${offset}`);
      source.onopen = () => setConnection("following");
      source.addEventListener("lines", (event) => {
        const part = JSON.parse((event as MessageEvent<string>).data) as LogPage;
        log.current.add(part.text);
        next.current = part.next_offset;
        show(undefined, part.size);
      });
      source.addEventListener("restart", () => {
        log.current = new Log();
        next.current = 0;
        show(0, 0);
      });
      source.addEventListener("end", () => {
        log.current.end();
        source?.close();
        setConnection("ended");
        show();
      });
      source.onerror = () => setConnection("lost");
    };
    if (next.current !== null) follow(next.current);
    else
      void answer(
        client.GET("/api/experiments/{namespace}/{furu_hash}/logs", {
          params: { path: { namespace: named.namespace, furu_hash: named.hash }, query: { limit: FIRST_BYTES } },
        }),
      ).then(
        (page) => {
          if (closed || next.current !== null) return;
          log.current.add(page.text);
          next.current = page.next_offset;
          show(page.offset, page.size);
          follow(page.next_offset);
        },
        () => setConnection("lost"),
      );
    return () => {
      closed = true;
      source?.close();
    };
  }, [base]);

  const [loading, setLoading] = useState(false);
  const loadAll = async () => {
    setLoading(true);
    const whole = new Log();
    try {
      for (let offset = 0; offset < seen.begin; ) {
        const page = await answer(
          client.GET("/api/experiments/{namespace}/{furu_hash}/logs", {
            params: {
              path: { namespace: named.namespace, furu_hash: named.hash },
              query: { offset, limit: Math.min(1024 * 1024, seen.begin - offset) },
            },
          }),
        );
        if (page.text === "") break;
        whole.add(page.text);
        offset = page.next_offset;
      }
      for (const line of log.current.lines) whole.add(`${line.text}\n`);
      log.current = whole;
      show(0);
    } finally {
      setLoading(false);
    }
  };
  return { lines: log.current.lines, version: seen.version, begin: seen.begin, connection, loadAll, loading };
}

/** The log of an experiment, followed while it runs. */
export function LogTab({ named, running }: { named: Named; running: boolean }) {
  const { lines, version, begin, connection, loadAll, loading } = useLog(named);
  const [sought, setSought] = useState("");
  const text = useDeferredValue(sought);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the lines are one array that grows; the version tells
  const shown = useMemo(() => search(lines, text), [lines, text, version]);
  const [follow, setFollow] = useState(true);
  if (lines.length === 0 && connection === "ended")
    return (
      <Empty icon={ScrollText} title="Nothing was logged">
        What a step logs while it is computed appears here.
      </Empty>
    );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-3 py-2 sm:px-4">
        <label className="flex h-7 min-w-40 flex-1 items-center gap-2 rounded-md border border-line bg-raised px-2 focus-within:outline-2 focus-within:outline-accent sm:max-w-80">
          <Search className="size-3.5 text-faint" aria-hidden="true" />
          <input
            value={sought}
            onChange={(event) => setSought(event.target.value)}
            aria-label="Find in the log"
            placeholder="Find in the log"
            className="min-w-0 flex-1 bg-transparent text-xs outline-none placeholder:text-faint"
          />
          {text !== "" && <span className="tabular text-xs text-faint">{count(shown.length)}</span>}
        </label>
        {begin > 0 && (
          <Button small onClick={() => void loadAll()} disabled={loading}>
            <ChevronsUp className="size-3.5" />
            {loading ? "Loading…" : `Earlier (${bytes(begin)})`}
          </Button>
        )}
        <span className="flex-1" />
        <span className="text-xs text-faint" role="status">
          {connection === "lost" ? "not connected" : running && connection === "following" ? "following" : ""}
        </span>
        <Button small aria-pressed={follow} kind={follow ? "plain" : "quiet"} onClick={() => setFollow(!follow)}>
          <ArrowDownToLine className="size-3.5" />
          Follow
        </Button>
      </div>
      <Lines lines={shown} version={version} sought={text} follow={follow && text === ""} onLeave={() => setFollow(false)} />
    </div>
  );
}

function Lines({
  lines,
  version,
  sought,
  follow,
  onLeave,
}: {
  lines: Line[];
  version: number;
  sought: string;
  follow: boolean;
  onLeave: () => void;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 20,
    overscan: 30,
  });
  useEffect(() => {
    if (follow && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, version, lines.length, virtual]);
  const digits = String(lines.at(-1)?.number ?? 1).length;
  return (
    <div
      ref={scroll}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys
      tabIndex={0}
      role="log"
      aria-label="Log"
      aria-live="off"
      onWheel={(event) => event.deltaY < 0 && onLeave()}
      onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && onLeave()}
      className="min-h-0 flex-1 overflow-auto bg-sunken py-2 font-mono text-xs -outline-offset-2"
    >
      <div className="relative min-w-max" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index]!;
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtual.measureElement}
              className="absolute top-0 left-0 flex w-full leading-5 hover:bg-hover"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span
                className="sticky left-0 shrink-0 bg-sunken pr-3 pl-3 text-right text-faint select-none sm:pl-4"
                style={{ width: `${digits + 4}ch` }}
                aria-hidden="true"
              >
                {line.number}
              </span>
              <span className={`pr-4 whitespace-pre ${line.level ? TONES[line.level] : ""}`}>
                {sought === "" ? (
                  <>
                    <span className="text-faint">{line.text.slice(0, line.head)}</span>
                    {line.text.slice(line.head) || " "}
                  </>
                ) : (
                  <Marked text={line.text} sought={sought} />
                )}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Marked({ text, sought }: { text: string; sought: string }) {
  const at = text.toLowerCase().indexOf(sought.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark className="rounded-sm bg-accent-ground text-accent-ink">{text.slice(at, at + sought.length)}</mark>
      {text.slice(at + sought.length)}
    </>
  );
}
