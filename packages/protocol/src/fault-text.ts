const limit = 200;

/** Where in a value something is wrong, and what: "steps[3].map: expected object". */
export function formatFault(path: readonly PropertyKey[], fault: string): string {
  const text = `${formatPath(path)}${fault}`;
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function formatPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  const formatted = path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
  return `${formatted.replace(/^\./, "")}: `;
}
