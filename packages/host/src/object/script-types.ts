import { type ValueType } from "../spec/value-type.js";
import { type DataMap, type ObjectFile } from "./object-file.js";
import { streamRecords } from "./record-types.js";
import { valueTypeOf } from "./value-types.js";

/** TypeScript types of what an object sends and holds, for scripts: `target.load<Opensnoop>(…)`. */
export function formatScriptTypes(file: ObjectFile): string {
  const { types } = file;
  const typeOf = (id: number | undefined): string => {
    const type =
      id === undefined || types === undefined ? undefined : valueTypeOf(types, id, file.byteOrder);
    return type === undefined ? "readonly number[]" : scriptType(type, "    ");
  };
  const programs = file.functions
    .filter(({ isProgram }) => isProgram)
    .map(({ name }) => JSON.stringify(name));
  const events = streamRecords(file).map(({ map, types: ids }) =>
    property(map, ids.length === 0 ? "unknown" : ids.map(typeOf).join(" | ")),
  );
  const maps = file.maps.flatMap((map) => {
    if (map.kind === "data") return [];
    const { type, keyType, valueType } = map.definition;
    if (["ringbuf", "perf_event_array", "prog_array"].includes(type)) return [];
    const key = type.endsWith("array") ? "number" : typeOf(keyType);
    const value = type.includes("percpu") ? `readonly (${typeOf(valueType)})[]` : typeOf(valueType);
    return [property(map.name, `{ readonly key: ${key}; readonly value: ${value} }`)];
  });
  const variables = file.maps
    .filter((map): map is DataMap => map.kind === "data")
    .flatMap((map) => map.variables.filter(({ isStatic }) => !isStatic))
    .map(({ name, type }) => property(name, typeOf(type)));
  return [
    `/** What ${file.name} sends and holds: sonde types. */\n`,
    `export interface ${interfaceName(file.name)} {\n`,
    `  readonly programs: ${programs.join(" | ") || "never"};\n`,
    block("events", events),
    block("maps", maps),
    block("variables", variables),
    "}\n",
  ].join("");
}

function block(name: string, properties: readonly string[]): string {
  return `  readonly ${name}: {\n${properties.map((line) => `    ${line}\n`).join("")}  };\n`;
}

function property(name: string, type: string): string {
  const isWord = /^[A-Za-z_$][\w$]*$/.test(name);
  return `readonly ${isWord ? name : JSON.stringify(name)}: ${type};`;
}

/** "Opensnoop", "MyTool" of "my-tool". */
function interfaceName(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[A-Za-z]/.test(joined) ? joined : `Object${joined}`;
}

/** What `plainValue` (output/plain-value.ts) makes of a value of a type. */
function scriptType(type: ValueType, indent: string): string {
  switch (type.kind) {
    case "integer": {
      const number = type.sizeBytes === 8 ? "bigint" : "number";
      if (type.names === undefined || type.names.length > 50) {
        return type.names === undefined ? number : `string | ${number}`;
      }
      const names = [...new Set(type.names.map(({ name }) => JSON.stringify(name)))];
      return [...names, number].join(" | ");
    }
    case "boolean":
      return "boolean";
    case "pointer":
    case "ksym":
      return "bigint";
    case "array": {
      const element = scriptType(type.element, indent);
      return `readonly ${/[ |]/.test(element) && !element.startsWith("{") ? `(${element})` : element}[]`;
    }
    case "struct": {
      const inner = `${indent}  `;
      const fields = type.fields.map(
        (field) => `${inner}${property(field.name, scriptType(field.type, inner))}\n`,
      );
      return `{\n${fields.join("")}${indent}}`;
    }
    default:
      return "string";
  }
}
