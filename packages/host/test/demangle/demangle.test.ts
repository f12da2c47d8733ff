import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { demangle } from "../../src/demangle/demangle.js";

/** What __cxa_demangle() of GNU's C++ library says. */
const cpp: readonly (readonly [string, string])[] = [
  ["_Z1fv", "f()"],
  ["_Z1fiz", "f(int, ...)"],
  ["_ZN1A1BC1ERKS0_", "A::B::B(A::B const&)"],
  ["_ZNK1A3getEv", "A::get() const"],
  ["_ZN12_GLOBAL__N_13fooEi", "(anonymous namespace)::foo(int)"],
  ["_Z3fooIiEvT_", "void foo<int>(int)"],
  ["_Z1fPFPFvcEiE", "f(void (*(*)(int))(char))"],
  ["_Z1fA3_A4_i", "f(int [3][4])"],
  ["_Z1fRA5_Kc", "f(char const (&) [5])"],
  ["_Z1fM1AFivE", "f(int (A::*)())"],
  ["_Z1fM1AKFivE", "f(int (A::*)() const)"],
  ["_Z1fM1Ai", "f(int A::*)"],
  ["_Z3fooIJicEEvDpT_", "void foo<int, char>(int, char)"],
  ["_ZN1AcvT_IiEEv", "A::operator int<int>()"],
  [
    "_ZNSsC1Ev",
    "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string()",
  ],
  ["_ZNKSs4sizeEv", "std::string::size() const"],
  ["_ZN1AplERKS_", "A::operator+(A const&)"],
  ["_ZN1AclEv", "A::operator()()"],
  ["_ZN1AnwEm", "A::operator new(unsigned long)"],
  ["_ZltRK1AS1_", "operator<(A const&, A const&)"],
  ["_ZlsIcEvT_", "void operator<< <char>(char)"],
  ["_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const"],
  ["_ZZ3fooIiEvT_ENKUlvE_clEv", "foo<int>(int)::{lambda()#1}::operator()() const"],
  ["_ZZ1fvE1x_0", "f()::x"],
  ["_ZN1A3fooB5cxx11Ev", "A::foo[abi:cxx11]()"],
  ["_Z3barv.part.0.constprop.1", "bar() [clone .part.0] [clone .constprop.1]"],
  ["_Z3bazv.cold", "baz() [clone .cold]"],
  ["_ZTV1A", "vtable for A"],
  ["_ZThn16_N1A1fEv", "non-virtual thunk to A::f()"],
  ["_ZGVZ1fvE1x", "guard variable for f()::x"],
  ["_Z1fILi5EEvv", "void f<5>()"],
  ["_Z1fILb1EEvv", "void f<true>()"],
  ["_Z1fILc97EEvv", "void f<(char)97>()"],
  ["_Z1fIL1E2EEvv", "void f<(E)2>()"],
  ["_Z1fIXadL_ZN1A1gEvEEEvv", "void f<&A::g>()"],
  ["_Z1fIiEDTplfp_LT_0EES1_", "decltype ({parm#1}+((int)0)) f<int>(decltype ({parm#1}+((int)0)))"],
  ["_ZN3fooIJEE3barEv", "foo<>::bar()"],
  ["_Z3minIiET_S0_S0_", "int min<int>(int, int)"],
  [
    "_ZNSt6vectorIiSaIiEE9push_backERKi",
    "std::vector<int, std::allocator<int> >::push_back(int const&)",
  ],
  ["_Z1fDn", "f(decltype(nullptr))"],
  ["_Z1fOi", "f(int&&)"],
  ["_Z1fDv4_f", "f(float __vector(4))"],
  ["_Z1fIRiEvOT_", "void f<int&>(int&)"],
  ["_Z1fILm18446744073709551615EEvv", "void f<18446744073709551615ul>()"],
  ["_Z1fILin3EEvv", "void f<-3>()"],
  ["_Z1fCd", "f(double _Complex)"],
  ["_ZN1A1BD0Ev", "A::B::~B()"],
  ["_ZN2ns1fEPKcPVi", "ns::f(char const*, int volatile*)"],
  ["_Z3setIXsz1AEEvv", "void set<sizeof A>()"],
  ["_Z1fIXgtLi3ELi2EEEvv", "void f<((3)>(2))>()"],
  [
    "_ZN4llvm9sandboxir13GenericSetterIXadL_ZNKS0_14GlobalVariable14getInitializerEvEEXadL_ZNS2_14setInitializerEPNS0_8ConstantEEEE1fEv",
    "llvm::sandboxir::GenericSetter<&(llvm::sandboxir::GlobalVariable::getInitializer() const), &llvm::sandboxir::GlobalVariable::setInitializer>::f()",
  ],
];

