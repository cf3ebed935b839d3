import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Compass } from "lucide-react";

import { Shell } from "./components/shell";
import { Empty, Failure } from "./components/ui/notice";
import { readSearch } from "./lib/search";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty icon={Compass} title="There is no such page">
      The address may be mistyped, or of another version.
    </Empty>
  ),
  errorComponent: ({ error, reset }) => <Failure error={error as Error} retry={reset} />,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("./routes/overview"), "Overview"),
});

export const experimentsRoute = createRoute({
  getParentRoute: () => root,
  path: "/experiments",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./routes/experiments"), "Experiments"),
});

const TABS = ["summary", "log", "files", "relations", "provenance"] as const;
export type TabName = (typeof TABS)[number];

export const experimentRoute = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$namespace/$hash",
  validateSearch: (said: Record<string, unknown>): { tab?: TabName; file?: string } => ({
    ...(TABS.includes(said.tab as TabName) ? { tab: said.tab as TabName } : {}),
    ...(typeof said.file === "string" ? { file: said.file } : {}),
  }),
  component: lazyRouteComponent(() => import("./routes/experiment"), "Experiment"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, experimentsRoute, experimentRoute]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
