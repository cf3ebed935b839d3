import { ChevronRight } from "lucide-react";
import { useState } from "react";

const MOST = 200;

/** A JSON value, its lists and objects to be folded. */
export function JsonTree({ value }: { value: unknown }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys
    <div tabIndex={0} role="region" aria-label="JSON" className="min-h-0 flex-1 overflow-auto bg-sunken px-3 py-2 font-mono text-xs leading-5 -outline-offset-2 sm:px-4">
      <Value value={value} depth={0} />
    </div>
  );
}

function Value({ value, depth, name }: { value: unknown; depth: number; name?: string }) {
  const inner = typeof value === "object" && value !== null;
  const entries: [string, unknown][] = !inner
    ? []
    : Array.isArray(value)
      ? value.map((one, index) => [String(index), one])
      : Object.entries(value);
  const [open, setOpen] = useState(depth < 2 && entries.length <= 100);
  const [shown, setShown] = useState(MOST);
  const label = name !== undefined && <span className="text-soft">{name}: </span>;
  if (!inner || entries.length === 0)
    return (
      <div className="pl-4 break-words">
        {label}
        <span className={typeof value === "string" ? "text-good" : typeof value === "number" ? "text-accent-ink" : "text-faint"}>
          {JSON.stringify(value)}
        </span>
      </div>
    );
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex items-center gap-0.5 rounded hover:bg-hover"
      >
        <ChevronRight className={`size-3.5 text-faint transition-transform ${open ? "rotate-90" : ""}`} aria-hidden="true" />
        {label}
        <span className="text-faint">{size}</span>
      </button>
      {open && (
        <div className="ml-[0.4rem] border-l border-line pl-2">
          {entries.slice(0, shown).map(([key, one]) => (
            <Value key={key} name={key} value={one} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button type="button" className="pl-4 text-accent-ink underline" onClick={() => setShown(shown + 1000)}>
              {entries.length - shown} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}
