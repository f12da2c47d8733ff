import { createRequire } from "node:module";

// As CommonJS, which is what its types describe.
const { default: DefaultSequencer } = /** @type {typeof import("@jest/test-sequencer")} */ (
  createRequire(import.meta.url)("@jest/test-sequencer")
);

/** The longest first, so that no worker waits at the end for another; in this order. */
const longest = [
  "boards.test.ts",
  "kernel/kill.test.ts",
  "sonde/push.test.ts",
  "links/resume.test.ts",
  "micro/micro-agent.test.ts",
  "links/console.test.ts",
];

/** What jest knows of earlier runs it forgets on a new machine. */
export default class LongFirst extends DefaultSequencer {
  /**
   * @override
   * @param {Parameters<InstanceType<typeof DefaultSequencer>["sort"]>[0]} tests
   */
  async sort(tests) {
    /** @param {{ readonly path: string }} test */
    const rank = ({ path }) => {
      const place = longest.findIndex((name) => path.endsWith(`/test/${name}`));
      return place < 0 ? longest.length : place;
    };
    const sorted = await super.sort(tests);
    return [...sorted].sort((left, right) => rank(left) - rank(right));
  }
}
