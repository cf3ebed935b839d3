import { useQuery } from "@tanstack/react-query";

import type { Detail } from "@/api/client";
import { type Named, previewOf } from "@/api/queries";
import { CopyIcon } from "@/components/ui/copy";
import { Bone } from "@/components/ui/notice";
import { bytes, time } from "@/lib/format";
import { importsOf } from "@/lib/python";

import { Fact, Part } from "./summary";

/** Return the program that rebuilds a config. */
export function snippet(detail: Detail): string {
  const imports = importsOf([detail.provenance?.config]);
  return `${imports}\n\n${detail.provenance?.python ?? ""}\n`;
}

/** Where a result comes from: the config as code, the commit, the machine. */
export function ProvenanceTab({ named, detail }: { named: Named; detail: Detail }) {
  const from = detail.provenance;
  if (!from) return <p className="p-4 text-soft">Nothing was recorded about where it comes from.</p>;
  const git = from.git;
  return (
    <div className="flex flex-col gap-6 p-3 sm:p-4">
      <Part title="Python" actions={<CopyIcon text={snippet(detail)} what="the Python" />}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys */}
        <pre tabIndex={0} aria-label="Python" className="max-h-72 overflow-auto rounded-lg bg-sunken px-3 py-2 leading-5 whitespace-pre-wrap">
          {from.python}
        </pre>
      </Part>
      <div className="grid gap-x-10 gap-y-6 lg:grid-cols-2">
        <Part title="Computed">
          <Fact label="At" value={time(from.timestamp)} />
          <Fact label="By" value={`${from.user} on ${from.hostname}, pid ${from.pid}`} />
          <Fact label="Command" value={from.command} copy="the command" />
          <Fact label="Python" value={`${from.python_version} · ${from.executable}`} />
          <Fact label="Platform" value={from.platform} />
          {from.result_format && <Fact label="Result as" value={from.result_format} />}
        </Part>
        <Part title="Git">
          {git.commit ? (
            <>
              <Fact label="Commit" value={git.commit} copy="the commit" />
              {git.branch && <Fact label="Branch" value={git.branch} />}
              {git.remote && <Fact label="Remote" value={git.remote} copy="the remote" />}
              {Object.entries(git.submodules ?? {}).map(([name, commit]) => (
                <Fact key={name} label={name} value={commit} />
              ))}
              <Fact
                label="Uncommitted"
                value={git.patch_bytes ? `${bytes(git.patch_bytes)}${git.patch_truncated ? ", cut" : ""}` : "nothing"}
              />
            </>
          ) : (
            <p className="text-soft">It was not recorded, or there was no repository.</p>
          )}
        </Part>
      </div>
      {git.patch_bytes > 0 && <Patch named={named} />}
    </div>
  );
}

function toneOf(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("diff ")) return "font-semibold";
  if (line.startsWith("@@")) return "text-busy";
  if (line.startsWith("+")) return "bg-good-ground text-good";
  if (line.startsWith("-")) return "bg-bad-ground text-bad";
  return "text-soft";
}

const MOST_LINES = 2000;

function Patch({ named }: { named: Named }) {
  const { data } = useQuery(previewOf(named, ".furu/git.patch"));
  if (!data) return <Bone className="h-32 w-full" />;
  if (data.kind !== "text") return null;
  const lines = data.text.split("\n");
  return (
    <Part title="Uncommitted changes" actions={<CopyIcon text={data.text} what="the patch" />}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keys */}
      <pre tabIndex={0} aria-label="Patch" className="max-h-[36rem] overflow-auto rounded-lg border border-line bg-sunken py-2 leading-5">
        {lines.slice(0, MOST_LINES).map((line, index) => (
          <div key={index} className={`min-w-max px-3 ${toneOf(line)}`}>
            {line || " "}
          </div>
        ))}
      </pre>
      {(data.truncated || lines.length > MOST_LINES) && (
        <p className="mt-1 text-xs text-faint">
          Its beginning is shown; the whole of it is <code>.furu/git.patch</code> among the files.
        </p>
      )}
    </Part>
  );
}
