import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, GitBranch } from "lucide-react";

import type { Detail } from "@/api/client";
import { detailOf, type Named } from "@/api/queries";
import { LogTab } from "@/components/experiment/log-tab";
import { ProvenanceTab, snippet } from "@/components/experiment/provenance-tab";
import { RelationsTab } from "@/components/experiment/relations-tab";
import { SummaryTab } from "@/components/experiment/summary";
import { FilesTab } from "@/components/files/files-tab";
import { buttonLook } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { Bone, Failure } from "@/components/ui/notice";
import { StatusBadge } from "@/components/ui/status";
import { TabPanel, Tabs } from "@/components/ui/tabs";
import { copy } from "@/lib/clipboard";
import { useKeys } from "@/lib/keys";
import { lookOf } from "@/lib/status";
import type { TabName } from "@/router";

const TABS: { id: TabName; label: string }[] = [
  { id: "summary", label: "Summary" },
  { id: "log", label: "Log" },
  { id: "files", label: "Files" },
  { id: "relations", label: "Relations" },
  { id: "provenance", label: "Provenance" },
];

/** One experiment in full. */
export function Experiment() {
  const { namespace, hash } = useParams({ from: "/experiments/$namespace/$hash" });
  const search = useSearch({ from: "/experiments/$namespace/$hash" });
  const navigate = useNavigate({ from: "/experiments/$namespace/$hash" });
  const named: Named = { namespace, hash };
  const { data, error, refetch } = useQuery(detailOf(named));
  const choose = (tab: TabName) => void navigate({ search: tab === "summary" ? {} : { tab }, replace: true });
  useKeys({
    ...Object.fromEntries(TABS.map((tab, index) => [String(index + 1), () => choose(tab.id)])),
    u: () => void navigate({ to: "/experiments" }),
    y: () => void copy(hash),
  });
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const running = data.attempt_status === "running" || data.attempt_status === "queued";
  return (
    <>
      <Title detail={data} />
      <Tabs tabs={TABS} chosen={search.tab ?? "summary"} onChoose={(tab) => choose(tab as TabName)}>
        <TabPanel value="summary" className="min-h-0 flex-1 overflow-auto" key={`s${hash}`}>
          <SummaryTab detail={data} />
        </TabPanel>
        <TabPanel value="log" className="flex min-h-0 flex-1 flex-col" key={`l${hash}`}>
          {/* A new attempt writes the log anew. */}
          <LogTab key={data.attempts[0]?.id} named={named} running={running} />
        </TabPanel>
        <TabPanel value="files" className="flex min-h-0 flex-1 flex-col" key={`f${hash}`}>
          <FilesTab
            named={named}
            chosen={search.file}
            onChoose={(file) => void navigate({ search: { tab: "files", file } })}
          />
        </TabPanel>
        <TabPanel value="relations" className="min-h-0 flex-1 overflow-auto" key={`r${hash}`}>
          <RelationsTab named={named} />
        </TabPanel>
        <TabPanel value="provenance" className="min-h-0 flex-1 overflow-auto" key={`p${hash}`}>
          <ProvenanceTab named={named} detail={data} />
        </TabPanel>
      </Tabs>
    </>
  );
}

function Title({ detail }: { detail: Detail }) {
  return (
    <div className="flex shrink-0 flex-col gap-1 px-3 pt-3 pb-1 sm:px-4">
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1.5">
        <Link to="/experiments" aria-label="Back to the experiments" className={buttonLook("quiet", true)}>
          <ArrowLeft className="size-3.5" />
        </Link>
        <h1 className="min-w-0 truncate text-lg font-semibold tracking-tight" title={detail.class_name}>
          {detail.class_name}
        </h1>
        <StatusBadge look={lookOf(detail.result_status, detail.attempt_status)} />
        <span className="font-mono text-xs text-faint">{detail.furu_hash.slice(0, 8)}</span>
        {detail.root === "artifacts" && (
          <span className="inline-flex items-center gap-1 text-xs text-soft">
            <GitBranch className="size-3.5" aria-hidden="true" />
            version controlled
          </span>
        )}
        <span className="flex-1" />
        <span className="flex gap-1.5">
          <CopyButton text={detail.furu_hash}>Hash</CopyButton>
          <CopyButton text={detail.directory}>Directory</CopyButton>
          {detail.provenance && <CopyButton text={snippet(detail)}>Python</CopyButton>}
        </span>
      </div>
      <p className="truncate pl-8 text-xs text-faint max-sm:pl-0" title={detail.namespace}>
        {detail.name && <span className="text-soft">{detail.name} · </span>}
        {detail.namespace}
      </p>
    </div>
  );
}

function Loading() {
  return (
    <div className="flex flex-col gap-4 p-4" aria-label="Loading" role="status">
      <Bone className="h-6 w-72 max-w-full" />
      <Bone className="h-4 w-96 max-w-full" />
      <Bone className="mt-6 h-4 w-64" />
      <Bone className="h-4 w-80 max-w-full" />
      <Bone className="h-4 w-56" />
    </div>
  );
}
