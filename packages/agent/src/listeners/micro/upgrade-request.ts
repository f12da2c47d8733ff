import { encodeUtf8 } from "@sonde/protocol";
import { encodeBase64 } from "./base64.js";
import { sha1 } from "./sha1.js";

/** A request's line and headers together: ours are 200 bytes. */
const headLimitBytes = 8192;
const endOfHead = [0x0d, 0x0a, 0x0d, 0x0a];
/** RFC 6455, section 1.3. */
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What an HTTP request asks for, as far as it has come. */
export type UpgradeRequest =
  | { readonly kind: "incomplete" }
  /** `rest` is what came after the request. */
  | { readonly kind: "upgrade"; readonly response: Uint8Array; readonly rest: Uint8Array }
  /** The connection ends with the response. */
  | { readonly kind: "refusal"; readonly response: Uint8Array };

/** Reads a request for a WebSocket (RFC 6455, section 4.2.1). Connections from web pages are refused. */
export function readUpgradeRequest(received: Uint8Array): UpgradeRequest {
  const end = findEndOfHead(received);
  if (end === undefined) {
    return received.length > headLimitBytes
      ? refuse("431 Request Header Fields Too Large", "the request's headers are too long")
      : { kind: "incomplete" };
  }
  const head = parseHead(received.subarray(0, end - endOfHead.length));
  if (head === undefined) return refuse("400 Bad Request", "this is no HTTP request");
  if (!hasToken(head.headers.get("upgrade"), "websocket")) {
    return refuse("426 Upgrade Required", "sonde-agent speaks WebSocket only", [
      "upgrade: websocket",
    ]);
  }
  return answer(head, received.slice(end));
}

function answer({ isGet, headers }: Head, rest: Uint8Array): UpgradeRequest {
  // Browsers send Origin with every WebSocket, and no host of ours does: a web page must not reach an agent.
  if (headers.has("origin")) {
    return refuse("403 Forbidden", "connections from web pages are refused");
  }
  const key = headers.get("sec-websocket-key") ?? "";
  const isRight = isGet && hasToken(headers.get("connection"), "upgrade");
  // 16 bytes in base64.
  if (!isRight || !/^[+/0-9A-Za-z]{21}[AQgw]==$/.test(key)) {
    return refuse("400 Bad Request", "this is no request for a WebSocket");
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return refuse("426 Upgrade Required", "version 13 of WebSocket is spoken here", [
      "sec-websocket-version: 13",
    ]);
  }
  const accept = encodeBase64(sha1(encodeUtf8(key + acceptSuffix)));
  const response = formatHead("101 Switching Protocols", [
    "upgrade: websocket",
    "connection: Upgrade",
    `sec-websocket-accept: ${accept}`,
  ]);
  return { kind: "upgrade", response: encodeUtf8(response), rest };
}

interface Head {
  readonly isGet: boolean;
  /** By names in lower case; of those that came twice the values, joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Undefined when it is not HTTP/1.1. */
function parseHead(bytes: Uint8Array): Head | undefined {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  const [requestLine = "", ...lines] = text.split("\r\n");
  const [, method] = /^([A-Z]+) [!-~]+ HTTP\/1\.1$/.exec(requestLine) ?? [];
  if (method === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] =
      /^([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { isGet: method === "GET", headers };
}

function findEndOfHead(bytes: Uint8Array): number | undefined {
  for (let start = bytes.indexOf(0x0d); start !== -1; start = bytes.indexOf(0x0d, start + 1)) {
    if (endOfHead.every((byte, index) => bytes[start + index] === byte)) return start + 4;
  }
  return undefined;
}

/** Whether a header's list has a word, in whatever letters. */
function hasToken(list: string | undefined, token: string): boolean {
  const words = (list ?? "").split(",").map((word) => word.trim().toLowerCase());
  return words.includes(token);
}

function refuse(status: string, reason: string, headers: readonly string[] = []): UpgradeRequest {
  const body = `${reason}\n`;
  const head = formatHead(status, [
    "connection: close",
    "content-type: text/plain",
    `content-length: ${body.length}`,
    ...headers,
  ]);
  return { kind: "refusal", response: encodeUtf8(head + body) };
}

function formatHead(status: string, headers: readonly string[]): string {
  return [`HTTP/1.1 ${status}`, ...headers, "", ""].join("\r\n");
}
