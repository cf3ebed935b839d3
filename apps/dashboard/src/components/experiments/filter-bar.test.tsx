import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { FilterFields } from "@/api/client";
import { fields } from "@/api/queries";

import { FilterBar } from "./filter-bar";

const known: FilterFields = {
  fields: [{ name: "result", kind: "text", doc: "state of the result" }],
  config_paths: ["lr"],
  config_truncated: false,
};
const facets = { result: [{ value: "failed", count: 2 }] };
let onQuery: ReturnType<typeof vi.fn<(query: string) => void>>;

beforeEach(() => {
  onQuery = vi.fn<(query: string) => void>();
});

function show(query = "", problem: Parameters<typeof FilterBar>[0]["problem"] = []) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  queries.setQueryData(fields.queryKey, known);
  return render(
    <QueryClientProvider client={queries}>
      <FilterBar query={query} onQuery={onQuery} problem={problem} facets={facets} />
    </QueryClientProvider>,
  );
}

test("a filter is written with the keys alone", async () => {
  show();
  await userEvent.keyboard("/");
  const input = screen.getByRole("combobox", { name: "Filter" });
  expect(document.activeElement).toBe(input);
  await userEvent.keyboard("res{ArrowDown}{Enter}");
  expect(input).toHaveProperty("value", "result=");
  await userEvent.keyboard("f{ArrowDown}{Tab}");
  expect(input).toHaveProperty("value", "result=failed ");
  await userEvent.keyboard("{Enter}");
  expect(onQuery).toHaveBeenLastCalledWith("result=failed ");
});

test("a filter takes effect once it has stood for a moment", async () => {
  show();
  await userEvent.type(screen.getByRole("combobox", { name: "Filter" }), "lr");
  expect(onQuery).not.toHaveBeenCalled();
  await waitFor(() => expect(onQuery).toHaveBeenCalledExactlyOnceWith("lr"));
});

test("what is wrong is told where it is wrong", () => {
  show("reslt=1", [{ parameter: "q", message: "there is no field 'reslt' (position 1)", position: 0, suggestions: ["did you mean result?"] }]);
  const alert = screen.getByRole("alert");
  expect(alert.textContent).toContain("there is no field 'reslt'");
  expect(alert.textContent).toContain("did you mean result?");
  expect(screen.getByRole("combobox").getAttribute("aria-invalid")).toBe("true");
});
