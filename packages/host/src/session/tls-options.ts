import { TargetError } from "./errors.js";

/** How a `wss://` target is known, and how we are known to it. Plain text throughout, so that a file can hold it. */
export interface TlsOptions {
  /** The CAs, in PEM, of which one must have signed the agent's certificate; in place of those that Node knows. */
  readonly caFile?: string;
  /** "sha256:" and 64 hexadecimal digits, as `sonde-agent pin` prints: the agent must have this public key, whatever its certificate says beside. */
  readonly pin?: string;
  /** Our own certificate and its private key, in PEM, for an agent that asks for one. */
  readonly certFile?: string;
  readonly certKeyFile?: string;
}

/** Throws TargetError for options that make no sense, whatever the target. */
export function checkTlsOptions({ pin, certFile, certKeyFile }: TlsOptions): void {
  if (pin !== undefined && !/^sha256:[0-9a-fA-F]{64}$/.test(pin)) {
    throw new TargetError(`pin ${pin}: not a pin`, {
      hint: "it is sha256: and 64 hexadecimal digits; on the board, sonde-agent pin CERTIFICATE prints it",
    });
  }
  if ((certFile === undefined) !== (certKeyFile === undefined)) {
    throw new TargetError("a certificate and its private key go together: --cert and --cert-key");
  }
}

/** Throws TargetError when options are given that nothing would heed on a target without TLS. */
export function refuseTlsOptions(options: TlsOptions): void {
  const isGiven = Object.values(options).some((value) => value !== undefined);
  if (!isGiven) return;
  throw new TargetError("--ca, --pin, --cert and --cert-key are for wss:// targets", {
    hint: "this target's link has no TLS: leave them out, or write wss://HOST:PORT",
  });
}
