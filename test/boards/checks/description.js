import assert from "node:assert/strict";
import { architectures } from "../architectures.js";

/** @type {readonly import("./check.js").Check[]} */
export const descriptionChecks = [
  {
    name: "describe",
    needs: [],
    isSerialToo: true,
    run: async (on) => {
      const target = JSON.parse(await on.sonde("info", "--json"));
      const { architecture, lacks } = on.board;
      assert.equal(target.hostname, on.board.name);
      assert.equal(target.architecture, architectures[architecture].nodeName);
      assert.equal(`${target.release}\n`, await on.machine.shell("uname -r"));
      // So what is not applicable on a board stands in its description, and is no accident.
      const missing = Object.keys(target.features).filter(
        (name) => target.features[name].state !== "supported",
      );
      assert.deepEqual(missing.sort(), [...lacks].sort());
    },
  },
];
