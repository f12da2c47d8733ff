import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { decodeTagged, encodeTagged } from "../../src/trace/tagged-json.js";

test("integers of any size and bytes survive, within any structure", () => {
  const leaf = fc.oneof(
    fc.bigInt(),
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
  );
  const tree = fc.oneof(leaf, fc.array(leaf), fc.record({ a: leaf, b: fc.array(leaf) }));
  fc.assert(
    fc.property(tree, (value) => {
      expect(decodeTagged(encodeTagged(value))).toEqual(value);
    }),
  );
});
