// src/api/schema.ts from the server's OpenAPI snapshot; with --check: fail where it is not what the snapshot gives.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const snapshot = new URL("../../server/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.ts", import.meta.url);
const check = process.argv.includes("--check");

if (!existsSync(snapshot)) {
  console.log("server/openapi.json is not there: nothing to compare");
  process.exit(0);
}
const head = "// Made by `npm run schema` from server/openapi.json. Do not edit.\n\n";
const wanted = head + astToString(await openapiTS(JSON.parse(readFileSync(snapshot, "utf8"))));
const present = existsSync(target) ? readFileSync(target, "utf8") : "";
if (present === wanted) process.exit(0);
if (check) {
  console.error("error: src/api/schema.ts is not what server/openapi.json gives\nhelp: run `npm run schema`");
  process.exit(1);
}
writeFileSync(target, wanted);
console.log("wrote src/api/schema.ts");
