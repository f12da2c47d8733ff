import { parseItaniumName } from "./itanium-parser.js";
import { printItaniumName } from "./itanium-printer.js";
import { MangledNameError } from "./mangled-cursor.js";
import { demangleRustLegacy } from "./rust-legacy.js";
import { demangleRustV0 } from "./rust-v0.js";

/** No compiler makes longer names. */
const longestMangledName = 32_768;

/**
 * What a mangled name of C++ (Itanium ABI: "ns::f(int)", as c++filt writes it) or Rust ("core::fmt::write", without hashes)
 * says; undefined for any other name.
 */
export function demangle(name: string): string | undefined {
  if (name.length > longestMangledName) return undefined;
  const [prefix] = /^_{1,4}Z|^_R/.exec(name) ?? [];
  if (prefix === undefined) return undefined;
  try {
    if (prefix === "_R") return demangleRustV0(name);
    return demangleRustLegacy(name) ?? printItaniumName(parseItaniumName(name, prefix.length));
  } catch (error) {
    if (error instanceof MangledNameError) return undefined;
    throw error;
  }
}
