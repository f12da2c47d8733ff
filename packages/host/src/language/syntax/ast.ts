import { type Span } from "./span.js";

/** A program as it was written: nothing is resolved, expanded or folded. Every node knows its span. */
export interface ParsedProgram {
  /** Its text, and behind it those of the files that it names. */
  readonly source: string;
  readonly config: readonly ConfigEntry[];
  /** Types that the program defines, in C. */
  readonly types: readonly TypeDefinition[];
  readonly mapDeclarations: readonly MapDeclaration[];
  /** Their uses are not in `blocks` any more: see expandMacros(). */
  readonly macros: readonly MacroDefinition[];
  readonly blocks: readonly ActionBlock[];
}

/** `let @m = lruhash(100);`. */
export interface MapDeclaration {
  readonly name: string;
  readonly type: string;
  readonly entries: bigint;
  readonly span: Span;
}

/** `macro name(value, $variable, @map) { statements; value }`. */
export interface MacroDefinition {
  readonly name: string;
  readonly parameters: readonly MacroParameter[];
  readonly statements: readonly Statement[];
  readonly value: Expression | undefined;
  /** Without its body. */
  readonly headSpan: Span;
}

/** What a macro is given: any value under a name, a variable (without `$`) or a map (with `@`), which it may change. */
export interface MacroParameter {
  readonly kind: "value" | "variable" | "map";
  readonly name: string;
  readonly span: Span;
}

/** `name = value` in `config = { … }`; the value is a word, a number or a string. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string | bigint | boolean;
  readonly span: Span;
  readonly valueSpan: Span;
}

/** `probe[, probe…] /predicate/ { statements }`. */
export interface ActionBlock {
  readonly attachPoints: readonly AttachPoint[];
  readonly predicate: Expression | undefined;
  readonly body: Block;
  readonly span: Span;
}

/** A probe as written: `text` is split at colons outside quotes; the checker knows what the parts mean. */
export interface AttachPoint {
  /** Without the spaces around it; quotes are kept. */
  readonly text: string;
  /** `tracepoint`, `syscalls`, `sys_enter_*`: quotes removed. */
  readonly parts: readonly { readonly text: string; readonly span: Span }[];
  readonly span: Span;
}

export interface Block {
  readonly statements: readonly Statement[];
  /** No semicolon stands behind the last statement: it may be the block's value. */
  readonly endsWithValue?: boolean;
  readonly span: Span;
}

export type Statement =
  /** Evaluated for what it does; `isDiscarded`: `_ = …` says that its value is not wanted. */
  | {
      readonly kind: "expression";
      readonly expression: Expression;
      readonly isDiscarded: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: "assignment";
      readonly target: Expression;
      /** `undefined` for "=", "+" for "+=". */
      readonly operator: BinaryOperator | undefined;
      readonly value: Expression;
      readonly span: Span;
    }
  /** `let $name: type = value`. */
  | {
      readonly kind: "declaration";
      readonly name: string;
      readonly nameSpan: Span;
      readonly type: TypeName | undefined;
      readonly value: Expression | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: Block;
      /** `else if` is a block of one statement. */
      readonly otherwise: Block | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: "unroll";
      readonly count: Expression;
      readonly body: Block;
      readonly span: Span;
    }
  | {
      readonly kind: "while";
      readonly condition: Expression;
      readonly body: Block;
      readonly span: Span;
    }
  /** `for ($v : subject)` or `for ($v : subject..last)`. */
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly variableSpan: Span;
      readonly subject: Expression;
      readonly last: Expression | undefined;
      readonly body: Block;
      readonly span: Span;
    }
  | { readonly kind: "return"; readonly value: Expression | undefined; readonly span: Span }
  | { readonly kind: "jump"; readonly word: "break" | "continue"; readonly span: Span }
  | { readonly kind: "block"; readonly block: Block; readonly span: Span };

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "&"
  | "|"
  | "^"
  | "<<"
  | ">>"
  | "&&"
  | "||"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">=";

export type UnaryOperator = "-" | "!" | "~" | "*" | "&";

/** `uint32`, `struct task_struct *`, `int8[4]`: the name with single spaces, how many stars follow, and what stands in brackets. */
export interface TypeName {
  /** "" of `typeof(…)`. */
  readonly name: string;
  /** What stands in `typeof(…)`. */
  readonly typeOf?: Expression | TypeName;
  readonly pointerDepth: number;
  /** Lengths, outermost first; `undefined` for `[]`. */
  readonly arrayLengths: readonly (bigint | undefined)[];
  readonly span: Span;
}

/** `struct s { … };`, `enum e { … };`, `typedef … t;`. */
export type TypeDefinition =
  | StructureDefinition
  | EnumerationDefinition
  | {
      readonly kind: "typedef";
      readonly name: string;
      readonly type: DeclaredType;
      readonly span: Span;
    };

