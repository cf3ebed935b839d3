import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { CircleHelp, Moon, Search, Sun } from "lucide-react";
import { useState } from "react";

import { useKeys } from "@/lib/keys";
import { useLive } from "@/lib/live";
import { LiveContext } from "@/lib/live-context";
import { toggleTheme, useDark } from "@/lib/theme";

import { Help } from "./help";
import { IndexState } from "./index-state";
import { Palette } from "./palette";
import { IconButton } from "./ui/button";

const PAGES = [
  { to: "/", label: "Overview", exact: true },
  { to: "/experiments", label: "Experiments", exact: false },
] as const;

/** What is around every page: where one is, where one can go, and how fresh what is shown is. */
export function Shell() {
  const live = useLive();
  const dark = useDark();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"palette" | "help" | null>(null);
  useKeys({
    "mod+k": () => setOpen("palette"),
    "?": () => setOpen("help"),
    o: () => void navigate({ to: "/" }),
    g: () => void navigate({ to: "/experiments" }),
  });
  return (
    <LiveContext.Provider value={live}>
      <div className="flex h-full flex-col">
        <a
          href="#content"
          className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2"
        >
          Skip to the content
        </a>
        <header className="flex h-11 shrink-0 items-center gap-1 border-b border-line bg-raised px-3 sm:px-4">
          <Link to="/" className="mr-2 flex items-center gap-2 text-sm font-semibold tracking-tight">
            <img src="/icon.svg" alt="" className="size-5" />
            furu
          </Link>
          <nav aria-label="Pages" className="flex h-full items-stretch">
            {PAGES.map((page) => (
              <Link
                key={page.to}
                to={page.to}
                activeOptions={{ exact: page.exact, includeSearch: false }}
                className="flex items-center border-b-2 border-transparent px-2 font-medium text-soft hover:text-ink"
                activeProps={{ className: "!border-accent !text-ink" }}
              >
                {page.label}
              </Link>
            ))}
          </nav>
          <span className="flex-1" />
          <IndexState live={live} />
          <button
            type="button"
            onClick={() => setOpen("palette")}
            className="hidden h-7 items-center gap-2 rounded-md border border-line bg-ground px-2 text-xs text-faint hover:bg-hover sm:flex"
          >
            <Search className="size-3.5" />
            Find…
            <kbd className="rounded border border-line px-1 text-2xs">Ctrl K</kbd>
          </button>
          <IconButton label="Find" className="sm:hidden" onClick={() => setOpen("palette")}>
            <Search className="size-4" />
          </IconButton>
          <IconButton label="Keys" className="max-sm:hidden" onClick={() => setOpen("help")}>
            <CircleHelp className="size-4" />
          </IconButton>
          <IconButton label={dark ? "Light colours" : "Dark colours"} onClick={toggleTheme}>
            {dark ? <Sun className="size-4" /> : <Moon className="size-4" />}
          </IconButton>
        </header>
        <main id="content" className="flex min-h-0 flex-1 flex-col">
          <Outlet />
        </main>
      </div>
      <Palette open={open === "palette"} onClose={() => setOpen(null)} onHelp={() => setOpen("help")} />
      <Help open={open === "help"} onClose={() => setOpen(null)} />
    </LiveContext.Provider>
  );
}
