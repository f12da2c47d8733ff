/** One case of a suite: a program, and all that it prints. */
export interface SuiteCase {
  readonly name: string;
  /** Where it stands, for messages. */
  readonly line: number;
  readonly program: string;
  readonly format: "text" | "json";
  readonly isUnsafe: boolean;
  /** -k */
  readonly tellsOfReads: boolean;
  readonly parameters: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** Features of the kernel's that it needs beside those that all need. */
  readonly requires: readonly string[];
  /** A command of the shell's that runs once all is attached; the trace ends with it. */
  readonly workload: string | undefined;
  /** Lines of standard output, without blank ones at the start and the end. */
  readonly output: readonly ExpectedLine[];
  /** Lines that are among those of standard error. */
  readonly errors: readonly ExpectedLine[];
  readonly exitCode: number;
}

export type ExpectedLine =
  | { readonly kind: "text"; readonly text: string }
  /** The whole line matches. */
  | { readonly kind: "pattern"; readonly pattern: RegExp };

/** A suite's file is wrong: says where. */
export class SuiteError extends Error {
  override readonly name = "SuiteError";
}

type Draft = { -readonly [Key in keyof SuiteCase]: SuiteCase[Key] };

const words: Readonly<Record<string, (draft: Draft, text: string) => void>> = {
  PROG: (draft, text) => {
    draft.program += draft.program === "" ? text : `\n${text}`;
  },
  OPTIONS: (draft, text) => {
    for (const word of splitWords(text)) {
      if (word === "json") draft.format = "json";
      else if (word === "unsafe") draft.isUnsafe = true;
      else if (word === "reads") draft.tellsOfReads = true;
      else throw new SuiteError(`there is no option ${word}, only json, unsafe and reads`);
    }
  },
  ARGS: (draft, text) => {
    draft.parameters = splitWords(text);
  },
  SETTING: (draft, text) => {
    const [, name, value] = /^(\w+)=(.*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new SuiteError("SETTING takes name=value");
    draft.settings = { ...draft.settings, [name]: value };
  },
  REQUIRES: (draft, text) => {
    draft.requires = splitWords(text);
  },
  RUN: (draft, text) => {
    draft.workload = text;
  },
  EXPECT: (draft, text) => {
    draft.output = [...draft.output, { kind: "text", text }];
  },
  MATCH: (draft, text) => {
    draft.output = [...draft.output, { kind: "pattern", pattern: wholeLine(text) }];
  },
  ERROR: (draft, text) => {
    draft.errors = [...draft.errors, { kind: "text", text }];
  },
  ERROR_MATCH: (draft, text) => {
    draft.errors = [...draft.errors, { kind: "pattern", pattern: wholeLine(text) }];
  },
  EXIT: (draft, text) => {
    draft.exitCode = Number(text);
  },
};

/** The cases of a suite: what each line is, is in CONTRIBUTING.md. Throws SuiteError. */
export function parseSuite(source: string): SuiteCase[] {
  const cases: Draft[] = [];
  source.split("\n").forEach((text, index) => {
    if (text.trim() === "" || text.startsWith("#")) return;
    const [, word = "", rest = ""] = /^(\w+) ?(.*)$/.exec(text) ?? [];
    try {
      if (word === "NAME") cases.push(emptyCase(rest, index + 1));
      else readLine(cases.at(-1), word, rest);
    } catch (error) {
      if (!(error instanceof SuiteError)) throw error;
      throw new SuiteError(`line ${index + 1}: ${error.message}`);
    }
  });
  for (const { name, line, program, output, errors } of cases) {
    if (program === "") throw new SuiteError(`line ${line}: "${name}" has no PROG`);
    if (output.length + errors.length > 0) continue;
    throw new SuiteError(`line ${line}: "${name}" expects nothing`);
  }
  return cases;
}

function readLine(draft: Draft | undefined, word: string, rest: string): void {
  const read = words[word];
  if (read === undefined) throw new SuiteError(`there is no such word: ${word}`);
  if (draft === undefined) throw new SuiteError("a case begins with NAME");
  read(draft, rest);
}

function emptyCase(name: string, line: number): Draft {
  return {
    name,
    line,
    program: "",
    format: "text",
    isUnsafe: false,
    tellsOfReads: false,
    parameters: [],
    settings: {},
    requires: [],
    workload: undefined,
    output: [],
    errors: [],
    exitCode: 0,
  };
}

function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function wholeLine(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}
