import { configureGlobal } from "fast-check";

// Property tests try the same values at every run, so that a failure is that of the change it shows up with. `npm run fuzz`
// tries others.
if (process.env["SONDE_FUZZ_SCALE"] === undefined) configureGlobal({ seed: 20_261_130 });
