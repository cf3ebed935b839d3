import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FlaskConical, LayoutDashboard, ListFilter, Search, SunMoon } from "lucide-react";
import { type ReactNode, useEffect, useId, useState } from "react";

import { listOf } from "@/api/queries";
import { lookOf } from "@/lib/status";
import { toggleTheme } from "@/lib/theme";

import { Dialog } from "./ui/dialog";
import { StatusSign } from "./ui/status";

interface Entry {
  id: string;
  icon: ReactNode;
  title: string;
  note?: string;
  act: () => void;
}

/** Find an experiment, a view or a command by what it is called. */
export function Palette({ open, onClose, onHelp }: { open: boolean; onClose: () => void; onHelp: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} label="Find">
      <Inside onClose={onClose} onHelp={onHelp} />
    </Dialog>
  );
}

function useEntries(text: string, onClose: () => void, onHelp: () => void): { entries: Entry[]; loading: boolean } {
  const navigate = useNavigate();
  const words = text.trim();
  // What is written is looked for as words, whatever signs of the filter language are in it.
  const query = words.split(/\s+/).filter(Boolean).map((word) => `"${word.replaceAll(/["\\]/g, "")}"`);
  const found = useQuery(listOf({ q: query.join(" "), limit: 8, sort: "-updated" }));
  const go = (act: () => void) => () => {
    onClose();
    act();
  };
  const commands: Entry[] = [
    {
      id: "overview",
      icon: <LayoutDashboard className="size-4" />,
      title: "Overview",
      act: go(() => void navigate({ to: "/" })),
    },
    {
      id: "all",
      icon: <ListFilter className="size-4" />,
      title: "All experiments",
      act: go(() => void navigate({ to: "/experiments", search: {} })),
    },
    {
      id: "failed",
      icon: <ListFilter className="size-4" />,
      title: "Failed experiments",
      act: go(() => void navigate({ to: "/experiments", search: { result: ["failed"] } })),
    },
    {
      id: "running",
      icon: <ListFilter className="size-4" />,
      title: "Running experiments",
      act: go(() => void navigate({ to: "/experiments", search: { attempt: ["running"] } })),
    },
    { id: "theme", icon: <SunMoon className="size-4" />, title: "Light or dark colours", act: go(toggleTheme) },
    { id: "keys", icon: <Search className="size-4" />, title: "Show the keys", act: go(onHelp) },
  ].filter((one) => one.title.toLowerCase().includes(words.toLowerCase()));
  // Those of the words before are none of what is meant now.
  const items = found.isPlaceholderData ? [] : (found.data?.items ?? []);
  const experiments: Entry[] = items.map((item) => ({
    id: `${item.root}/${item.namespace}/${item.furu_hash}`,
    icon: <StatusSign look={lookOf(item.result_status, item.attempt_status)} />,
    title: item.name ? `${item.class_name} · ${item.name}` : item.class_name,
    note: item.furu_hash.slice(0, 8),
    act: go(
      () =>
        void navigate({
          to: "/experiments/$namespace/$hash",
          params: { namespace: item.namespace, hash: item.furu_hash },
        }),
    ),
  }));
  return { entries: [...commands, ...experiments], loading: found.isFetching };
}

function Inside({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const { entries, loading } = useEntries(text, onClose, onHelp);
  const chosen = Math.min(at, entries.length - 1);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen, id]);
  const press = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") entries[chosen]?.act();
    else return;
    event.preventDefault();
  };
  return (
    <div className="flex max-h-[70vh] flex-col">
      <label className="flex items-center gap-2 border-b border-line px-3">
        <FlaskConical className="size-4 text-faint" aria-hidden="true" />
        <input
          autoFocus
          value={text}
          role="combobox"
          aria-label="Find an experiment or a command"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          placeholder="Class, name, tag or hash"
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
          className="h-11 w-full bg-transparent text-sm outline-none placeholder:text-faint"
        />
      </label>
      <ul id={`${id}-list`} role="listbox" aria-label="Found" className="min-h-0 flex-1 overflow-auto p-1">
        {entries.map((entry, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input above has the focus and the keys
          <li
            key={entry.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={entry.act}
            onMouseMove={() => setAt(index)}
            className={`flex cursor-pointer items-center gap-2.5 rounded-md px-2 py-1.5 ${index === chosen ? "bg-accent-ground" : ""}`}
          >
            <span className="flex w-4 shrink-0 justify-center text-faint">{entry.icon}</span>
            <span className="min-w-0 flex-1 truncate">{entry.title}</span>
            {entry.note && <span className="font-mono text-xs text-faint">{entry.note}</span>}
          </li>
        ))}
        {entries.length === 0 && (
          <li role="option" aria-selected="false" aria-disabled="true" className="px-3 py-6 text-center text-soft">
            {loading ? "Looking…" : "Nothing is called that"}
          </li>
        )}
      </ul>
    </div>
  );
}
