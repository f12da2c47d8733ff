import { type ErrorCode, type WireError } from "./wire-error.js";

/** A message, frame or reply that breaks the protocol. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The link has closed; every call that was pending fails with one of these. */
export class ConnectionClosedError extends Error {
  override readonly name = "ConnectionClosedError";
  readonly reason: string;
  constructor(reason: string) {
    super(`connection closed: ${reason}`);
    this.reason = reason;
  }
}

/** The other side answered a request with an error. */
export class RemoteError extends Error {
  override readonly name: string = "RemoteError";
  readonly code: ErrorCode;
  readonly details: WireError;
  constructor(details: WireError, options?: ErrorOptions) {
    super(details.message, options);
    this.code = details.code;
    this.details = details;
  }
}

/**
 * The two sides cannot work together: other major versions ("version"), or no common key ("authentication"). What this
 * side finds is told as if the other had said it.
 */
export class HandshakeError extends RemoteError {
  override readonly name = "HandshakeError";
}