export interface StructureDefinition {
  readonly kind: "structure";
  readonly tag: "struct" | "union";
  /** "" for one without a name. */
  readonly name: string;
  readonly members: readonly MemberDeclaration[];
  /** `__attribute__((packed))`. */
  readonly isPacked: boolean;
  /** `__attribute__((aligned(N)))`, in bytes. */
  readonly alignment: number | undefined;
  readonly span: Span;
}

export interface EnumerationDefinition {
  readonly kind: "enumeration";
  readonly name: string;
  readonly values: readonly {
    readonly name: string;
    readonly value: Expression | undefined;
    readonly span: Span;
  }[];
  readonly span: Span;
}

/** `int a[4];`, `unsigned b : 3;`; the name is "" for a struct or union whose members count as the outer one's. */
export interface MemberDeclaration {
  readonly name: string;
  readonly type: DeclaredType;
  readonly bits: Expression | undefined;
  /** `__attribute__((aligned(N)))`, in bytes. */
  readonly alignment?: number | undefined;
  readonly span: Span;
}

/** A type as C declares something of it. */
export interface DeclaredType {
  /** A name, with its tag if it has one, or a definition in its place. */
  readonly base: string | StructureDefinition | EnumerationDefinition;
  readonly pointerDepth: number;
  /** Lengths, outermost first; `undefined` for `[]`. */
  readonly arrayLengths: readonly (Expression | undefined)[];
  readonly span: Span;
}

export type Expression =
  /** `isUnsigned`: a suffix said so. Durations (`1s`) are nanoseconds. */
  | {
      readonly kind: "integer";
      readonly value: bigint;
      readonly isUnsigned: boolean;
      readonly span: Span;
    }
  /** The value has its escapes undone; the span includes the quotes. */
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  | { readonly kind: "boolean"; readonly value: boolean; readonly span: Span }
  /** A bare word: a builtin, `args`, or an enumerator. */
  | { readonly kind: "identifier"; readonly name: string; readonly span: Span }
  /** `$1`; from 1. */
  | { readonly kind: "positional"; readonly index: number; readonly span: Span }
  /** `$#`. */
  | { readonly kind: "positionalCount"; readonly span: Span }
  /** The name is without `$`. */
  | { readonly kind: "scratch"; readonly name: string; readonly span: Span }
  /** The name is with `@`. Without brackets there are no keys. */
  | {
      readonly kind: "map";
      readonly name: string;
      readonly nameSpan: Span;
      readonly keys: readonly Expression[];
      readonly span: Span;
    }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly nameSpan: Span;
      readonly args: readonly Expression[];
      readonly span: Span;
    }
  /** `object.name`, `object->name`; the name is a number for tuples (`$t.0`). */
  | {
      readonly kind: "member";
      readonly object: Expression;
      readonly name: string;
      readonly nameSpan: Span;
      readonly isArrow: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: "index";
      readonly object: Expression;
      readonly index: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "unary";
      readonly operator: UnaryOperator;
      readonly operand: Expression;
      readonly span: Span;
    }
  /** `++x`, `x--`. */
  | {
      readonly kind: "update";
      readonly operator: "++" | "--";
      readonly isPrefix: boolean;
      readonly target: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "conditional";
      readonly condition: Expression;
      /** `undefined` of `a ?: b`: the condition itself. */
      readonly then: Expression | undefined;
      readonly otherwise: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "cast";
      readonly type: TypeName;
      readonly operand: Expression;
      readonly span: Span;
    }
  /** `(a, b)`; of a record, `(x=a, y=b)`, also the names. */
  | {
      readonly kind: "tuple";
      readonly elements: readonly Expression[];
      readonly names?: readonly FieldName[];
      readonly span: Span;
    }
  /** `{ statements; value }`: there is none when the last statement ends with a semicolon. */
  | {
      readonly kind: "block";
      readonly statements: readonly Statement[];
      readonly value: Expression | undefined;
      readonly span: Span;
    }
  /** `sizeof(type)`; `sizeof(expression)` is a call. */
  | { readonly kind: "sizeof"; readonly type: TypeName; readonly span: Span }
  /** `offsetof(struct s, a.b)`; of an expression, where that is a struct. */
  | {
      readonly kind: "offsetof";
      readonly of: TypeName | Expression;
      readonly path: readonly FieldName[];
      readonly span: Span;
    };

/** The name of a field, where it stands. */
export interface FieldName {
  readonly text: string;
  readonly span: Span;
}

export type ExpressionOf<Kind extends Expression["kind"]> = Extract<
  Expression,
  { readonly kind: Kind }
>;
export type StatementOf<Kind extends Statement["kind"]> = Extract<
  Statement,
  { readonly kind: Kind }
>;
