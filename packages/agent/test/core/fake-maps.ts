/** Maps as the kernel keeps them, as far as the agent can tell. */
export class FakeMap {
  readonly type: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly entries = new Map<string, Uint8Array>();

  constructor(type: number, keySizeBytes: number, valueSizeBytes: number, maxEntries: number) {
    this.type = type;
    this.keySizeBytes = keySizeBytes;
    this.valueSizeBytes = valueSizeBytes;
    this.maxEntries = maxEntries;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.entries.get(keyName(key));
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.entries.set(keyName(key), Uint8Array.from(value));
  }

  delete(key: Uint8Array): boolean {
    return this.entries.delete(keyName(key));
  }

  /** A key that is not there is followed by the first one, as in the kernel. */
  after(key: Uint8Array | undefined): Uint8Array | undefined {
    const keys = [...this.entries.keys()];
    const index = key === undefined ? -1 : keys.indexOf(keyName(key));
    const next = keys[index + 1];
    return next === undefined ? undefined : keyBytes(next);
  }

  /** Entries from a position on. */
  batch(from: number, count: number): { key: Uint8Array; value: Uint8Array }[] {
    return [...this.entries]
      .slice(from, from + count)
      .map(([name, value]) => ({ key: keyBytes(name), value }));
  }
}

function keyName(key: Uint8Array): string {
  return [...key].join(",");
}

function keyBytes(name: string): Uint8Array {
  return Uint8Array.from(name === "" ? [] : name.split(",").map(Number));
}
