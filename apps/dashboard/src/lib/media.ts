import { useSyncExternalStore } from "react";

/** Return whether the window is as narrow as a telephone's. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia("(max-width: 639px)");
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia("(max-width: 639px)").matches,
  );
}
