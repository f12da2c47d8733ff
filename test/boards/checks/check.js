/**
 * One thing that is to work on a board, seen from this machine through `sonde`. It fails by throwing, except for
 * NotApplicable: what the board itself answered is then the reason.
 *
 * @typedef {object} Check
 * @property {string} name                what works, as the table says it
 * @property {readonly string[]} needs    features, by their names in `sonde info --json`: a board that lacks one is not asked
 * @property {boolean} [isSerialToo]      whether it is also done over the serial port
 * @property {readonly string[]} [without]  it is done with an agent that takes the kernel for one without these (sonde-agent --without)
 * @property {(on: import("../board-under-test.js").BoardUnderTest) => Promise<void>} run
 */

export class NotApplicable extends Error {}
