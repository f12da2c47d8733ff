import { type Machine } from "../system/system.js";
import { encodeCString } from "./text.js";

/** include/linux/socket.h */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** struct sockaddr_un (include/uapi/linux/un.h): a name has at most 107 bytes and its NUL. */
const unixNameOffset = 2;
const unixAddressSizeBytes = 110;
/** struct sockaddr_in (include/uapi/linux/in.h), struct sockaddr_in6 (include/uapi/linux/in6.h) */
const ipv4AddressSizeBytes = 16;
const ipv4Offset = 4;
const ipv6AddressSizeBytes = 28;
const ipv6Offset = 8;

/** The four bytes of an IPv4 address, the sixteen of an IPv6 one; undefined when the text is neither. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  const isRight =
    parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && +part < 256);
  return isRight ? Uint8Array.from(parts, Number) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const [before = "", after, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const head = parseGroups(before, after === undefined);
  const tail = after === undefined ? [] : parseGroups(after, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // "::" stands for one group of zeros at least.
  if (after === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The bytes of groups of 16 bits; the address's last may be an IPv4 address. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const ipv4 = isEnd && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (/^[0-9a-f]{1,4}$/i.test(group))
      bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

/** 127.0.0.0/8 and ::1: only this machine's own processes reach them. */
export function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  return address.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

/** A struct sockaddr_in or sockaddr_in6. */
export function encodeIpAddress(machine: Machine, address: Uint8Array, port: number): Uint8Array {
  const isIpv4 = address.length === 4;
  const bytes = new Uint8Array(isIpv4 ? ipv4AddressSizeBytes : ipv6AddressSizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isIpv4 ? AF_INET : AF_INET6, machine.isLittleEndian);
  // Ports are in network byte order.
  view.setUint16(2, port);
  bytes.set(address, isIpv4 ? ipv4Offset : ipv6Offset);
  return bytes;
}

/** What accept4(2) and getsockname(2) give of a peer; undefined for other families. */
export function decodeIpAddress(
  machine: Machine,
  bytes: Uint8Array,
): { readonly address: string; readonly port: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const port = view.getUint16(2);
  switch (view.getUint16(0, machine.isLittleEndian)) {
    case AF_INET:
      return { address: bytes.subarray(ipv4Offset, ipv4Offset + 4).join("."), port };
    case AF_INET6: {
      const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((offset) =>
        view.getUint16(ipv6Offset + offset).toString(16),
      );
      return { address: groups.join(":"), port };
    }
    default:
      return undefined;
  }
}

/** Room for any of them. */
export const addressRoomBytes = 128;

/** A struct sockaddr_un; undefined when the path is too long for it. */
export function encodeUnixAddress(machine: Machine, path: string): Uint8Array | undefined {
  const name = encodeCString(path);
  if (unixNameOffset + name.length > unixAddressSizeBytes) return undefined;
  const bytes = new Uint8Array(unixNameOffset + name.length);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, machine.isLittleEndian);
  bytes.set(name, unixNameOffset);
  return bytes;
}
