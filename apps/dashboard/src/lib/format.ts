/** Figures as people read them. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Return a number of bytes in powers of 1000: `1.5 GB`. */
export function bytes(count: number): string {
  let size = count;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}

/** Return a number of seconds in its two largest units: `1h 5m`. */
export function duration(sec: number): string {
  if (sec < 0) return "0 s";
  if (sec < 0.0005) return "<1 ms";
  if (sec < 0.9995) return `${Math.round(sec * 1000)} ms`;
  if (sec < 9.95) return `${sec.toFixed(1)} s`;
  if (sec < 59.5) return `${Math.round(sec)} s`;
  const whole = Math.round(sec);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}

/** Return how long ago a time was, shortly: `5m ago`. */
export function ago(iso: string, now: number): string {
  const sec = (now - Date.parse(iso)) / 1000;
  if (!Number.isFinite(sec)) return iso;
  if (sec < -5) return "in the future";
  if (sec < 5) return "just now";
  if (sec < 60) return `${Math.floor(sec)}s ago`;
  if (sec < 3600) return `${Math.floor(sec / 60)}m ago`;
  if (sec < 86_400) return `${Math.floor(sec / 3600)}h ago`;
  if (sec < 30 * 86_400) return `${Math.floor(sec / 86_400)}d ago`;
  return iso.slice(0, 10);
}

/** Return a time in the reader's own zone, to the second. */
export function time(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, "0");
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** Return a count with thin spaces between thousands. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** Return a value of a config on one line. */
export function plain(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** Return a noun with its number: `1 file`, `2 files`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
