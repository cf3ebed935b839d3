import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

import { ApiError } from "@/api/client";

import { Button } from "./button";

/** What is shown where there is nothing: why, and what to do. */
export function Empty({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center justify-center gap-2 px-6 py-16 text-center">
      <Icon className="size-7 text-faint" strokeWidth={1.5} aria-hidden="true" />
      <p className="text-sm font-medium">{title}</p>
      {children && <div className="max-w-md text-soft">{children}</div>}
    </div>
  );
}

/** What is shown where something failed, with another try. */
export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <div role="alert" className="flex flex-col items-center justify-center gap-2 px-6 py-16 text-center">
      <CircleAlert className="size-7 text-bad" strokeWidth={1.5} aria-hidden="true" />
      <p className="text-sm font-medium">{missing ? "Not in this store" : "This could not be shown"}</p>
      <p className="max-w-lg break-words text-soft">{error.message}</p>
      {retry && !missing && (
        <Button onClick={retry} className="mt-2">
          Try again
        </Button>
      )}
    </div>
  );
}

/** A grey place where something will be. */
export function Bone({ className = "" }: { className?: string }) {
  return <span aria-hidden="true" className={`block animate-pulse rounded bg-hover ${className}`} />;
}
