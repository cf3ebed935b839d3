import { createContext, useContext } from "react";

import type { Live } from "./live";

export const LiveContext = createContext<Live>({ connection: "connecting", index: null });

export function useStoreLive(): Live {
  return useContext(LiveContext);
}
