import { Popover as Primitive } from "radix-ui";
import type { ReactNode } from "react";

/** A panel that opens beside what opens it. */
export function Popover({
  trigger,
  label,
  children,
  align = "start",
  open,
  onOpenChange,
  className = "w-72",
}: {
  trigger: ReactNode;
  label: string;
  children: ReactNode;
  align?: "start" | "end";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  className?: string;
}) {
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className={`z-50 max-h-[min(28rem,var(--radix-popover-content-available-height))] max-w-[calc(100vw-1rem)] overflow-auto rounded-lg border border-line bg-raised p-1 shadow-float ${className}`}
        >
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** One choice of a panel, on or off. */
export function Choice({
  chosen,
  onChoose,
  children,
  note,
}: {
  chosen: boolean;
  onChoose: () => void;
  children: ReactNode;
  note?: ReactNode;
}) {
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={chosen}
      onClick={onChoose}
      className="flex w-full items-center gap-2 rounded px-2 py-1 text-left hover:bg-hover"
    >
      <span
        aria-hidden="true"
        className={`flex size-3.5 shrink-0 items-center justify-center rounded-sm border ${chosen ? "border-accent bg-accent text-on-accent" : "border-line-strong"}`}
      >
        {chosen && (
          <svg viewBox="0 0 16 16" className="size-3">
            <path d="M4 8.5l2.8 2.8L12 5.5" fill="none" stroke="currentColor" strokeWidth={2.2} />
          </svg>
        )}
      </span>
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {note !== undefined && <span className="tabular shrink-0 text-xs text-faint">{note}</span>}
    </button>
  );
}
