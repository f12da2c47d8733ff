import { type ItaniumNode, type ItaniumOperator } from "./itanium-node.js";

/** <builtin-type> of the Itanium C++ ABI, 5.1.5.2, of one letter. */
export const builtinTypes: ReadonlyMap<string, string> = new Map([
  ["a", "signed char"],
  ["b", "bool"],
  ["c", "char"],
  ["d", "double"],
  ["e", "long double"],
  ["f", "float"],
  ["g", "__float128"],
  ["h", "unsigned char"],
  ["i", "int"],
  ["j", "unsigned int"],
  ["l", "long"],
  ["m", "unsigned long"],
  ["n", "__int128"],
  ["o", "unsigned __int128"],
  ["s", "short"],
  ["t", "unsigned short"],
  ["v", "void"],
  ["w", "wchar_t"],
  ["x", "long long"],
  ["y", "unsigned long long"],
  ["z", "..."],
]);

/** Those of two letters, the first of which is D. */
export const builtinTypesOfD: ReadonlyMap<string, string> = new Map([
  ["a", "auto"],
  ["c", "decltype(auto)"],
  ["d", "decimal64"],
  ["e", "decimal128"],
  ["f", "decimal32"],
  ["h", "half"],
  ["i", "char32_t"],
  ["n", "decltype(nullptr)"],
  ["s", "char16_t"],
  ["u", "char8_t"],
]);

/** What stands behind a number of these types; of others the type stands before it, in parentheses. */
export const literalSuffixes: ReadonlyMap<string, string> = new Map([
  ["int", ""],
  ["unsigned int", "u"],
  ["long", "l"],
  ["unsigned long", "ul"],
  ["long long", "ll"],
  ["unsigned long long", "ull"],
]);

/** Their numbers are mangled as hexadecimal digits of what is in memory. */
export const floatingTypes: ReadonlySet<string> = new Set([
  "float",
  "double",
  "long double",
  "__float128",
]);

/** <substitution> with a letter, 5.1.9. */
export const standardNames: ReadonlyMap<string, ItaniumNode> = new Map([
  ["a", standard("std::allocator", "std::allocator", "allocator")],
  ["b", standard("std::basic_string", "std::basic_string", "basic_string")],
  [
    "s",
    standard(
      "std::string",
      "std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
      "basic_string",
    ),
  ],
  ["i", stream("istream")],
  ["o", stream("ostream")],
  ["d", stream("iostream")],
]);

function stream(name: string): ItaniumNode {
  const full = `std::basic_${name}<char, std::char_traits<char> >`;
  return standard(`std::${name}`, full, `basic_${name}`);
}

function standard(text: string, full: string, short: string): ItaniumNode {
  return { kind: "standard", text, full, short };
}

/** CODE SYMBOL OPERANDS of <operator-name>, 5.1.4.2; "_" is a blank. */
const operatorLines = `
  aN &= 2, aS = 2, aa && 2, ad & 1, an & 2, at alignof_ 1, aw co_await_ 1, az alignof_ 1, cc const_cast 2, cl () 2, cm , 2, co ~ 1,
  dV /= 2, da delete[]_ 1, dc dynamic_cast 2, de * 1, dl delete_ 1, ds .* 2, dt . 2, dv / 2, eO ^= 2, eo ^ 2, eq == 2, ge >= 2,
  gs :: 1, gt > 2, ix [] 2, lS <<= 2, le <= 2, ls << 2, lt < 2, mI -= 2, mL *= 2, mi - 2, ml * 2, mm -- 1, na new[] 3, ne != 2,
  ng - 1, nt ! 1, nw new 3, nx noexcept 1, oR |= 2, oo || 2, or | 2, pL += 2, pl + 2, pm ->* 2, pp ++ 1, ps + 1, pt -> 2, qu ? 3,
  rM %= 2, rS >>= 2, rc reinterpret_cast 2, rm % 2, rs >> 2, sc static_cast 2, ss <=> 2, st sizeof_ 1, sz sizeof_ 1, te typeid_ 1,
  ti typeid_ 1, tw throw_ 1
`;

export const operators: ReadonlyMap<string, ItaniumOperator> = new Map(
  operatorLines
    .trim()
    .split(/,\s+(?=[a-z][a-zA-Z] )/)
    .map((line) => {
      const [code = "", symbol = "", operands = ""] = line.trim().split(" ");
      return [code, { code, symbol: symbol.replace("_", " "), operands: Number(operands) }];
    }),
);

/** What a <special-name> says before the name that follows. */
export const specialPrefixes: ReadonlyMap<string, string> = new Map([
  ["TV", "vtable for "],
  ["TT", "VTT for "],
  ["TI", "typeinfo for "],
  ["TS", "typeinfo name for "],
  ["TF", "typeinfo fn for "],
  ["TA", "template parameter object for "],
  ["TH", "TLS init function for "],
  ["TW", "TLS wrapper function for "],
  ["GV", "guard variable for "],
  ["GA", "hidden alias for "],
  ["GTt", "transaction clone for "],
  ["GTn", "non-transaction clone for "],
]);
