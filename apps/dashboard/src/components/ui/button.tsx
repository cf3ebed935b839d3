import type { ComponentProps } from "react";

const KINDS = {
  plain: "border border-line bg-raised text-ink hover:bg-hover",
  quiet: "text-soft hover:bg-hover hover:text-ink",
  strong: "bg-accent text-on-accent hover:opacity-90",
};

type Kind = keyof typeof KINDS;

/** Return the look of a button, for links that look like one. */
export function buttonLook(kind: Kind = "plain", small = false): string {
  const size = small ? "h-6 px-1.5 text-xs" : "h-8 px-2.5";
  return (
    `inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap ` +
    `transition-colors disabled:opacity-50 ${size} ${KINDS[kind]}`
  );
}

export function Button({
  kind = "plain",
  small = false,
  className = "",
  ...rest
}: ComponentProps<"button"> & { kind?: Kind; small?: boolean }) {
  return <button type="button" className={`${buttonLook(kind, small)} ${className}`} {...rest} />;
}

export function IconButton({
  label,
  className = "",
  ...rest
}: Omit<ComponentProps<"button">, "aria-label"> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`inline-flex size-7 shrink-0 items-center justify-center rounded-md text-soft transition-colors hover:bg-hover hover:text-ink disabled:opacity-40 ${className}`}
      {...rest}
    />
  );
}
