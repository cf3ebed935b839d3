import { useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";

import type { Page, Problem } from "@/api/client";
import { fields } from "@/api/queries";
import { IconButton } from "@/components/ui/button";
import { accept, complete, type Completion } from "@/lib/completion";
import { useKeys } from "@/lib/keys";

const NONE: Completion = { from: 0, to: 0, suggestions: [] };

/** Where the filter is written. It takes effect as it is written, once it has stood for a moment. */
export function FilterBar({
  query,
  onQuery,
  problem,
  facets,
}: {
  query: string;
  onQuery: (query: string) => void;
  problem: Problem["errors"];
  facets: Page["facets"] | undefined;
}) {
  const [text, setText] = useState(query);
  const [completion, setCompletion] = useState(NONE);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const cursor = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (cursor.current !== null) input.current?.setSelectionRange(cursor.current, cursor.current);
    cursor.current = null;
  }, [text]);
  const id = useId();
  const known = useQuery(fields).data;
  useEffect(() => setText(query), [query]);
  useEffect(() => {
    if (text === query) return;
    const timer = setTimeout(() => onQuery(text), 350);
    return () => clearTimeout(timer);
  }, [text, query, onQuery]);
  useKeys({ "/": () => input.current?.focus() });

  const suggest = (value: string, cursor: number) => {
    setCompletion(complete(value, cursor, known, facets));
    setAt(-1);
  };
  const choose = (index: number) => {
    const chosen = completion.suggestions[index];
    if (!chosen) return;
    const next = accept(text, completion, chosen, known);
    setText(next.query);
    cursor.current = next.cursor;
    suggest(next.query, next.cursor);
  };
  const press = (event: React.KeyboardEvent<HTMLInputElement>) => {
    const many = completion.suggestions.length;
    if (event.key === "ArrowDown" && many) setAt((at + 1) % many);
    else if (event.key === "ArrowUp" && many) setAt((at - 1 + many) % many);
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) choose(at);
    else if (event.key === "Enter") {
      setCompletion(NONE);
      onQuery(text);
    } else if (event.key === "Escape") {
      if (many) setCompletion(NONE);
      else input.current?.blur();
    } else return;
    event.preventDefault();
  };
  const open = completion.suggestions.length > 0;
  const wrong = problem.length > 0 && text === query;
  return (
    <div className="relative min-w-0 flex-1">
      <div
        className={`flex h-8 items-center gap-2 rounded-md border bg-raised pl-2.5 focus-within:outline-2 focus-within:outline-accent ${wrong ? "border-bad" : "border-line"}`}
      >
        <Search className="size-3.5 shrink-0 text-faint" aria-hidden="true" />
        <input
          ref={input}
          value={text}
          role="combobox"
          aria-label="Filter"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-problem` : undefined}
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
          placeholder="Filter: result=failed config.lr<0.01 started>-2d"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value);
            suggest(event.target.value, event.target.selectionStart ?? event.target.value.length);
          }}
          onFocus={(event) => suggest(text, event.target.selectionStart ?? text.length)}
          onBlur={() => setCompletion(NONE)}
          onKeyDown={press}
          className="h-full min-w-0 flex-1 bg-transparent font-mono text-xs outline-none placeholder:text-faint"
        />
        {text !== "" && (
          <IconButton
            label="Clear the filter"
            onClick={() => {
              setText("");
              onQuery("");
            }}
          >
            <X className="size-3.5" />
          </IconButton>
        )}
      </div>
      {wrong && <Wrong id={`${id}-problem`} text={text} problem={problem[0]!} />}
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label="Suggestions"
        hidden={!open}
        className="absolute top-full left-0 z-40 mt-1 max-h-80 w-full max-w-xl overflow-auto rounded-lg border border-line bg-raised p-1 shadow-float"
      >
        {completion.suggestions.map((one, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input has the focus and the keys
          <li
            key={one.text}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            // Before the input loses the focus, which would close the list.
            onMouseDown={(event) => {
              event.preventDefault();
              choose(index);
            }}
            className={`flex cursor-pointer gap-3 rounded px-2 py-1 ${index === at ? "bg-accent-ground" : "hover:bg-hover"}`}
          >
            <span className="min-w-0 shrink-0 truncate font-mono text-xs leading-5">{one.text}</span>
            <span className="min-w-0 flex-1 truncate text-right text-xs leading-5 text-faint">{one.hint}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Wrong({ id, text, problem }: { id: string; text: string; problem: Problem["errors"][number] }) {
  const at = problem.position;
  return (
    <div id={id} role="alert" className="mt-1.5 text-xs text-bad">
      {at !== null && at !== undefined && (
        <pre className="overflow-x-auto text-xs leading-4 text-soft" aria-hidden="true">
          {text}
          {"\n"}
          <span className="text-bad">{`${" ".repeat(Math.max(0, at))}^`}</span>
        </pre>
      )}
      <p>
        {problem.message.replace(/ \(position \d+\)$/, "")}
        {problem.suggestions?.length ? <span className="text-soft"> · {problem.suggestions.join(", ")}</span> : null}
      </p>
    </div>
  );
}
