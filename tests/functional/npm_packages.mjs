// Other people's packages for the tests that meet somebody else's code.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function skip(why) {
    console.log(`skipped: ${why}`);
    console.log("0 passed, 0 failed, 1 skipped");
    process.exit(0);
}

// npm warns first and says what went wrong later.
function firstError(text) {
    const lines = text.trim().split("\n");
    const errors = lines.filter((line) => /^npm (ERR!|error)/.test(line));
    return errors.find((line) => line.includes("request to")) ?? errors[0] ?? lines[0];
}

// The folder that holds what the lock file in `here` names; it is kept for the next run. `isThere` tells
// whether a folder is complete. Skips the test where the packages cannot be had.
export function packagesOf(here, name, isThere) {
    const folder = join(tmpdir(), `quarterdeck-${name}-${process.getuid?.() ?? 0}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of ["package.json", "package-lock.json"])
        if (existsSync(join(here, file))) cpSync(join(here, file), join(folder, file));
    if (isThere(folder)) return folder;
    // Without a network npm would try for more than a minute.
    const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts",
        "--fetch-retries=1", "--fetch-retry-mintimeout=1000"],
        { cwd: folder, encoding: "utf8", timeout: 240_000 });
    if (npm.error) skip(`npm cannot be run: ${npm.error.message}`);
    if (npm.status !== 0) skip(`the packages cannot be installed: ${firstError(npm.stderr)}`);
    return folder;
}
