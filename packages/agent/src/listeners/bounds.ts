/** What a listener lets others make it keep, and for how long. */
export const bounds = {
  /** For the HTTP request that asks for a WebSocket. */
  headersMilliseconds: 10_000,
  /** Connections of one listener. */
  connections: 256,
  /** For a host to prove that it has the key; hello and authenticate are a few hundred bytes. */
  handshakeMilliseconds: 20_000,
  handshakeBytes: 65_536,
  /** A plan with a few of the largest programs fits; a message that says it is longer ends the connection. */
  messageBytes: 33_554_432,
  /** Our hosts never split a message. */
  fragments: 1024,
  /** For the other side to answer a close frame. */
  closeMilliseconds: 2000,
} as const;
