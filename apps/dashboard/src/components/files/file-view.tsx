import { useQuery } from "@tanstack/react-query";
import { FileQuestion } from "lucide-react";
import { lazy, Suspense, useState } from "react";

import { type Preview, rawAddress, type Table } from "@/api/client";
import { type Named, previewOf } from "@/api/queries";
import { Button } from "@/components/ui/button";
import { Bone, Empty, Failure } from "@/components/ui/notice";
import { count, plain } from "@/lib/format";

import { JsonTree } from "./json-tree";

const Chart = lazy(() => import("./chart").then((module) => ({ default: module.Chart })));

const ROWS = 500;

/** What is in one file, as far as it can be shown. */
export function FileView({ named, path }: { named: Named; path: string }) {
  const [offset, setOffset] = useState(0);
  const { data, error, refetch, isPlaceholderData } = useQuery(previewOf(named, path, offset, ROWS));
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data)
    return (
      <div className="p-4">
        <Bone className="h-24 w-full" />
      </div>
    );
  return (
    <div className={`flex min-h-0 flex-1 flex-col ${isPlaceholderData ? "opacity-60" : ""}`}>
      <Shown preview={data} named={named} path={path} onOffset={setOffset} />
    </div>
  );
}

function Shown({
  preview,
  named,
  path,
  onOffset,
}: {
  preview: Preview;
  named: Named;
  path: string;
  onOffset: (offset: number) => void;
}) {
  switch (preview.kind) {
    case "text":
      return (
        <div className="flex min-h-0 flex-1 flex-col">
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys */}
          <pre tabIndex={0} aria-label={path} className="min-h-0 flex-1 overflow-auto bg-sunken px-3 py-2 leading-5 -outline-offset-2 sm:px-4">
            {preview.text}
          </pre>
          {preview.truncated && <p className="border-t border-line px-4 py-1.5 text-xs text-faint">Its beginning is shown.</p>}
        </div>
      );
    case "json":
      return <JsonTree value={preview.value} />;
    case "table":
      return <TableView table={preview} onOffset={onOffset} />;
    case "image":
      return (
        <div className="flex min-h-0 flex-1 items-center justify-center overflow-auto bg-sunken p-6">
          <img
            src={rawAddress(named.namespace, named.hash, path, true)}
            alt={path}
            className="max-h-full max-w-full rounded bg-white object-contain shadow-float"
          />
        </div>
      );
    case "none":
      return (
        <Empty icon={FileQuestion} title="Not shown here">
          {preview.reason}
        </Empty>
      );
  }
}

function TableView({ table, onOffset }: { table: Table; onOffset: (offset: number) => void }) {
  const [drawn, setDrawn] = useState(false);
  const numeric = table.columns.filter((column) => column.numeric).length;
  const end = table.offset + table.rows.length;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-3 py-1.5 sm:px-4">
        <span className="tabular text-xs text-soft">
          Rows {count(table.rows.length === 0 ? 0 : table.offset + 1)} to {count(end)}
          {table.total_rows !== null && ` of ${count(table.total_rows)}`}
        </span>
        <Button small disabled={table.offset === 0} onClick={() => onOffset(Math.max(0, table.offset - ROWS))}>
          Before
        </Button>
        <Button small disabled={!table.more} onClick={() => onOffset(end)}>
          After
        </Button>
        <span className="flex-1" />
        {numeric > 0 && table.rows.length > 1 && (
          <Button small aria-pressed={drawn} onClick={() => setDrawn(!drawn)}>
            {drawn ? "Show as a table" : "Draw"}
          </Button>
        )}
      </div>
      {drawn ? (
        <Suspense fallback={<Bone className="m-4 h-64" />}>
          <Chart table={table} />
        </Suspense>
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys
        <div className="min-h-0 flex-1 overflow-auto -outline-offset-2" tabIndex={0} role="region" aria-label="Rows">
          <table className="tabular min-w-full border-separate border-spacing-0 font-mono text-xs">
            <thead>
              <tr>
                {table.columns.map((column, index) => (
                  <th
                    key={index}
                    scope="col"
                    title={column.type}
                    className={`sticky top-0 border-b border-line bg-ground px-3 py-1.5 font-medium whitespace-nowrap text-soft ${column.numeric ? "text-right" : "text-left"}`}
                  >
                    {column.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row, index) => (
                <tr key={table.offset + index} className="hover:bg-hover">
                  {row.map((cell, place) => (
                    <td
                      key={place}
                      className={`max-w-80 truncate border-b border-line/60 px-3 py-1 whitespace-nowrap ${table.columns[place]?.numeric ? "text-right" : ""}`}
                      title={plain(cell)}
                    >
                      {cell === null ? <span className="text-faint">–</span> : plain(cell)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
