#!/usr/bin/env node
"use strict";
require("../dist/sonde-agent.cjs");
