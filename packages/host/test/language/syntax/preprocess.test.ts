import { describe, expect, test } from "@jest/globals";
import { parseProgram } from "../../../src/language/syntax/parse-program.js";
import { preprocess } from "../../../src/language/syntax/preprocess.js";
import { printBlock } from "./print-tree.js";

/** Bodies of the program's blocks; faults when there are any. */
function bodies(source: string): string[] {
  const { program, diagnostics } = parseProgram(source);
  if (diagnostics.length > 0) return diagnostics.map(({ message }) => message);
  return program.blocks.map(({ body }) => printBlock(body));
}

describe("definitions", () => {
  const cases: [string, string][] = [
    ["#define A 5\nBEGIN { @ = A }", "{(= @ 5)}"],
    ["#define A 1 + 2\nBEGIN { @ = A * 3 }", "{(= @ (* (+ 1 2) 3))}"],
    ["#define A B\n#define B 7 // seven\nBEGIN { @ = A }", "{(= @ 7)}"],
    ["#define A A\nBEGIN { @ = A }", "{(= @ A)}"],
    ['#define A "a\\n"\nBEGIN { @ = A }', '{(= @ "a\\n")}'],
    ["#define A 1 \\\n + 1\nBEGIN { @ = A }", "{(= @ (+ 1 1))}"],
    ["#define T uint32\nBEGIN { @ = (T)pid }", "{(= @ (cast uint32 pid))}"],
    ["#define P struct sock *\nBEGIN { @ = sizeof(P) }", "{(= @ (sizeof struct sock))}"],
    ["#define A 1\n#undef A\nBEGIN { @ = A }", "{(= @ A)}"],
    ["#define F(x) x\nBEGIN { @ = F }", "{(= @ F)}"],
    ["  # define A 1\nBEGIN { @ = A }", "{(= @ 1)}"],
    ["/*\n#define A 1\n*/ BEGIN { @ = A }", "{(= @ A)}"],
    ['BEGIN { @ = "/*" }\n#define A 1\nEND { @ = A }', '{(= @ "/*")}'],
  ];
  test.each(cases)("%s", (source, expected) => {
    expect(bodies(source)[0]).toBe(expected);
  });

  test("are seen below a path with stars for folders", () => {
    const source = "uprobe:/lib/*/libc.so.6:read { @ = 1 }\n#define A 2\nEND { @ = A }";
    expect(bodies(source)).toEqual(["{(= @ 1)}", "{(= @ 2)}"]);
  });
});

test("#error, #warning and what is no directive are told of where they are kept", () => {
  const told = (source: string): string[] =>
    parseProgram(source).diagnostics.map(({ severity, message }) => `${severity}: ${message}`);
  expect(told("#warning it is old\nBEGIN { }")).toEqual(["warning: it is old"]);
  expect(told("#error it is gone\nBEGIN { }")).toEqual(["error: syntax: it is gone"]);
  expect(told("#define\nBEGIN { }")).toEqual(["error: syntax: macro name missing"]);
  expect(told("#ifdef A\n#error no\n#warning no\n#else\nBEGIN { }\n#endif")).toEqual([]);
  expect(told("#else\nBEGIN { }")).toEqual(["error: syntax: #else without #if"]);
});

describe("conditions", () => {
  const choice = (condition: string): string =>
    `${condition}\nBEGIN { @ = 1 }\n#else\nBEGIN { @ = 2 }\n#endif`;
  const cases: [string, string][] = [
    ["#ifdef BPFTRACE_HAVE_BTF", "1"],
    ["#ifndef BPFTRACE_HAVE_BTF", "2"],
    ["#define A\n#ifdef A", "1"],
    ["#if 1", "1"],
    ["#if 0", "2"],
    ["#if defined(A) || !defined B", "1"],
    ["#if defined(A) && 1", "2"],
    ["#define A 2\n#if A && !0", "1"],
    ["#define A 2\n#if A == 2 && A + 1 > 2", "1"],
    ["#define A B\n#define B A\n#if A", "2"],
    ["#if (1 | 2) == 3 && !(4 / 0)", "1"],
    ["#if 0\n#elif 1", "1"],
    ["#if 0\n#elif 0", "2"],
    ["#if 0\n#if 1\nBEGIN { ( }\n#endif\n#elif 1", "1"],
  ];
  test.each(cases)("%s", (condition, expected) => {
    expect(bodies(choice(condition))).toEqual([`{(= @ ${expected})}`]);
  });
});

test("the text keeps its length, so that places stay the same", () => {
  const source = '#define A 1\n#include <linux/fs.h>\n#if 0\nfoo\n#endif\nBEGIN { @ = "#" }\n';
  const includes: string[] = [];
  const { text } = preprocess(source, { onInclude: (name) => includes.push(name) });
  expect(text).toHaveLength(source.length);
  expect(text.trim()).toBe('BEGIN { @ = "#" }');
  expect(includes).toEqual(["<linux/fs.h>"]);
});
