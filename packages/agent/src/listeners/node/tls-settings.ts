import { constants } from "node:crypto";
import { type ServerOptions } from "node:https";
import { type Duplex } from "node:stream";
import { type PeerCertificate, TLSSocket } from "node:tls";

/** What a TLS listener shows, and what it asks of hosts. All in PEM. */
export interface TlsSettings {
  /** The agent's own, and those between it and its CA. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Set: only hosts with a certificate of one of these CAs are let in. */
  readonly clientCa?: string;
}

const handshakeTimeoutMilliseconds = 10_000;

/** RFC 9266: what names one TLS connection to both its ends. */
const bindingLabel = "EXPORTER-Channel-Binding";
const bindingSizeBytes = 32;

/**
 * Options for a server that speaks TLS 1.3 alone. It lets hosts with a wrong certificate shake hands, so that they can be
 * told what is wrong: `certificateFault` decides who comes in.
 */
export function tlsServerOptions(settings: TlsSettings): ServerOptions {
  const { certificate, privateKey, clientCa } = settings;
  return {
    cert: certificate,
    key: privateKey,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true }),
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    // Every connection shows its certificate anew.
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: handshakeTimeoutMilliseconds,
  };
}

/** Why a host may not come in for the certificate that it showed; undefined when it may. `now` is in Unix milliseconds. */
export function certificateFault(
  settings: TlsSettings,
  socket: Duplex,
  now: number,
): string | undefined {
  if (settings.clientCa === undefined) return undefined;
  if (!(socket instanceof TLSSocket)) return "a TLS connection is asked for";
  if (socket.authorized) return undefined;
  // An empty object when there is none.
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  // Node's types say Error, and Node gives its code.
  const code = String(socket.authorizationError);
  const clock = `this machine's clock says ${new Date(now).toUTCString()}`;
  if (certificate.raw === undefined) return "a client certificate is asked for, and none came";
  if (code === "CERT_HAS_EXPIRED") {
    return `the client certificate has expired: valid to ${certificate.valid_to ?? "?"}, and ${clock}`;
  }
  if (code === "CERT_NOT_YET_VALID") {
    return `the client certificate is not valid yet: from ${certificate.valid_from ?? "?"}, and ${clock}`;
  }
  return `the client certificate is not one of this agent's CA (${code})`;
}

/** The channel binding of a connection; undefined without TLS. */
export function channelBinding(socket: Duplex): Uint8Array | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const material = socket.exportKeyingMaterial(bindingSizeBytes, bindingLabel, Buffer.alloc(0));
  return new Uint8Array(material);
}
