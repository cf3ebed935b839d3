import "uplot/dist/uPlot.min.css";

import { useEffect, useMemo, useRef, useState } from "react";
import UPlot from "uplot";

import type { Table } from "@/api/client";
import { Choice, Popover } from "@/components/ui/popover";
import { Button } from "@/components/ui/button";
import { useDark } from "@/lib/theme";

const MOST_DRAWN = 6;
const COLOURS = ["--accent", "--busy", "--good", "--warn", "--bad", "--wait"];

/** Return the column the others are drawn over: one that counts, else none, for the number of the row. */
export function axisOf(table: Table): number {
  return table.columns.findIndex(
    (column, index) =>
      column.numeric &&
      /step|epoch|iter|index|time|batch|^x$|^t$/i.test(column.name) &&
      table.rows.every((row, at) => at === 0 || Number(row[index]) >= Number(table.rows[at - 1]?.[index])),
  );
}

/** Columns of numbers as lines. */
export function Chart({ table }: { table: Table }) {
  const axis = useMemo(() => axisOf(table), [table]);
  const choices = table.columns.flatMap((column, index) => (column.numeric && index !== axis ? [index] : []));
  const [chosen, setChosen] = useState(() => choices.slice(0, MOST_DRAWN));
  const dark = useDark();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element || chosen.length === 0) return;
    const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const lines = { stroke: colour("--ink-faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: Math.max(220, element.clientHeight - 40),
        scales: { x: { time: false } },
        axes: [
          { ...lines, font },
          { ...lines, font, size: 64 },
        ],
        series: [
          { label: axis < 0 ? "row" : (table.columns[axis]?.name ?? "") },
          ...chosen.map((index, at) => ({
            label: table.columns[index]?.name ?? "",
            stroke: colour(COLOURS[at % COLOURS.length]!),
            width: 1.5,
            points: { show: table.rows.length < 40 },
          })),
        ],
      },
      [
        table.rows.map((row, at) => (axis < 0 ? table.offset + at : Number(row[axis]))),
        ...chosen.map((index) => table.rows.map((row) => (typeof row[index] === "number" ? row[index] : null))),
      ],
      element,
    );
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: Math.max(220, element.clientHeight - 40) }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [table, axis, chosen, dark]);
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-2 p-3 sm:p-4">
      <div>
        <Popover label="Lines" trigger={<Button small>Lines</Button>}>
          <div role="group" aria-label="Lines">
            {choices.map((index) => (
              <Choice
                key={index}
                chosen={chosen.includes(index)}
                onChoose={() =>
                  setChosen(chosen.includes(index) ? chosen.filter((one) => one !== index) : [...chosen, index])
                }
              >
                {table.columns[index]?.name}
              </Choice>
            ))}
          </div>
        </Popover>
      </div>
      <div
        ref={place}
        role="img"
        aria-label={`Lines of ${chosen.map((index) => table.columns[index]?.name).join(", ")}`}
        className="min-h-64 flex-1 [&_.u-legend]:text-xs"
      />
    </div>
  );
}
