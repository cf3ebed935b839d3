import { useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";

import type { Summary } from "@/api/client";
import { detailOf } from "@/api/queries";
import { IconButton } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { count } from "@/lib/format";
import { importsOf } from "@/lib/python";

/** What can be done with the selected experiments. */
export function Selected({ items, onClear }: { items: Summary[]; onClear: () => void }) {
  const queries = useQueryClient();
  const details = () =>
    Promise.all(
      items.map((item) => queries.fetchQuery(detailOf({ namespace: item.namespace, hash: item.furu_hash }))),
    );
  const python = async () => {
    const found = await details();
    const imports = importsOf(found.map((one) => one.provenance?.config));
    const lines = found.map((one) => `    ${one.provenance?.python ?? `# ${one.namespace}/${one.furu_hash}`},`);
    return [imports, "", "experiments = [", ...lines, "]", ""].join("\n");
  };
  if (items.length === 0) return null;
  return (
    <div
      role="region"
      aria-label="Selected experiments"
      className="flex shrink-0 flex-wrap items-center gap-2 border-t border-line bg-raised px-3 py-2 sm:px-4"
    >
      <span className="tabular mr-1 font-medium">{count(items.length)} selected</span>
      <CopyButton text={items.map((item) => item.furu_hash).join("\n")}>Hashes</CopyButton>
      <CopyButton text={async () => (await details()).map((one) => one.directory).join("\n")}>Directories</CopyButton>
      <CopyButton text={python}>Python</CopyButton>
      <span className="flex-1" />
      <IconButton label="Clear the selection" onClick={onClear}>
        <X className="size-4" />
      </IconButton>
    </div>
  );
}
