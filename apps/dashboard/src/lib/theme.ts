/** Light or dark: the system's choice until the reader makes one. `theme.js` does the same before the first paint. */
import { useSyncExternalStore } from "react";

const KEY = "furu-theme";
const listeners = new Set<() => void>();

function apply(dark: boolean): void {
  document.documentElement.classList.toggle("dark", dark);
  for (const listener of listeners) listener();
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function isDark(): boolean {
  return document.documentElement.classList.contains("dark");
}

// A change of the system's choice counts as long as the reader made none.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (system) => {
  if (read() === null) apply(system.matches);
});

export function toggleTheme(): void {
  const dark = !isDark();
  apply(dark);
  try {
    localStorage.setItem(KEY, dark ? "dark" : "light");
  } catch {
    // Storage is forbidden: it counts until the page is left.
  }
}

export function useDark(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isDark);
}
