import type { Look, Sign, Tone } from "@/lib/status";

const PATHS: Record<Sign, string> = {
  check: "M4 8.5l2.8 2.8L12 5.5",
  cross: "M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6",
  turn: "M8 3a5 5 0 1 1-4.6 3",
  clock: "M8 4.5V8l2.2 1.6M8 2.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6",
  half: "M8 2.8a5.2 5.2 0 1 0 0 10.4M8 2.8v10.4",
  stop: "M4 4h8v8H4z",
  bolt: "M9 2.5L4.5 9H8l-1 4.5L11.5 7H8z",
  arrow: "M3.5 8h8M8.5 4.8L11.8 8l-3.3 3.2",
  dot: "M8 7.9v.2",
};

const TEXT: Record<Tone, string> = {
  good: "text-good",
  bad: "text-bad",
  busy: "text-busy",
  wait: "text-wait",
  warn: "text-warn",
  off: "text-off",
};

const GROUND: Record<Tone, string> = {
  good: "bg-good-ground text-good",
  bad: "bg-bad-ground text-bad",
  busy: "bg-busy-ground text-busy",
  wait: "bg-wait-ground text-wait",
  warn: "bg-warn-ground text-warn",
  off: "bg-off-ground text-off",
};

function Glyph({ sign }: { sign: Sign }) {
  return (
    <svg viewBox="0 0 16 16" className={`size-3.5 shrink-0 ${sign === "turn" ? "turning" : ""}`} aria-hidden="true">
      <path
        d={PATHS[sign]}
        fill="none"
        stroke="currentColor"
        strokeWidth={sign === "dot" ? 3 : 1.7}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** A state in a row: sign and word. */
export function Status({ look }: { look: Look }) {
  return (
    <span className={`inline-flex min-w-0 items-center gap-1.5 align-bottom ${TEXT[look.tone]}`}>
      <Glyph sign={look.sign} />
      <span className="truncate">{look.word}</span>
    </span>
  );
}

/** A state on its own: sign and word on a ground of its tone. */
export function StatusBadge({ look }: { look: Look }) {
  return (
    <span
      className={`inline-flex shrink-0 items-center gap-1 rounded-full py-0.5 pr-2.5 pl-1.5 text-xs font-medium ${GROUND[look.tone]}`}
    >
      <Glyph sign={look.sign} />
      {look.word}
    </span>
  );
}

/** The sign alone; the word is for those who cannot see it. */
export function StatusSign({ look }: { look: Look }) {
  return (
    <span className={`inline-flex ${TEXT[look.tone]}`} title={look.word}>
      <Glyph sign={look.sign} />
      <span className="sr-only">{look.word}</span>
    </span>
  );
}
