import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { agentRuntimeLayers, pureHostLayers } from "./scripts/layers.js";

/** One object, because the last `no-restricted-syntax` that matches a file replaces those before it. */
const restrictedSyntax = {
  defaultExport: { selector: "ExportDefaultDeclaration", message: "export by name" },
  plainError: {
    selector: "ThrowStatement > NewExpression[callee.name='Error']",
    message: "throw one of the package's named errors",
  },
  wallClock: {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: "take the time as an argument",
  },
  skippedTest: {
    selector:
      "MemberExpression[object.name=/^(test|it|describe)$/][property.name=/^(only|skip|todo)$/]",
    message: "a skip names a feature: use requiresFeature of test/support/requires.ts",
  },
};

const outside = (reason, names) => names.map((name) => ({ name, message: reason }));

export default defineConfig(
  globalIgnores(["**/dist/", "test/fixtures/", "**/coverage/", ".cache/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      "@typescript-eslint/strict-boolean-expressions": [
        "error",
        { allowNullableBoolean: false, allowNullableString: false, allowNumber: false },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/ban-ts-comment": [
        "error",
        { "ts-expect-error": "allow-with-description", minimumDescriptionLength: 8 },
      ],
      "@typescript-eslint/naming-convention": [
        "error",
        {
          selector: "typeLike",
          format: ["PascalCase"],
          custom: { regex: "^I[A-Z]", match: false },
        },
        { selector: "variable", format: ["camelCase", "PascalCase", "UPPER_CASE"] },
        { selector: "function", format: ["camelCase"] },
      ],
      "no-restricted-syntax": [
        "error",
        restrictedSyntax.defaultExport,
        restrictedSyntax.plainError,
      ],
      "no-console": "error",
      "max-lines": ["error", { max: 600, skipBlankLines: true, skipComments: true }],
      // "modified": an exhaustive switch over kinds counts as one.
      complexity: ["error", { max: 20, variant: "modified" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // It also takes `return report(…)` for void where report() gives `undefined` on purpose.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // A string spreads into code points, which is what is meant.
      "@typescript-eslint/no-misused-spread": ["error", { allow: ["string"] }],
      // It asks for `!`, which no-non-null-assertion forbids.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
    },
  },
  {
    // Bytes and text in, values out.
    files: pureHostLayers.map((layer) => `packages/host/src/${layer}/**/*.ts`),
    rules: {
      "no-restricted-globals": [
        "error",
        ...outside("a pure layer: Uint8Array, not Buffer", ["Buffer"]),
        ...outside("a pure layer: take it as an argument", [
          "process",
          "setTimeout",
          "setInterval",
          "setImmediate",
          "queueMicrotask",
          "performance",
          "fetch",
        ]),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "take the time as an argument" },
      ],
      "no-restricted-syntax": [
        "error",
        restrictedSyntax.defaultExport,
        restrictedSyntax.plainError,
        restrictedSyntax.wallClock,
      ],
    },
  },
  {
    // What also runs in QuickJS, which lacks these; tsconfig's `types: []` holds the rest.
    files: ["packages/protocol/src/**/*.ts", "packages/agent/src/**/*.ts"],
    ignores: agentRuntimeLayers.map((layer) => `packages/agent/src/${layer}/**`),
    rules: {
      "no-restricted-globals": ["error", ...outside("the small engine has no Intl", ["Intl"])],
      "no-restricted-properties": [
        "error",
        {
          object: "BigInt",
          property: "asUintN",
          message: "wrong in the small engine: mask with &",
        },
        { object: "Date", property: "now", message: "take the time as an argument" },
      ],
    },
  },
  {
    files: ["packages/*/src/cli/**/*.ts", "docs/examples/**"],
    rules: { "no-console": "off" },
  },
  {
    files: ["**/test/**/*.ts"],
    rules: {
      "max-lines": "off",
      complexity: "off",
      "no-restricted-syntax": [
        "error",
        restrictedSyntax.defaultExport,
        restrictedSyntax.skippedTest,
      ],
    },
  },
  {
    // Scripts of pages: what browsers have.
    files: ["packages/host/page/*.js"],
    languageOptions: {
      globals: {
        Event: "readonly",
        addEventListener: "readonly",
        document: "readonly",
        matchMedia: "readonly",
      },
    },
  },
  {
    // Scripts and configuration: plain JavaScript, without types.
    files: ["**/*.js", "**/*.mjs", "**/*.cjs"],
    languageOptions: {
      globals: {
        Buffer: "readonly",
        URL: "readonly",
        clearInterval: "readonly",
        clearTimeout: "readonly",
        console: "readonly",
        global: "readonly",
        performance: "readonly",
        process: "readonly",
        require: "readonly",
        setImmediate: "readonly",
        setInterval: "readonly",
        setTimeout: "readonly",
      },
    },
  },
);
