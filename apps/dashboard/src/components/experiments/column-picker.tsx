import { useQuery } from "@tanstack/react-query";
import { Columns3 } from "lucide-react";
import { useState } from "react";

import { fields } from "@/api/queries";
import { Button } from "@/components/ui/button";
import { Choice, Popover } from "@/components/ui/popover";

import { COLUMNS, CONFIG, DEFAULT_COLUMNS } from "./columns";

const MOST = 200;

/** Choose the columns of the list, fields of configs among them. */
export function ColumnPicker({
  chosen,
  onChange,
}: {
  chosen: string[];
  onChange: (ids: string[] | undefined) => void;
}) {
  const [sought, setSought] = useState("");
  const known = useQuery(fields).data;
  const toggle = (id: string) => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id];
    if (next.length > 0) onChange(next.join() === DEFAULT_COLUMNS.join() ? undefined : next);
  };
  const low = sought.toLowerCase();
  const own = COLUMNS.filter((column) => column.label.toLowerCase().includes(low));
  const paths = (known?.config_paths ?? []).filter((path) => path.toLowerCase().includes(low));
  return (
    <Popover
      label="Columns"
      align="end"
      trigger={
        <Button aria-label="Columns">
          <Columns3 className="size-3.5" />
          <span className="max-sm:hidden">Columns</span>
        </Button>
      }
    >
      <input
        value={sought}
        onChange={(event) => setSought(event.target.value)}
        aria-label="Find a column"
        placeholder="Find a column…"
        className="mb-1 h-7 w-full rounded border border-line bg-ground px-2 text-xs placeholder:text-faint"
      />
      <div role="group" aria-label="Columns">
        {own.map((column) => (
          <Choice key={column.id} chosen={chosen.includes(column.id)} onChoose={() => toggle(column.id)}>
            {column.label}
          </Choice>
        ))}
        {paths.length > 0 && <p className="px-2 pt-2 pb-0.5 text-xs text-faint">Config</p>}
        {paths.slice(0, MOST).map((path) => (
          <Choice key={path} chosen={chosen.includes(CONFIG + path)} onChoose={() => toggle(CONFIG + path)}>
            <span className="font-mono text-xs">{path}</span>
          </Choice>
        ))}
        {paths.length > MOST && <p className="px-2 py-1 text-xs text-faint">Write more of the name to see others.</p>}
      </div>
      <button
        type="button"
        onClick={() => onChange(undefined)}
        className="mt-1 w-full rounded border-t border-line px-2 py-1.5 text-left text-xs text-soft hover:bg-hover"
      >
        Back to the usual columns
      </button>
    </Popover>
  );
}
