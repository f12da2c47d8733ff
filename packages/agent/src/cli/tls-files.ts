import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { errorCode } from "../system/node/system-error.js";
import { type TlsSettings } from "../listeners/node/tls-settings.js";
import { type TlsFiles } from "../program/command-line.js";
import { readInputFile } from "../program/input-file.js";
import { UsageError } from "../program/usage-error.js";
import { type System } from "../system/system.js";

/** A CA's bundle may hold hundreds of certificates. */
const fileLimitBytes = 1_048_576;

/** What the files of the command line say, checked. */
export interface TlsIdentity {
  readonly settings: TlsSettings;
  /** By which a host knows this agent: see `formatPin`. */
  readonly pin: string;
  /** What a person should hear at the start. */
  readonly warnings: readonly string[];
}

/** Reads certificates and key. `now` is in Unix milliseconds. Throws UsageError when they are none, or not of each other. */
export function readTlsFiles(system: System, files: TlsFiles, now: number): TlsIdentity {
  const { certificateFile, privateKeyFile, clientCaFile } = files;
  const certificate = readPem(system, "TLS certificate", certificateFile);
  const [own, ...between] = parseCertificates("TLS certificate", certificateFile, certificate);
  const privateKey = readPem(system, "TLS key", privateKeyFile, { isSecret: true });
  if (!own.checkPrivateKey(parsePrivateKey(privateKeyFile, privateKey))) {
    throw new UsageError(`TLS key ${privateKeyFile} is not the key of ${certificateFile}`);
  }
  const clientCa =
    clientCaFile === undefined ? undefined : readPem(system, "client CA", clientCaFile);
  const authorities =
    clientCaFile === undefined || clientCa === undefined
      ? []
      : parseCertificates("client CA", clientCaFile, clientCa);
  return {
    settings: { certificate, privateKey, ...(clientCa === undefined ? {} : { clientCa }) },
    pin: formatPin(own),
    warnings: [
      ...[own, ...between].flatMap((one) => describeDates(certificateFile, one, now)),
      ...authorities.flatMap((one) => describeDates(clientCaFile ?? "", one, now)),
    ],
  };
}

/** The pin of the first certificate in a file. Throws UsageError. */
export function readPin(system: System, certificateFile: string): string {
  const text = readPem(system, "TLS certificate", certificateFile);
  return formatPin(parseCertificates("TLS certificate", certificateFile, text)[0]);
}

/**
 * "sha256:" and 64 hexadecimal digits: the hash of the certificate's SubjectPublicKeyInfo (RFC 7469, section 2.4), so that a
 * certificate that is renewed with the same key keeps its pin.
 */
function formatPin(certificate: X509Certificate): string {
  const publicKey = certificate.publicKey.export({ type: "spki", format: "der" });
  return `sha256:${createHash("sha256").update(publicKey).digest("hex")}`;
}

function readPem(
  system: System,
  what: string,
  path: string,
  options: { isSecret?: boolean } = {},
): string {
  const file = { what, path, limitBytes: fileLimitBytes, isSecret: options.isSecret ?? false };
  return Buffer.from(readInputFile(system, file)).toString("latin1");
}

function parseCertificates(
  what: string,
  path: string,
  text: string,
): [X509Certificate, ...X509Certificate[]] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first, ...more] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...more];
  } catch (cause) {
    throw new UsageError(`${what} ${path}: a certificate in it is malformed: ${errorCode(cause)}`, {
      cause,
    });
  }
  throw new UsageError(`${what} ${path}: there is no certificate in it (PEM is expected)`);
}

function parsePrivateKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const problem = text.includes("ENCRYPTED")
      ? "it is encrypted, and nobody is asked for passphrases here"
      : `it is no private key (PEM is expected): ${errorCode(cause)}`;
    throw new UsageError(`TLS key ${path}: ${problem}`, { cause });
  }
}

function describeDates(path: string, certificate: X509Certificate, now: number): string[] {
  const { validFrom, validTo } = certificate;
  const clock = `this machine's clock says ${new Date(now).toUTCString()}`;
  if (now > Date.parse(validTo)) {
    return [`warning: the certificate in ${path} has expired: valid to ${validTo}, and ${clock}`];
  }
  if (now < Date.parse(validFrom)) {
    return [
      `warning: the certificate in ${path} is not valid yet: from ${validFrom}, and ${clock}`,
    ];
  }
  return [];
}
