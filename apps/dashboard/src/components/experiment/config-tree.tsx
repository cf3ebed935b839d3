import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";

import type { Detail } from "@/api/client";
import { type Node, treeOf } from "@/lib/config";

type Dependencies = Map<string, { namespace: string; furu_hash: string }>;

/** The config as a tree. What is an experiment of its own is a link to it. */
export function ConfigTree({ detail }: { detail: Detail }) {
  const tree = useMemo(() => treeOf(detail.provenance?.config), [detail.provenance?.config]);
  const links: Dependencies = useMemo(
    () => new Map(detail.dependencies.map((one) => [one.path, one])),
    [detail.dependencies],
  );
  if (!detail.provenance) return <p className="text-soft">The config was not recorded.</p>;
  if (tree.children.length === 0) return <p className="text-soft">This class has no fields.</p>;
  return (
    <ul className="font-mono text-xs leading-6" aria-label="Config">
      {tree.children.map((child) => (
        <Branch key={child.path} node={child} links={links} depth={0} />
      ))}
    </ul>
  );
}

function summary(node: Node): string {
  if (node.kind === "list") return `${node.special ?? "list"} of ${node.children.length}`;
  return `${node.children.length} ${node.children.length === 1 ? "entry" : "entries"}`;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function Branch({ node, links, depth }: { node: Node; links: Dependencies; depth: number }) {
  // What has its own page is folded away here.
  const link = links.get(node.path);
  const [open, setOpen] = useState(depth < 2 && node.children.length <= 40);
  const inner = node.children.length > 0;
  return (
    <li>
      <div className="group flex min-w-0 items-start gap-1 rounded px-1 hover:bg-hover">
        {inner ? (
          <button
            type="button"
            aria-expanded={open}
            aria-label={`${open ? "Fold" : "Unfold"} ${node.name}`}
            onClick={() => setOpen(!open)}
            className="flex h-6 w-4 shrink-0 items-center justify-center text-faint hover:text-ink"
          >
            <ChevronRight className={`size-3.5 transition-transform ${open ? "rotate-90" : ""}`} />
          </button>
        ) : (
          <span className="w-4 shrink-0" />
        )}
        <span className="shrink-0 text-soft" title={node.path}>
          {node.name}
        </span>
        <span className="min-w-0 flex-1 pl-2 break-words">
          {node.kind === "record" && !link && <span title={node.className}>{shortName(node.className ?? "")}</span>}
          {link && (
            <Link
              to="/experiments/$namespace/$hash"
              params={{ namespace: link.namespace, hash: link.furu_hash }}
              className="text-accent-ink underline decoration-accent/40 underline-offset-2 hover:decoration-accent"
            >
              {shortName(node.className ?? link.namespace)}{" "}
              <span className="opacity-80">{link.furu_hash.slice(0, 8)}</span>
            </Link>
          )}
          {(node.kind === "list" || node.kind === "dict") && <span className="text-faint">{summary(node)}</span>}
          {node.kind === "leaf" && (
            <>
              <span className="text-ink">{node.text}</span>
              {node.special && <span className="pl-2 text-faint">{node.special}</span>}
            </>
          )}
        </span>
      </div>
      {inner && open && (
        <ul className="ml-[0.7rem] border-l border-line pl-2">
          {node.children.map((child) => (
            <Branch key={child.path} node={child} links={links} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}
