import * as z from "zod/mini";
import { text, u32 } from "./primitives.js";

/** The closed set of codes that an error reply can carry. */
export const errorCode = z.enum([
  /** The frame, method or params are not what this protocol says. */
  "protocol",
  /** Not authenticated, or the key is wrong. */
  "authentication",
  /** The two sides' major versions differ. */
  "version",
  /** No such handle in this session, or of another kind than asked for. */
  "handle",
  /** The kernel refused: syscall and errno are set. */
  "syscall",
  /** The verifier refused: errno and log are set. */
  "verifier",
  /** This kernel or agent lacks what was asked for. */
  "unsupported",
  /** A path outside the allow-list. */
  "forbidden",
  /** Something asked for is not there (a file, a tracepoint, a symbol). */
  "missing",
  /** More than the agent's bounds allow: limit is set. */
  "limit",
  /** Another has it: a name that is taken, a session that a host is attached to. */
  "busy",
  /** The host cancelled the request. */
  "cancelled",
  /** A fault of the agent's own; please report. */
  "internal",
]);
export type ErrorCode = z.infer<typeof errorCode>;

/** An error as it crosses the wire; the host rebuilds a named class from the code. */
export const wireError = z.object({
  code: errorCode,
  /** What was being done, to what, and what was answered: "attach tracepoint x:y: perf_event_open: EACCES". */
  message: text(65_536),
  /** What the person can do about it. */
  hint: z.optional(text(4096)),
  syscall: z.optional(text(64)),
  /** The kernel's, positive. */
  errno: z.optional(u32),
  /** Index of the plan's step that failed. */
  step: z.optional(u32),
  /** The whole verifier log. */
  log: z.optional(text(16_777_216)),
  limit: z.optional(u32),
});
export type WireError = z.infer<typeof wireError>;
