import { Tabs as Primitive } from "radix-ui";
import type { ReactNode } from "react";

export interface Tab {
  id: string;
  label: string;
  note?: ReactNode;
}

/** A row of tabs; the panels are the caller's, as `TabPanel`. */
export function Tabs({
  tabs,
  chosen,
  onChoose,
  children,
}: {
  tabs: Tab[];
  chosen: string;
  onChoose: (id: string) => void;
  children: ReactNode;
}) {
  return (
    <Primitive.Root value={chosen} onValueChange={onChoose} className="flex min-h-0 flex-1 flex-col">
      <Primitive.List className="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-3 sm:px-4">
        {tabs.map((tab) => (
          <Primitive.Trigger
            key={tab.id}
            value={tab.id}
            className="-mb-px flex items-center gap-1.5 border-b-2 border-transparent px-2 py-2 font-medium whitespace-nowrap text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
            {tab.note !== undefined && <span className="tabular text-xs text-faint">{tab.note}</span>}
          </Primitive.Trigger>
        ))}
      </Primitive.List>
      {children}
    </Primitive.Root>
  );
}

export const TabPanel = Primitive.Content;
