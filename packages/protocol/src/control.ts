import * as z from "zod/mini";
import { handle } from "./handles.js";
import { text, u16, u32, u64 } from "./primitives.js";
import { wireError } from "./wire-error.js";

/** Host to agent: unknown keys are refused. Ids are the host's to choose, unused among its unanswered requests. */
export const hostMessage = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("request"),
    id: u32,
    method: text(64),
    params: z.unknown(),
  }),
  /** The request may still be answered with its result, when it was too late. */
  z.strictObject({ kind: z.literal("cancel"), id: u32 }),
  /** Every byte of the channel before this position has been consumed: credit returns. */
  z.strictObject({
    kind: z.literal("acknowledge"),
    stream: handle,
    channel: u16,
    position: u64,
  }),
  /** So many answers of the session have come, since its beginning: the agent need not keep them any longer. */
  z.strictObject({ kind: z.literal("received"), answers: u64 }),
]);
export type HostMessage = z.infer<typeof hostMessage>;

/** Agent to host: unknown keys are ignored. Each request is answered once, by a reply or an error. */
export const agentMessage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("reply"), id: u32, result: z.unknown() }),
  z.object({ kind: z.literal("error"), id: u32, error: wireError }),
  /** The session is over, and nothing of it is kept. A link that closes without it has only broken. */
  z.object({ kind: z.literal("end"), reason: text(512) }),
]);
export type AgentMessage = z.infer<typeof agentMessage>;

export type ControlMessage = HostMessage | AgentMessage;
