import { UsageError } from "./exit-code.js";

/** What a detached trace is called. Throws UsageError for what no agent takes. */
export function parseSessionName(text: string): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(text)) return text;
  throw new UsageError(
    `${text}: no name for a trace: up to 64 letters, digits, ".", "_" and "-" are one`,
  );
}
