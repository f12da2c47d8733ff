/** "%r": printable ASCII as it is, the rest "\xNN". "%rx": all "\xNN". "%rh": hexadecimal with spaces between. */
export function formatBuffer(bytes: Uint8Array, conversion: string): string {
  const parts = Array.from(bytes, (byte) => {
    if (conversion === "r" && byte >= 32 && byte <= 126) return String.fromCharCode(byte);
    const digits = byte.toString(16).padStart(2, "0");
    return conversion === "rh" ? digits : `\\x${digits}`;
  });
  return parts.join(conversion === "rh" ? " " : "");
}
