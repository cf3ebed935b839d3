/** Lines of a log: each with its level, where it has one. */

export type Level = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

export interface Line {
  number: number;
  text: string;
  level: Level | null;
  /** How many characters say when, how grave and where it was logged; 0 for lines that go on. */
  head: number;
}

const HEAD = /^\d{4}-\d\d-\d\dT\S+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+ \S+:\d+ /;

/** Collects a log as it comes in parts; a line that is not ended yet is kept for the next part. */
export class Log {
  readonly lines: Line[] = [];
  private rest = "";
  private level: Level | null = null;

  /** Return a log with one more part; the lines are shared with this one. */
  add(text: string): void {
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop() ?? "";
    for (const part of parts) this.push(part);
  }

  /** Take what is left as a line: nothing more comes. */
  end(): void {
    if (this.rest !== "") this.push(this.rest);
    this.rest = "";
  }

  private push(text: string): void {
    // The lines of a traceback belong to the record they stand below.
    const head = HEAD.exec(text);
    if (head) this.level = head[1] as Level;
    this.lines.push({ number: this.lines.length + 1, text, level: this.level, head: head?.[0].length ?? 0 });
  }
}

/** Return the lines in which a text occurs, whatever its case. */
export function search(lines: Line[], text: string): Line[] {
  if (text === "") return lines;
  const low = text.toLowerCase();
  return lines.filter((line) => line.text.toLowerCase().includes(low));
}
