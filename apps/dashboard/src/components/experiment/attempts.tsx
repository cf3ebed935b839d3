import type { Attempt } from "@/api/client";
import { Status } from "@/components/ui/status";
import { bytes, duration, time } from "@/lib/format";
import { useNow } from "@/lib/live";
import { lookOfAttempt } from "@/lib/status";

function took(attempt: Attempt, now: number): string {
  if (attempt.duration_sec !== null) return duration(attempt.duration_sec);
  const begin = attempt.started_at ? Date.parse(attempt.started_at) : NaN;
  const end = attempt.ended_at ? Date.parse(attempt.ended_at) : attempt.status === "running" ? now : NaN;
  return Number.isNaN(begin) || Number.isNaN(end) ? "–" : duration((end - begin) / 1000);
}

/** What was tried, the newest first. */
export function Attempts({ attempts }: { attempts: Attempt[] }) {
  const now = useNow();
  if (attempts.length === 0) return <p className="text-soft">Nothing was tried yet.</p>;
  return (
    <ol className="flex flex-col">
      {attempts.map((attempt, index) => (
        <li key={attempt.id} className="relative flex gap-3 pb-3 last:pb-0">
          {index < attempts.length - 1 && (
            <span className="absolute top-6 bottom-0 left-2.5 w-px bg-line" aria-hidden="true" />
          )}
          <span className="tabular flex size-5 shrink-0 items-center justify-center rounded-full border border-line bg-raised text-2xs text-soft">
            {attempt.number}
          </span>
          <div className="min-w-0 flex-1">
            <p className="flex flex-wrap items-center gap-x-3">
              <span className="font-medium">
                <Status look={lookOfAttempt(attempt.status)} />
              </span>
              <span className="tabular text-soft">{took(attempt, now)}</span>
            </p>
            <p className="text-xs text-faint">
              {attempt.started_at && time(attempt.started_at)}
              {attempt.host && ` · ${attempt.host}`}
              {attempt.pid !== null && ` · pid ${attempt.pid}`}
              {attempt.backend === "submitit" && " · Slurm"}
            </p>
            <Scheduler facts={attempt.scheduler} />
            {typeof attempt.resources.peak_memory_bytes === "number" && (
              <p className="text-xs text-faint">
                {bytes(attempt.resources.peak_memory_bytes)} at most
                {typeof attempt.resources.cpu_sec === "number" && ` · ${duration(attempt.resources.cpu_sec)} of CPU`}
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Scheduler({ facts }: { facts: Record<string, unknown> }) {
  const known = Object.entries(facts).filter(([, value]) => value !== null && typeof value !== "object");
  if (known.length === 0) return null;
  return (
    <p className="text-xs break-words text-faint">
      {known.map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`).join(" · ")}
    </p>
  );
}
