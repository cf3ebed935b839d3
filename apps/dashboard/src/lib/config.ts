/** Configs as they are stored: records, tagged values, objects that several fields share. */

export interface Node {
  /** What the config calls it: a field, an index, a key. */
  name: string;
  /** Its dotted path from the config's root, as filters and columns spell it. */
  path: string;
  kind: "record" | "list" | "dict" | "leaf";
  /** The class of a record, whole. */
  className?: string;
  /** What a leaf is, spelled; for a leaf of a special kind, what kind. */
  text?: string;
  special?: string;
  children: Node[];
}

type Stored = Record<string, unknown>;

function isStored(value: unknown): value is Stored {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const DEEPEST = 60;

/** Return a stored config as a tree to look at. Shared objects are shown at each place that uses them. */
export function treeOf(config: unknown): Node {
  const objects = isStored(config) && isStored(config.$objects) ? config.$objects : {};
  return node("", "", config, objects, 0);
}

function node(name: string, path: string, value: unknown, objects: Stored, depth: number): Node {
  const leaf = (text: string, special?: string): Node => ({ name, path, kind: "leaf", text, special, children: [] });
  const below = (child: string) => (path ? `${path}.${child}` : child);
  if (depth > DEEPEST) return leaf("…");
  if (Array.isArray(value)) {
    const children = value.map((one, index) => node(String(index), below(String(index)), one, objects, depth + 1));
    return { name, path, kind: "list", children };
  }
  if (!isStored(value)) return leaf(typeof value === "string" ? JSON.stringify(value) : String(value ?? "None"));
  if ("$ref" in value) {
    const shared = objects[String(value.$ref)];
    return shared === undefined ? leaf(`(shared ${String(value.$ref)})`) : node(name, path, shared, objects, depth + 1);
  }
  const fields = Object.entries(value).filter(([key]) => !key.startsWith("$"));
  const children = fields.map(([key, one]) => node(key, below(key), one, objects, depth + 1));
  if (typeof value.$class === "string") return { name, path, kind: "record", className: value.$class, children };
  const tag = Object.keys(value).find((key) => key.startsWith("$") && key !== "$objects");
  if (tag) return tagged(name, path, tag.slice(1), value[tag], objects, depth);
  return { name, path, kind: "dict", children };
}

function tagged(name: string, path: string, tag: string, value: unknown, objects: Stored, depth: number): Node {
  if (tag === "dict" && Array.isArray(value)) {
    const children = value
      .filter((pair): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2)
      .map(([key, one]) => {
        const spelled = typeof key === "string" ? key : JSON.stringify(key);
        return node(spelled, path ? `${path}.${spelled}` : spelled, one, objects, depth + 1);
      });
    return { name, path, kind: "dict", children };
  }
  if (Array.isArray(value) && (tag === "tuple" || tag === "set" || tag === "frozenset"))
    return { ...node(name, path, value, objects, depth), special: tag };
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { name, path, kind: "leaf", text, special: tag, children: [] };
}
