/** A part of a name or type of C++, as the Itanium C++ ABI mangles it. */
export type ItaniumNode =
  | { readonly kind: "text"; readonly text: string }
  /** `short`: of a constructor or destructor ("basic_string"), where the text is another name for it ("std::string"). */
  | {
      readonly kind: "standard";
      readonly text: string;
      readonly full: string;
      readonly short: string;
    }
  | { readonly kind: "member"; readonly scope: ItaniumNode; readonly name: ItaniumNode }
  | {
      readonly kind: "template";
      readonly name: ItaniumNode;
      readonly args: readonly ItaniumNode[];
    }
  /** Of a template's arguments those that stand for one parameter ("..."). */
  | { readonly kind: "pack"; readonly elements: readonly ItaniumNode[] }
  | { readonly kind: "expansion"; readonly inner: ItaniumNode }
  /** T_: the argument of that number of the template whose function it is of. */
  | { readonly kind: "parameter"; readonly index: number }
  | { readonly kind: "tagged"; readonly inner: ItaniumNode; readonly tag: string }
  | { readonly kind: "structor"; readonly scope: ItaniumNode; readonly isDestructor: boolean }
  | { readonly kind: "conversion"; readonly type: ItaniumNode }
  | {
      readonly kind: "lambda";
      readonly parameters: readonly ItaniumNode[];
      readonly number: number;
    }
  /** `before`: what stands before the inner one; `after` behind it. */
  | {
      readonly kind: "wrapped";
      readonly before: string;
      readonly inner: ItaniumNode;
      readonly after: string;
    }
  /** " const": behind the inner type. */
  | { readonly kind: "qualified"; readonly inner: ItaniumNode; readonly qualifiers: string }
  | {
      readonly kind: "pointer";
      readonly inner: ItaniumNode;
      readonly symbol: "*" | "&" | "&&";
    }
  | { readonly kind: "memberPointer"; readonly scope: ItaniumNode; readonly inner: ItaniumNode }
  | FunctionType
  | { readonly kind: "array"; readonly size: ItaniumNode | undefined; readonly inner: ItaniumNode }
  | { readonly kind: "function"; readonly name: ItaniumNode; readonly type: FunctionType }
  /** A number of some type: `form` says how it is written. */
  | {
      readonly kind: "literal";
      readonly type: ItaniumNode;
      readonly digits: string;
      readonly isNegative: boolean;
    }
  | ItaniumExpression;

export interface FunctionType {
  readonly kind: "functionType";
  readonly returns: ItaniumNode | undefined;
  readonly parameters: readonly ItaniumNode[];
  /** " const", " &", " noexcept": behind the parameters. */
  readonly suffix: string;
}

export interface ItaniumOperator {
  /** As it is mangled, "pl". */
  readonly code: string;
  /** "+". */
  readonly symbol: string;
  readonly operands: number;
}

export type ItaniumExpression =
  | { readonly kind: "unary"; readonly operator: ItaniumOperator; readonly operand: ItaniumNode }
  | { readonly kind: "postfix"; readonly operator: ItaniumOperator; readonly operand: ItaniumNode }
  | {
      readonly kind: "binary";
      readonly operator: ItaniumOperator;
      readonly left: ItaniumNode;
      readonly right: ItaniumNode;
    }
  | { readonly kind: "conditional"; readonly parts: readonly ItaniumNode[] }
  | {
      readonly kind: "namedCast";
      readonly name: string;
      readonly type: ItaniumNode;
      readonly operand: ItaniumNode;
    }
  | { readonly kind: "cast"; readonly type: ItaniumNode; readonly operand: ItaniumNode }
  | { readonly kind: "call"; readonly callee: ItaniumNode; readonly args: readonly ItaniumNode[] }
  | { readonly kind: "list"; readonly elements: readonly ItaniumNode[]; readonly between: string }
  | {
      readonly kind: "braces";
      readonly type: ItaniumNode | undefined;
      readonly elements: readonly ItaniumNode[];
    }
  | {
      readonly kind: "fold";
      readonly isLeft: boolean;
      readonly symbol: string;
      readonly operands: readonly ItaniumNode[];
    }
  | { readonly kind: "packSize"; readonly operand: ItaniumNode }
  | { readonly kind: "functionParameter"; readonly text: string };

export function textNode(text: string): ItaniumNode {
  return { kind: "text", text };
}
