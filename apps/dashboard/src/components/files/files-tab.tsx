import { useQuery } from "@tanstack/react-query";
import { Download, File, FileImage, FileJson, Folder, FolderOpen, Link2, Table2 } from "lucide-react";
import { useMemo } from "react";

import { type FileEntry, rawAddress } from "@/api/client";
import { filesOf, type Named } from "@/api/queries";
import { buttonLook } from "@/components/ui/button";
import { Bone, Empty, Failure } from "@/components/ui/notice";
import { bytes, counted } from "@/lib/format";

import { FileView } from "./file-view";

const RECORDS = ".furu";

function isRecord(entry: FileEntry): boolean {
  return entry.path === RECORDS || entry.path.startsWith(`${RECORDS}/`);
}

/** Return the file that is shown when none was chosen: the most telling one. */
export function firstOf(entries: FileEntry[]): string | undefined {
  const files = entries.filter((one) => one.kind === "file" && one.size > 0);
  const own = files.filter((one) => !isRecord(one));
  const telling = [/\.md$/, /metrics|scores|result/i, /\.(json|csv|jsonl|parquet)$/, /\.(png|jpe?g|svg|webp)$/, /\.(txt|log)$/];
  for (const pattern of telling) {
    const found = own.find((one) => pattern.test(one.path));
    if (found) return found.path;
  }
  return (own[0] ?? files.find((one) => one.path.startsWith(`${RECORDS}/result.`)))?.path;
}

/** The files of an experiment, and what is in the chosen one. */
export function FilesTab({
  named,
  chosen,
  onChoose,
}: {
  named: Named;
  chosen: string | undefined;
  onChoose: (path: string) => void;
}) {
  const { data, error, refetch } = useQuery(filesOf(named));
  const first = useMemo(() => (data ? firstOf(data.entries) : undefined), [data]);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data)
    return (
      <div className="flex flex-col gap-3 p-4">
        <Bone className="h-4 w-48" />
        <Bone className="h-4 w-40" />
      </div>
    );
  const shown = chosen ?? first;
  const entry = data.entries.find((one) => one.path === shown);
  const files = data.entries.filter((one) => one.kind === "file").length;
  return (
    <div className="flex min-h-0 flex-1 max-sm:flex-col max-sm:overflow-auto">
      <div className="flex shrink-0 flex-col border-line max-sm:max-h-56 max-sm:border-b sm:w-64 sm:border-r lg:w-72">
        <p className="px-3 pt-2 pb-1 text-xs text-faint sm:px-4">
          {counted(files, "file")}, {bytes(data.total_bytes)}
          {data.truncated && ", and more"}
        </p>
        <ul className="min-h-0 flex-1 overflow-auto px-1 pb-2 sm:px-2" aria-label="Files">
          {[...data.entries.filter((one) => !isRecord(one)), ...data.entries.filter(isRecord)].map((one) => (
            <Entry key={one.path} entry={one} chosen={one.path === shown} onChoose={onChoose} />
          ))}
        </ul>
      </div>
      <div className="flex min-h-0 min-w-0 flex-1 flex-col max-sm:min-h-96">
        {shown === undefined ? (
          <Empty icon={FolderOpen} title="No files were written">
            Only furu's own records are here, below <code>.furu</code>.
          </Empty>
        ) : (
          <>
            <div className="flex min-w-0 shrink-0 items-center gap-2 border-b border-line px-3 py-1.5 sm:px-4">
              <span className="min-w-0 truncate font-mono text-xs" title={shown}>
                {shown}
              </span>
              {entry && <span className="tabular shrink-0 text-xs text-faint">{bytes(entry.size)}</span>}
              <span className="flex-1" />
              <a
                href={rawAddress(named.namespace, named.hash, shown)}
                download
                className={buttonLook("plain", true)}
                aria-label={`Download ${shown}`}
              >
                <Download className="size-3.5" />
                <span className="max-sm:hidden">Download</span>
              </a>
            </div>
            <FileView key={shown} named={named} path={shown} />
          </>
        )}
      </div>
    </div>
  );
}

function iconOf(entry: FileEntry) {
  if (entry.kind === "directory") return Folder;
  if (entry.kind === "link") return Link2;
  if (/\.(png|jpe?g|gif|webp|svg|bmp)$/i.test(entry.path)) return FileImage;
  if (/\.json$/i.test(entry.path)) return FileJson;
  if (/\.(csv|tsv|jsonl|ndjson|parquet)$/i.test(entry.path)) return Table2;
  return File;
}

function Entry({
  entry,
  chosen,
  onChoose,
}: {
  entry: FileEntry;
  chosen: boolean;
  onChoose: (path: string) => void;
}) {
  const Icon = iconOf(entry);
  const steps = entry.path.split("/");
  const depth = steps.length - 1;
  const name = steps[depth]!;
  const inner = (
    <>
      <span className="shrink-0" style={{ width: `${depth * 14}px` }} />
      <Icon className="size-3.5 shrink-0 text-faint" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate">{name}</span>
      {entry.kind === "file" && <span className="tabular shrink-0 text-2xs text-faint">{bytes(entry.size)}</span>}
    </>
  );
  const look = "flex w-full min-w-0 items-center gap-1.5 rounded px-2 py-0.5 text-left font-mono text-xs";
  return (
    <li>
      {entry.kind === "directory" || entry.kind === "other" ? (
        <span className={`${look} text-soft`} title={entry.path}>
          {inner}
        </span>
      ) : (
        <button
          type="button"
          title={entry.path}
          aria-current={chosen ? "true" : undefined}
          onClick={() => onChoose(entry.path)}
          className={`${look} ${chosen ? "bg-accent-ground text-accent-ink" : "hover:bg-hover"}`}
        >
          {inner}
        </button>
      )}
    </li>
  );
}
