import { type Span } from "./span.js";

/** A piece of the program between spaces and comments. */
export type Token =
  /** Keywords are words too: the parser knows which mean something where. */
  | { readonly kind: "word"; readonly text: string; readonly span: Span }
  | {
      readonly kind: "integer";
      readonly value: bigint;
      readonly isUnsigned: boolean;
      readonly span: Span;
    }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  /** `$name`; the name is without `$`. */
  | { readonly kind: "scratch"; readonly name: string; readonly span: Span }
  /** `@name`; the name is with `@`. */
  | { readonly kind: "map"; readonly name: string; readonly span: Span }
  /** `$1`. */
  | { readonly kind: "positional"; readonly index: number; readonly span: Span }
  /** `$#`. */
  | { readonly kind: "positionalCount"; readonly span: Span }
  /** An operator or bracket. */
  | { readonly kind: "symbol"; readonly text: string; readonly span: Span }
  /** Text that is no token; `message` says why. */
  | {
      readonly kind: "invalid";
      readonly message: string;
      readonly span: Span;
      /** Where in it that is, if not all of it. */
      readonly place?: Span;
    }
  | { readonly kind: "end"; readonly span: Span };
