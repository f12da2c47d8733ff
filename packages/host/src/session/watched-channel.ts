import { type MessageChannel } from "@sonde/protocol";

/** The largest message taken from an agent: a whole map. */
export const maxMessageBytes = 512 * 1024 * 1024;

/** A message channel over a WebSocket. */
export interface WatchedChannel extends MessageChannel {
  /** From now on the link is given up when nothing has come for as long as is tolerated then; a sign of life is asked for before. */
  watch(toleratedMilliseconds: () => number): void;
}
