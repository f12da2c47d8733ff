import type * as z from "zod/mini";

/** The first thing that a value has wrong, for an error message: "steps[3].map: expected object". */
export function describeIssue(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "invalid";
  const description = `${formatPath(issue.path)}${describe(issue)}`;
  return description.length > 200 ? `${description.slice(0, 200)}…` : description;
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "nonoptional" ? "missing" : `expected ${issue.expected}`;
    case "too_big":
      return `more than ${issue.maximum}`;
    case "too_small":
      return `less than ${issue.minimum}`;
    case "unrecognized_keys":
      return `unknown key ${issue.keys.slice(0, 3).join(", ")}`;
    case "invalid_union":
      return "not one of the kinds known here";
    case "invalid_value":
      return `expected one of ${issue.values.map(String).join(", ")}`;
    case "custom":
      return issue.message;
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      return "not valid";
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  const formatted = path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
  return `${formatted.replace(/^\./, "")}: `;
}
