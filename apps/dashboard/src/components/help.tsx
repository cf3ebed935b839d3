import { Dialog } from "./ui/dialog";

const KEYS: [string, [string, string][]][] = [
  [
    "Everywhere",
    [
      ["Ctrl K", "find an experiment or a page"],
      ["?", "show these keys"],
      ["o", "go to the overview"],
      ["g", "go to the experiments"],
    ],
  ],
  [
    "List",
    [
      ["/", "write a filter"],
      ["j  k", "next, previous"],
      ["Enter", "open"],
      ["x", "select"],
      ["y", "copy the hash"],
      ["Esc", "clear the selection"],
    ],
  ],
  [
    "Experiment",
    [
      ["1 … 5", "choose a tab"],
      ["u", "back to the list"],
      ["y", "copy the hash"],
    ],
  ],
];

/** Which keys there are. */
export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} label="Keys" className="w-[26rem]">
      <div className="max-h-[70vh] overflow-auto p-4">
        <h2 className="text-sm font-semibold">Keys</h2>
        {KEYS.map(([place, keys]) => (
          <section key={place} className="mt-3">
            <h3 className="text-xs text-faint">{place}</h3>
            <dl className="mt-1 grid grid-cols-[6rem_1fr] gap-y-1">
              {keys.map(([key, act]) => (
                <div key={key} className="contents">
                  <dt>
                    <kbd className="rounded border border-line bg-sunken px-1.5 py-0.5">{key}</kbd>
                  </dt>
                  <dd className="text-soft">{act}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
