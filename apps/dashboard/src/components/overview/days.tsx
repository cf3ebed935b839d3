import type { Stats } from "@/api/client";
import { count } from "@/lib/format";

const DAYS = 30;

/** Return the last days, oldest first, those without news included. */
export function lastDays(days: Stats["days"], now: number): Stats["days"] {
  const known = new Map(days.map((day) => [day.day, day]));
  return Array.from({ length: DAYS }, (_, index) => {
    const date = new Date(now);
    date.setDate(date.getDate() - (DAYS - 1 - index));
    const two = (value: number) => String(value).padStart(2, "0");
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return known.get(day) ?? { day, success: 0, failed: 0, other: 0 };
  });
}

/** How many attempts ended on each of the last days, as bars: those that failed below in their own colour. */
export function Days({ days, now }: { days: Stats["days"]; now: number }) {
  const shown = lastDays(days, now);
  const most = Math.max(1, ...shown.map((day) => day.success + day.failed + day.other));
  const sum = (pick: (day: Stats["days"][number]) => number) => shown.reduce((total, day) => total + pick(day), 0);
  return (
    <figure>
      <svg
        viewBox="0 0 300 60"
        preserveAspectRatio="none"
        className="h-24 w-full"
        role="img"
        aria-label={`Attempts that ended in the last ${DAYS} days: ${sum((day) => day.success)} succeeded, ${sum((day) => day.failed)} failed, ${sum((day) => day.other)} ended otherwise`}
      >
        {shown.map((day, index) => {
          const height = (value: number) => (value / most) * 56;
          const failed = height(day.failed);
          const other = height(day.other);
          const success = height(day.success);
          return (
            <g key={day.day}>
              <title>{`${day.day}: ${day.success} succeeded, ${day.failed} failed, ${day.other} otherwise`}</title>
              <rect x={index * 10} y={0} width={10} height={60} fill="transparent" />
              <rect x={index * 10 + 1} y={59} width={8} height={1} className="fill-line" />
              <rect x={index * 10 + 1} y={59 - failed} width={8} height={failed} className="fill-bad" />
              <rect x={index * 10 + 1} y={59 - failed - other} width={8} height={other} className="fill-off" />
              <rect
                x={index * 10 + 1}
                y={59 - failed - other - success}
                width={8}
                height={success}
                className="fill-accent"
              />
            </g>
          );
        })}
      </svg>
      <figcaption className="mt-1 flex flex-wrap justify-between gap-x-4 text-xs text-faint">
        <span className="tabular">{shown[0]?.day}</span>
        <span className="flex flex-wrap gap-x-3 max-sm:order-last max-sm:w-full max-sm:pt-1">
          <Key tone="bg-accent">{`${count(sum((day) => day.success))} succeeded`}</Key>
          <Key tone="bg-bad">{`${count(sum((day) => day.failed))} failed`}</Key>
          <Key tone="bg-off">{`${count(sum((day) => day.other))} otherwise`}</Key>
        </span>
        <span>today</span>
      </figcaption>
    </figure>
  );
}

function Key({ tone, children }: { tone: string; children: string }) {
  return (
    <span className="tabular inline-flex items-center gap-1.5">
      <span className={`size-2 rounded-sm ${tone}`} aria-hidden="true" />
      {children}
    </span>
  );
}
