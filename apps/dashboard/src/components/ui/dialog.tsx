import { type ReactNode, useEffect, useRef } from "react";

/** A dialog of the browser's own: it keeps the focus inside, and Escape closes it. */
export function Dialog({
  open,
  onClose,
  label,
  children,
  className = "w-[36rem]",
}: {
  open: boolean;
  onClose: () => void;
  label: string;
  children: ReactNode;
  className?: string;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- Escape does the same
    <dialog
      ref={element}
      aria-label={label}
      onClose={onClose}
      onClick={(event) => event.target === element.current && onClose()}
      className={`mx-auto mt-[12vh] max-h-[70vh] max-w-[calc(100vw-1.5rem)] overflow-hidden rounded-xl border border-line bg-raised p-0 text-ink shadow-float ${className}`}
    >
      {open && children}
    </dialog>
  );
}
