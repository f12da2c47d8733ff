import { type BytesType } from "../spec/value-type.js";
import { formatInternetAddress } from "./format-internet-address.js";
import { type ByteSource, type ValueReader } from "./byte-source.js";

/** Makes the reader of buffers and addresses. */
export function createBytesReader(
  { shows, capacityBytes }: BytesType,
  little: boolean,
): ValueReader {
  const read = ({ bytes }: ByteSource, offset: number, count: number): Uint8Array =>
    bytes.slice(offset + 8, offset + 8 + Math.min(count, capacityBytes));
  switch (shows) {
    case "buffer":
      return (source, offset) => ({
        kind: "bytes",
        bytes: read(source, offset, Number(source.view.getBigUint64(offset, little))),
      });
    case "address":
      return (source, offset) => {
        const family = Number(source.view.getBigUint64(offset, little));
        return { kind: "text", value: formatInternetAddress(family, read(source, offset, 16)) };
      };
    case "mac":
      return (source, offset) => ({ kind: "text", value: formatMac(read(source, offset, 6)) });
  }
}

/** "18:C0:4D:08:2E:BB" */
function formatMac(bytes: Uint8Array): string {
  const parts = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase());
  return parts.join(":");
}
