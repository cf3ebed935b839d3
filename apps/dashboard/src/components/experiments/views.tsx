import { Bookmark, Trash2 } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "@/components/ui/button";
import { Popover } from "@/components/ui/popover";
import { useRemembered } from "@/lib/remember";
import type { ListSearch } from "@/lib/search";

interface View {
  name: string;
  search: ListSearch;
}

const BUILT_IN: View[] = [
  { name: "All", search: {} },
  { name: "Running and queued", search: { attempt: ["running", "queued"] } },
  { name: "Failed in the last week", search: { result: ["failed"], q: "started>-1w" } },
  { name: "Largest on disk", search: { sort: "-size" } },
  { name: "Longest", search: { sort: "-duration" } },
];

/** Views: filter, order and columns under a name. The address says the same, for others. */
export function Views({ search, onChoose }: { search: ListSearch; onChoose: (search: ListSearch) => void }) {
  const [kept, keep] = useRemembered<View[]>("furu-views", []);
  const [name, setName] = useState("");
  const [open, setOpen] = useState(false);
  const choose = (view: View) => {
    onChoose(view.search);
    setOpen(false);
  };
  return (
    <Popover
      label="Views"
      align="end"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button aria-label="Views">
          <Bookmark className="size-3.5" />
          <span className="max-sm:hidden">Views</span>
        </Button>
      }
    >
      {[...BUILT_IN, ...kept].map((view, index) => (
        <div key={`${index} ${view.name}`} className="flex items-center rounded hover:bg-hover">
          <button type="button" onClick={() => choose(view)} className="min-w-0 flex-1 truncate px-2 py-1 text-left">
            {view.name}
          </button>
          {index >= BUILT_IN.length && (
            <IconButton
              label={`Forget ${view.name}`}
              onClick={() => keep(kept.filter((_, other) => other !== index - BUILT_IN.length))}
            >
              <Trash2 className="size-3.5" />
            </IconButton>
          )}
        </div>
      ))}
      <form
        className="mt-1 flex gap-1 border-t border-line px-1 pt-2 pb-1"
        onSubmit={(event) => {
          event.preventDefault();
          if (!name.trim()) return;
          keep([...kept.filter((view) => view.name !== name.trim()), { name: name.trim(), search }]);
          setName("");
        }}
      >
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          aria-label="Name of the view"
          placeholder="Keep this view as…"
          maxLength={80}
          className="h-6 min-w-0 flex-1 rounded border border-line bg-ground px-2 text-xs placeholder:text-faint"
        />
        <Button small kind="strong" type="submit" disabled={!name.trim()}>
          Keep
        </Button>
      </form>
    </Popover>
  );
}
