/** JSON that keeps 64-bit integers and bytes: {"$i": "123"} and {"$b": base64}. */

export function encodeTagged(value: unknown): string {
  // A replacer sees bytes only after Buffer's own toJSON: `this` still holds them.
  return JSON.stringify(
    value,
    function (this: Record<string, unknown>, key: string, item: unknown) {
      const raw = this[key];
      if (raw instanceof Uint8Array)
        return { $b: Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString("base64") };
      return typeof item === "bigint" ? { $i: item.toString() } : item;
    },
  );
}

/** The opposite; throws SyntaxError for what is not JSON or not tagged so. */
export function decodeTagged(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null) return item;
    if ("$i" in item && typeof item.$i === "string") return BigInt(item.$i);
    if ("$b" in item && typeof item.$b === "string")
      return new Uint8Array(Buffer.from(item.$b, "base64"));
    return item;
  });
}
