import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { ConnectError, TargetError } from "./errors.js";
import { type TargetAddress } from "./target-url.js";
import { checkTlsOptions, type TlsOptions } from "./tls-options.js";

/** A TLS connection to an agent. */
export interface TlsLink {
  readonly duplex: TLSSocket;
  /** The same at both its ends: see MessageChannel. */
  readonly binding: Uint8Array;
}

export interface TlsLinkOptions {
  readonly tls: TlsOptions;
  /** A key is configured: its proofs include the TLS connection, and so stand for a certificate that nothing else proves. */
  readonly hasKey: boolean;
  readonly timeoutMilliseconds: number;
}

/** RFC 9266. */
const bindingLabel = "EXPORTER-Channel-Binding";
const bindingSizeBytes = 32;

/**
 * Connects and makes sure that the agent is the right one: by its pin, by its CA, or, with a key and neither of these, not yet.
 * Throws TargetError for files and options that are wrong, ConnectError.
 */
export async function openTls(
  address: Extract<TargetAddress, { kind: "wss" }>,
  options: TlsLinkOptions,
): Promise<TlsLink> {
  const what = `wss://${address.host}:${address.port}`;
  checkTlsOptions(options.tls);
  const socket = await connectTls(what, address, options);
  try {
    requireTrust(what, socket, options);
    const binding = socket.exportKeyingMaterial(bindingSizeBytes, bindingLabel, Buffer.alloc(0));
    return { duplex: socket, binding: new Uint8Array(binding) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connectTls(
  what: string,
  address: { readonly host: string; readonly port: number },
  { tls, timeoutMilliseconds }: TlsLinkOptions,
): Promise<TLSSocket> {
  const host = address.host.replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: address.port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      secureContext: createContext(tls),
      // Whom to trust is decided once the connection stands, where it can be told why not.
      rejectUnauthorized: false,
    });
    const timer = setTimeout(() => {
      socket.destroy(new ConnectError(`${what}: no answer in time`));
    }, timeoutMilliseconds);
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      reject(cause instanceof ConnectError ? cause : describeFailure(what, cause));
    };
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function describeFailure(what: string, cause: Error): ConnectError {
  // Errors of several addresses together have no message of their own.
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
    return new ConnectError(`${what}: what answers there does not speak TLS`, {
      cause,
      hint: "does the agent listen without it? then write ws:// (see docs/security.md)",
    });
  }
  const said = code.startsWith("ERR_SSL_") || cause.message === "" ? code : cause.message;
  return new ConnectError(`${what}: ${said}`, { cause });
}

function createContext({ caFile, certFile, certKeyFile }: TlsOptions): SecureContext {
  const ca = caFile === undefined ? undefined : readCertificate("CA file", caFile);
  const cert = certFile === undefined ? undefined : readCertificate("certificate", certFile);
  const key = certKeyFile === undefined ? undefined : readPem("certificate's key", certKeyFile);
  try {
    return createSecureContext({
      minVersion: "TLSv1.3",
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (cause) {
    const problem = `certificate ${certFile ?? ""} and its key ${certKeyFile ?? ""}`;
    throw new TargetError(`${problem}: ${describe(cause)}`, { cause });
  }
}

function readCertificate(what: string, path: string): Buffer {
  const content = readPem(what, path);
  try {
    new X509Certificate(content);
  } catch (cause) {
    const problem = "there is no certificate in it (PEM is expected)";
    throw new TargetError(`${what} ${path}: ${problem}`, { cause });
  }
  return content;
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new TargetError(`${what} ${path}: ${describe(cause)}`, { cause });
  }
}

function requireTrust(what: string, socket: TLSSocket, { tls, hasKey }: TlsLinkOptions): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    throw new ConnectError(`${what}: the agent has shown no certificate`);
  }
  const pin = pinOf(certificate);
  if (tls.pin !== undefined && tls.pin.toLowerCase() !== pin) {
    throw new ConnectError(`${what}: this is not the pinned agent, its pin is ${pin}`, {
      hint: `if its key has been changed, see on the board that this is right (sonde-agent pin CERTIFICATE), and give the new pin; else someone is in between`,
    });
  }
  const isProvenOtherwise = tls.caFile === undefined && (tls.pin !== undefined || hasKey);
  if (socket.authorized || isProvenOtherwise) return;
  const fault = describeFault(String(socket.authorizationError), certificate);
  throw new ConnectError(`${what}: the agent's certificate ${fault}`, {
    hint:
      tls.caFile === undefined
        ? `give its CA with --ca, or a key that it has, too, with --key-file; or, once you have seen on the board that it is right (sonde-agent pin CERTIFICATE), give --pin ${pin}`
        : `is it the one that ${tls.caFile} has signed? a certificate that no CA needs to sign is known by --pin`,
  });
}

/** As `sonde-agent pin` computes it: the hash of the SubjectPublicKeyInfo. */
function pinOf(certificate: X509Certificate): string {
  const publicKey = certificate.publicKey.export({ type: "spki", format: "der" });
  return `sha256:${createHash("sha256").update(publicKey).digest("hex")}`;
}

function describeFault(code: string, { validFrom, validTo }: X509Certificate): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `has expired: it was valid to ${validTo}`;
    case "CERT_NOT_YET_VALID":
      return `is not valid yet: it will be from ${validFrom}`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "is signed by nobody but itself";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "is for another name";
    default:
      return `is not signed by a CA that we trust (${code})`;
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
