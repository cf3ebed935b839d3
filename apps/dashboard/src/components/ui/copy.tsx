import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { copy } from "@/lib/clipboard";

import { Button, IconButton } from "./button";

function useCopied(text: string | (() => Promise<string>)) {
  const [state, setState] = useState<"" | "copied" | "refused">("");
  useEffect(() => {
    if (state === "") return;
    const timer = setTimeout(() => setState(""), 1600);
    return () => clearTimeout(timer);
  }, [state]);
  const act = async () => {
    const value = typeof text === "string" ? text : await text();
    setState((await copy(value)) ? "copied" : "refused");
  };
  return { state, act: () => void act().catch(() => setState("refused")) };
}

function Told({ state }: { state: string }) {
  return (
    <span role="status" className="sr-only">
      {state}
    </span>
  );
}

/** A button that copies, with a sign alone. */
export function CopyIcon({ text, what, className }: { text: string; what: string; className?: string }) {
  const { state, act } = useCopied(text);
  return (
    <>
      <IconButton label={state === "refused" ? "The browser refuses" : `Copy ${what}`} onClick={act} className={className}>
        {state === "copied" ? <Check className="size-3.5 text-good" /> : <Copy className="size-3.5" />}
      </IconButton>
      <Told state={state} />
    </>
  );
}

/** A button that copies, with words. */
export function CopyButton({ text, children }: { text: string | (() => Promise<string>); children: string }) {
  const { state, act } = useCopied(text);
  return (
    <Button onClick={act} small>
      {state === "copied" ? <Check className="size-3.5 text-good" /> : <Copy className="size-3.5" />}
      {state === "refused" ? "refused" : children}
      <Told state={state} />
    </Button>
  );
}