const rust: readonly (readonly [string, string])[] = [
  ["_ZN4core3ptr13drop_in_place17h0123456789abcdefE", "core::ptr::drop_in_place"],
  [
    "_ZN49_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$Drop$GT$4drop17habcdefabcdefabcdE.llvm.123",
    "<alloc::vec::Vec<T> as Drop>::drop",
  ],
  ["_RNvCs6GmmlP4bgsG_1r4main", "r::main"],
  [
    "_RNCNCNvNtCsjrHSEGnQ3l9_3std2rt19lang_start_internal0s_0B7_",
    "std::rt::lang_start_internal::{closure#0}::{closure#1}",
  ],
  ["_RINvCs6GmmlP4bgsG_1r3genKj3_cEB2_", "r::gen::<3, char>"],
  ["_RNvMNtCsgEmfK2I1SDS_4core5sliceSh4sort", "<[u8]>::sort"],
  ["_RNvNtCs6GmmlP4bgsG_1ru9gre_6ka8i1f", "r::größe::f"],
  ["_RNvXCs1_1aINtB2_1SpENtB2_1T1m", "<a::S<_> as a::T>::m"],
];

describe("names", () => {
  test.each(cpp)("of C++: %s", (mangled, expected) => {
    expect(demangle(mangled)).toBe(expected);
  });

  test.each(rust)("of Rust: %s", (mangled, expected) => {
    expect(demangle(mangled)).toBe(expected);
  });

  test("that were not mangled, or not to the end, have no other form", () => {
    for (const name of [
      "main",
      "",
      "_Z",
      "_ZN",
      "_ZN1AE1",
      "_Zzz",
      "_R",
      "_RNv",
      "_Z1fT_",
      "_Z9f",
    ]) {
      expect(demangle(name)).toBeUndefined();
    }
  });

  test("that expand without end, or nest without end, are left alone", () => {
    // Each type is of two of the one before it.
    const types = Array.from({ length: 60 }, (_, at) => {
      const before = at === 0 ? "S_" : `S${(at - 1).toString(36).toUpperCase()}_`;
      return `M${before}${before}`;
    });
    expect(demangle(`_Z1f1a${types.join("")}`)).toBeUndefined();
    expect(demangle(`_Z1f${"P".repeat(5000)}i`)).toBeUndefined();
    expect(demangle(`_RNv${"Nt".repeat(5000)}C1a1b`)).toBeUndefined();
  });

  test("that are damaged give a name or none, and never fail otherwise", () => {
    const known = [...cpp, ...rust].map(([mangled]) => mangled);
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.array(
          fc.tuple(fc.nat(80), fc.constantFrom(...Array.from("EIJNSTZ_LXD0123KPRvicdlmUtBspnC"))),
          {
            maxLength: 4,
          },
        ),
        (mangled, changes) => {
          let text = mangled;
          for (const [at, letter] of changes) {
            const place = 2 + (at % (text.length - 1));
            text = text.slice(0, place) + letter + text.slice(place + (at % 2));
          }
          expect(["string", "undefined"]).toContain(typeof demangle(text));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
