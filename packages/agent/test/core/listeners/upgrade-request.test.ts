import { describe, expect, test } from "@jest/globals";
import { decodeUtf8, encodeUtf8 } from "@sonde/protocol";
import { encodeBase64 } from "../../../src/listeners/micro/base64.js";
import { sha1 } from "../../../src/listeners/micro/sha1.js";
import { readUpgradeRequest } from "../../../src/listeners/micro/upgrade-request.js";

/** The example of RFC 6455, section 1.3. */
const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

interface Parts {
  readonly line?: string;
  readonly headers?: readonly string[];
  readonly lineEnd?: string;
}

const rightHeaders = [
  "Host: board:4650",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  `Sec-WebSocket-Key: ${key}`,
  "Sec-WebSocket-Version: 13",
];

function request({
  line = "GET / HTTP/1.1",
  headers = rightHeaders,
  lineEnd = "\r\n",
}: Parts): Uint8Array {
  return encodeUtf8([line, ...headers, "", ""].join(lineEnd));
}

/** The right headers, one of them otherwise, or without it. */
function otherwise(name: string, value?: string): Parts {
  const others = rightHeaders.filter((header) => !header.startsWith(`${name}:`));
  return { headers: value === undefined ? others : [...others, `${name}: ${value}`] };
}

function statusOf(parts: Parts): string {
  const answer = readUpgradeRequest(request(parts));
  return answer.kind === "incomplete" ? "incomplete" : decodeUtf8(answer.response).slice(9, 12);
}

describe("a request for a WebSocket", () => {
  test("is answered as RFC 6455 says, and what comes after it is kept", () => {
    const bytes = Uint8Array.from([...request({}), 0x82, 0x80]);
    const answer = readUpgradeRequest(bytes);
    expect(answer.kind).toBe("upgrade");
    if (answer.kind !== "upgrade") return;
    expect(decodeUtf8(answer.response)).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    expect([...answer.rest]).toEqual([0x82, 0x80]);
  });

  test("is waited for to its last byte", () => {
    const bytes = request({});
    for (let length = 0; length < bytes.length; length++) {
      expect(readUpgradeRequest(bytes.subarray(0, length)).kind).toBe("incomplete");
    }
  });

  const accepted: Record<string, Parts> = {
    "with names and words in other letters": {
      headers: rightHeaders.map((header) =>
        header.startsWith("Sec-WebSocket-Key") ? header : header.toUpperCase(),
      ),
    },
    "with blanks around values": {
      headers: rightHeaders.map((header) => header.replace(": ", ":\t  ")),
    },
    "with a path and a query": { line: "GET /a/b?c=%20 HTTP/1.1" },
    "that offers extensions and protocols": {
      headers: [
        ...rightHeaders,
        "Sec-WebSocket-Extensions: permessage-deflate",
        "Sec-WebSocket-Protocol: a",
      ],
    },
    "whose upgrade header is a list": otherwise("Upgrade", "h2c, WebSocket"),
  };
  test.each(Object.entries(accepted))("%s is accepted", (_, parts) => {
    expect(statusOf(parts)).toBe("101");
  });

  const refused: Record<string, [string, Parts]> = {
    "from a web page": ["403", { headers: [...rightHeaders, "Origin: http://localhost"] }],
    "from a page without an origin": ["403", { headers: [...rightHeaders, "Origin: null"] }],
    "that asks for no upgrade": ["426", otherwise("Upgrade")],
    "that asks for another upgrade": ["426", otherwise("Upgrade", "h2c")],
    "whose connection header does not say so": ["400", otherwise("Connection", "keep-alive")],
    "without a key": ["400", otherwise("Sec-WebSocket-Key")],
    "with a short key": ["400", otherwise("Sec-WebSocket-Key", "AAAA")],
    "with a key that is no base64": [
      "400",
      otherwise("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="),
    ],
    "with two keys": ["400", { headers: [...rightHeaders, `Sec-WebSocket-Key: ${key}`] }],
    "with another version": ["426", otherwise("Sec-WebSocket-Version", "8")],
    "without a version": ["426", otherwise("Sec-WebSocket-Version")],
    "by POST": ["400", { line: "POST / HTTP/1.1" }],
    "over HTTP/1.0": ["400", { line: "GET / HTTP/1.0" }],
    "without a path": ["400", { line: "GET HTTP/1.1" }],
    "with a blank in its path": ["400", { line: "GET /a b HTTP/1.1" }],
    "with a line that is no header": ["400", { headers: [...rightHeaders, "nonsense"] }],
    "with a header that is folded": ["400", { headers: [...rightHeaders, " folded: yes"] }],
    "with a blank before a colon": ["400", { headers: [...rightHeaders, "a : b"] }],
    "with a NUL in a header": ["400", { headers: [...rightHeaders, "a: \0"] }],
    "with a carriage return in a header": ["400", { headers: [...rightHeaders, "a: b\rc"] }],
    "with a header that has no name": ["400", { headers: [...rightHeaders, ": b"] }],
    "of a TLS client": ["400", { line: "\x16\x03\x01\x02" }],
    "of lines that end with a newline alone": ["incomplete", { lineEnd: "\n" }],
  };
  test.each(Object.entries(refused))("%s is refused", (_, [status, parts]) => {
    expect(statusOf(parts)).toBe(status);
  });

  test("that never ends is refused", () => {
    expect(readUpgradeRequest(new Uint8Array(8192)).kind).toBe("incomplete");
    const answer = readUpgradeRequest(new Uint8Array(8193));
    expect(answer.kind === "refusal" && decodeUtf8(answer.response)).toContain("HTTP/1.1 431 ");
  });
});

describe("what the answer is made of", () => {
  const hex = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  test("SHA-1 of the examples of FIPS 180", () => {
    expect(hex(sha1(encodeUtf8("")))).toBe("da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect(hex(sha1(encodeUtf8("abc")))).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
    expect(hex(sha1(encodeUtf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")))).toBe(
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
    );
    // The last that fits into one block with its length, the first that does not, and the last that is taken.
    expect(hex(sha1(encodeUtf8("a".repeat(55))))).toBe("c1c8bbdc22796e28c0e15163d20899b65621d65a");
    expect(hex(sha1(encodeUtf8("a".repeat(56))))).toBe("c2db330f6083854c99d4b5bfb6e8f29f201be699");
    expect(hex(sha1(encodeUtf8("a".repeat(119))))).toBe("ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56");
  });

  test("base64 of the examples of RFC 4648", () => {
    const encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map((one) =>
      encodeBase64(encodeUtf8(one)),
    );
    expect(encoded).toEqual(["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
  });
});
