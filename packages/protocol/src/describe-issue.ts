import type * as z from "zod/mini";
import { formatFault } from "./fault-text.js";

/** The first thing that a value has wrong, for an error message: "steps[3].map: expected object". */
export function describeIssue(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "invalid";
  return formatFault(issue.path, describe(issue));
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "nonoptional" ? "missing" : `expected ${issue.expected}`;
    case "too_big":
      return describeBound(issue, issue.maximum, "more");
    case "too_small":
      return describeBound(issue, issue.minimum, "less");
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

/** Numbers are compared themselves, all else by its length. */
function describeBound(
  { origin, exact }: { readonly origin: string; readonly exact?: boolean | undefined },
  bound: number | bigint,
  excess: "more" | "less",
): string {
  const unit = units[origin];
  if (unit === undefined) return `${excess} than ${bound}`;
  return exact === true ? `expected ${bound} ${unit}` : `${excess} than ${bound} ${unit}`;
}

/** By zod's names; "unknown" is all else that has a length, which is bytes. */
const units: Readonly<Record<string, string>> = {
  string: "characters",
  array: "elements",
  unknown: "bytes",
};
