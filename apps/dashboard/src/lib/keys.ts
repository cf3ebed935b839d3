/** Keys that act on the page, wherever the focus is, except where text is written. */
import { useEffect, useRef } from "react";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

function writing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Return the name of a key press: `j`, `Enter`, `mod+k`. */
export function nameOf(event: KeyboardEvent): string {
  return `${event.metaKey || event.ctrlKey ? "mod+" : ""}${event.altKey ? "alt+" : ""}${event.key}`;
}

export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const name = nameOf(event);
      const act = current.current[name];
      if (!act || event.defaultPrevented) return;
      if (!name.startsWith("mod+") && (writing(event.target) || document.querySelector("dialog[open]"))) return;
      // A focused button or link answers Enter and blanks itself.
      if (name === "Enter" && event.target instanceof HTMLElement && event.target.closest("a, button, summary")) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
