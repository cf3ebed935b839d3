/** Configs as Python. */

function classesOf(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) classesOf(one, found);
  else if (typeof value === "object" && value !== null) {
    const name = (value as Record<string, unknown>).$class;
    if (typeof name === "string") found.add(name);
    for (const one of Object.values(value)) classesOf(one, found);
  }
}

/** Return the imports that the classes in some configs need, a line for each module. */
export function importsOf(configs: unknown[]): string {
  const classes = new Set<string>();
  for (const config of configs) classesOf(config, classes);
  const modules = new Map<string, string[]>();
  for (const name of [...classes].sort()) {
    const at = name.lastIndexOf(".");
    const module = name.slice(0, at);
    modules.set(module, [...(modules.get(module) ?? []), name.slice(at + 1)]);
  }
  return [...modules].map(([module, names]) => `from ${module} import ${names.join(", ")}`).join("\n");
}
