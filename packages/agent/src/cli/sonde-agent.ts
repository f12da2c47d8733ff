import { main } from "./main.js";

// What goes wrong beyond what main reports is a fault of ours: Node prints its stack and ends with 1.
void main(process.argv.slice(2)).then((code) => process.exit(code));
