import { type TypeReader } from "./type-reader.js";
import { type BtfTypeId } from "./types.js";

/** Integer types as C says them: a compiler that writes BTF may have other names. */
const cInteger =
  /^(?:(?:unsigned|signed|long|short|int|char|__int128|_Bool)(?: (?:unsigned|signed|long|short|int|char|__int128))*)$/;

/** The names that types have in C: each name means one type, as C wants it. */
export class CNames {
  readonly #types: TypeReader & { readonly typeCount: number };
  readonly #names = new Map<BtfTypeId, string>();
  readonly #enumerators = new Map<BtfTypeId, readonly string[]>();

  constructor(types: TypeReader & { readonly typeCount: number }) {
    this.#types = types;
    const tags = new Map<string, { count: number; readonly tag: string }>();
    const ordinary = new Map<string, number>();
    for (let id = 1; id < types.typeCount; id++) this.#nameType(id, tags, ordinary);
    // Behind all others: a fwd is of the type that has its name.
    for (let id = 1; id < types.typeCount; id++) {
      const type = types.type(id);
      if (type.kind !== "fwd") continue;
      const known = tags.get(type.name);
      if (known === undefined) tags.set(type.name, { count: 1, tag: type.of });
      const isOther = known !== undefined && known.tag !== type.of;
      this.#names.set(id, isOther ? `${type.name}___fwd` : type.name);
    }
  }

  #nameType(
    id: BtfTypeId,
    tags: Map<string, { count: number; readonly tag: string }>,
    ordinary: Map<string, number>,
  ): void {
    const type = this.#types.type(id);
    switch (type.kind) {
      case "struct":
      case "union":
      case "enum":
      case "enum64": {
        if (type.name !== "") {
          const known = tags.get(type.name) ?? { count: 0, tag: type.kind };
          known.count++;
          tags.set(type.name, known);
          this.#names.set(id, numbered(type.name, known.count));
        }
        if (type.kind === "enum" || type.kind === "enum64") {
          const values = type.values.map(({ name }) => numbered(name, countUp(ordinary, name)));
          this.#enumerators.set(id, values);
        }
        return;
      }
      case "typedef": {
        // What the kernel's compiler has by itself, ours may have otherwise.
        const name = type.name.replace(/^__builtin_/, "__kernel_builtin_");
        this.#names.set(id, numbered(name, countUp(ordinary, name)));
        return;
      }
      case "int":
        this.#names.set(id, cInteger.test(type.name) ? type.name : integerName(type));
        return;
      case "float":
        this.#names.set(id, floatName(type.name, type.sizeBytes));
        return;
      default:
        return;
    }
  }

  /** "" for a type without a name. */
  of(id: BtfTypeId): string {
    return this.#names.get(id) ?? "";
  }

  enumerator(id: BtfTypeId, at: number): string {
    return this.#enumerators.get(id)?.[at] ?? `unnamed_${at}`;
  }
}

function countUp(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}

function numbered(name: string, count: number): string {
  return count === 1 ? name : `${name}___${count}`;
}

function integerName({
  sizeBytes,
  isSigned,
}: {
  readonly sizeBytes: number;
  readonly isSigned: boolean;
}): string {
  const names: Readonly<Record<number, string>> = {
    1: "char",
    2: "short",
    4: "int",
    8: "long long",
    16: "__int128",
  };
  return `${isSigned ? "signed" : "unsigned"} ${names[sizeBytes] ?? "int"}`;
}

function floatName(name: string, sizeBytes: number): string {
  if (/^(float|double|long double)$/.test(name)) return name;
  return sizeBytes === 4 ? "float" : sizeBytes === 8 ? "double" : "long double";
}
