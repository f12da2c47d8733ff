// What the protocol's zod schemas accept, as data that the programs check by without zod. There is no second source: this
// reads the schemas' own definitions, and refuses what it does not know.

/** @typedef {import("../../packages/protocol/src/compact-checks.js").Shape} Shape */

/**
 * What is used of zod's own description of a schema or of a check (zod/v4/core/schemas.js and checks.js).
 *
 * @typedef {object} Definition
 * @property {string} [type]
 * @property {string} [check]
 * @property {string} [format]
 * @property {readonly { readonly _zod: { readonly def: Definition } }[]} [checks]
 * @property {Readonly<Record<string, Schema>>} [shape]
 * @property {Schema} [catchall]
 * @property {Schema} [element]
 * @property {Schema} [keyType]
 * @property {Schema} [valueType]
 * @property {Schema} [innerType]
 * @property {readonly Schema[]} [options]
 * @property {string} [discriminator]
 * @property {readonly unknown[]} [values]
 * @property {Readonly<Record<string, string>>} [entries]
 * @property {number | bigint} [value]
 * @property {boolean} [inclusive]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [length]
 * @property {RegExp} [pattern]
 */

/** @typedef {{ readonly _zod: { readonly def: Definition } }} Schema */

/** Shapes of schemas, by names of the caller's, with the patterns that they refer to. */
export class Shapes {
  /** @type {Record<string, Shape>} */
  shapes = {};
  /** @type {RegExp[]} */
  patterns = [];

  /**
   * @param {string} name
   * @param {unknown} schema  of zod
   */
  add(name, schema) {
    this.shapes[name] = this.#shapeOf(/** @type {Schema} */ (schema));
  }

  /**
   * @param {Schema} schema
   * @returns {Shape}
   */
  #shapeOf({ _zod: { def } }) {
    switch (def.type) {
      case "unknown":
        return ["any"];
      case "boolean":
        return ["boolean"];
      case "number":
        return this.#integer(def);
      case "bigint": {
        const { min, max } = bounds(def);
        return ["bigint", String(required(min)), String(required(max))];
      }
      case "custom":
        return this.#bytes(def);
      case "string":
        return this.#text(def);
      case "literal":
        return ["values", def.values ?? []];
      case "enum":
        return ["values", Object.values(def.entries ?? {})];
      case "nullable":
        return ["nullable", this.#shapeOf(required(def.innerType))];
      case "array":
        return this.#array(def);
      case "record":
        return [
          "record",
          this.#shapeOf(required(def.keyType)),
          this.#shapeOf(required(def.valueType)),
        ];
      case "object":
        return this.#object(def);
      case "union":
        return this.#union(def);
      default:
        throw new TypeError(`no shape for a schema of type ${def.type}`);
    }
  }

  /**
   * @param {Definition} def
   * @returns {Shape}
   */
  #integer(def) {
    if (def.format !== "safeint") throw new TypeError("numbers are integers here: z.int()");
    /** @type {(number | null)[]} */
    const pairs = [];
    for (const { _zod } of def.checks ?? []) {
      const { check, value, inclusive } = _zod.def;
      if (inclusive !== true) throw new TypeError("bounds are inclusive here");
      if (check === "greater_than") pairs.push(Number(value), null);
      else if (check === "less_than" && pairs.length > 0 && pairs.at(-1) === null)
        pairs[pairs.length - 1] = Number(value);
      else if (check === "less_than") pairs.push(null, Number(value));
      else throw new TypeError(`no shape for a check of kind ${check}`);
    }
    return ["integer", ...pairs];
  }

  /**
   * @param {Definition} def
   * @returns {Shape}
   */
  #bytes(def) {
    const { min = 0, max } = bounds(def);
    return ["bytes", Number(min), Number(required(max))];
  }

  /**
   * @param {Definition} def
   * @returns {Shape}
   */
  #text(def) {
    const { min = 0, max = null, pattern } = bounds(def);
    let index = null;
    if (pattern !== undefined) {
      const known = this.patterns.findIndex((one) => String(one) === String(pattern));
      index = known === -1 ? this.patterns.push(pattern) - 1 : known;
    }
    return ["text", Number(min), max === null ? null : Number(max), index];
  }

  /**
   * @param {Definition} def
   * @returns {Shape}
   */
  #array(def) {
    const { min = 0, max } = bounds(def);
    const element = this.#shapeOf(required(def.element));
    return ["array", element, Number(min), max === undefined ? null : Number(max)];
  }

  /**
   * @param {Definition} def
   * @returns {Shape}
   */
  #object(def) {
    /** @type {Record<string, Shape>} */
    const keys = {};
    const optional = [];
    for (const [key, schema] of Object.entries(def.shape ?? {})) {
      const own = schema._zod.def;
      if (own.type === "optional") optional.push(key);
      keys[key] = this.#shapeOf(own.type === "optional" ? required(own.innerType) : schema);
    }
    return [def.catchall?._zod.def.type === "never" ? "object" : "loose", keys, optional];
  }

  /**
   * @param {Definition} def
   * @returns {Shape}
   */
  #union({ options = [], discriminator }) {
    if (discriminator === undefined) {
      return ["union", options.map((option) => this.#shapeOf(option))];
    }
    const kinds = options.map((option) => {
      const [kind] = option._zod.def.shape?.[discriminator]?._zod.def.values ?? [];
      return [String(kind), this.#shapeOf(option)];
    });
    return ["kinds", discriminator, Object.fromEntries(kinds)];
  }
}

/**
 * What a schema's checks ask for: lengths, or values, from and to, and a pattern.
 *
 * @param {Definition} def
 */
function bounds(def) {
  /** @type {{ min?: number | bigint | undefined, max?: number | bigint | undefined, pattern?: RegExp | undefined }} */
  const found = {};
  for (const { _zod } of def.checks ?? []) {
    const check = _zod.def;
    switch (check.check) {
      case "greater_than":
      case "less_than":
        if (check.inclusive !== true) throw new TypeError("bounds are inclusive here");
        if (check.check === "less_than") found.max = check.value;
        else found.min = check.value;
        break;
      case "min_length":
        found.min = check.minimum;
        break;
      case "max_length":
        found.max = check.maximum;
        break;
      case "length_equals":
        found.min = check.length;
        found.max = check.length;
        break;
      case "string_format":
        found.pattern = check.pattern;
        break;
      default:
        throw new TypeError(`no shape for a check of kind ${check.check}`);
    }
  }
  return found;
}

/**
 * @template T
 * @param {T | undefined} value
 * @returns {T}
 */
function required(value) {
  if (value === undefined) throw new TypeError("a schema without a bound that its shape needs");
  return value;
}
