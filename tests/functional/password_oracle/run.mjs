// Quarterdeck's judge of passwords against npm's zxcvbn, on the list of the commonest that comes with it.
//   node run.mjs PATH/TO/password_peer
// Installs the package into a folder of its own first. Where that cannot be done it prints
// "skipped: why". Ends with "N passed, N failed".
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packagesOf, skip } from "../npm_packages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const binary = resolve(process.argv[2] ?? "build/tests/password_peer");
const kCommonest = 10_000;

function install() {
    return createRequire(join(packagesOf(here, "password-oracle", (folder) =>
        existsSync(join(folder, "node_modules", "zxcvbn", "lib", "main.js"))), "package.json"));
}

let passed = 0, failed = 0;
function check(what, good, detail = "") {
    good ? ++passed : ++failed;
    console.log(`${good ? "ok    " : "FAILED"} ${what} ${detail}`);
}

const load = install();
const zxcvbn = load("zxcvbn");
const commonest = load("zxcvbn/lib/frequency_lists").passwords.slice(0, kCommonest);
if (!existsSync(binary)) skip(`there is no ${binary}`);

function judge(passwords) {
    const peer = spawnSync(binary, { input: passwords.join("\n") + "\n", encoding: "utf8", maxBuffer: 1 << 28 });
    const verdicts = peer.stdout.trim().split("\n").map((line) => JSON.parse(line));
    if (verdicts.length !== passwords.length) throw new Error(`${verdicts.length} of ${passwords.length} judged`);
    return verdicts;
}
const some = (list) => list.slice(0, 8).join(" ");

// ── every one of the commonest, and in the dresses that people put on them ──────────────────────
check("1 the list is whole", commonest.length === kCommonest && new Set(commonest).size === kCommonest,
    `${commonest.length} passwords`);
const capital = (word) => word[0].toUpperCase() + word.slice(1);
const swapped = (word) => word.replaceAll("a", "@").replaceAll("o", "0").replaceAll("e", "3");
const dresses = [["as it is", (word) => word], ["in capitals", (word) => word.toUpperCase()],
    ["with a capital and a year", (word) => capital(word) + "2024!"],
    ["swapped, with a tail of eight", (word) => swapped(word) + "12345678"]];
dresses.forEach(([name, dress], index) => {
    const dressed = commonest.map(dress);
    const verdicts = judge(dressed);
    const taken = dressed.filter((_, i) => verdicts[i].accepted);
    const unsaid = dressed.filter((_, i) => !verdicts[i].reasons.includes("common"));
    check(`${index + 2} refused ${name}`, taken.length === 0, `${taken.length} accepted: ${some(taken)};`
        + ` called common: ${dressed.length - unsaid.length} of ${dressed.length}`
        + (unsaid.length ? `, not: ${some(unsaid)}` : ""));
});

// ── the estimate of the original ────────────────────────────────────────────────────────────────
// What stands in no list the original counts as ten tries a letter, ours by its alphabet; both are far
// beyond what is asked. Compared is what lists and patterns decide.
const english = load("zxcvbn/lib/frequency_lists").english_wikipedia;
const word = (i) => english[(i * 7919 + 13) % 5_000];
const kSamples = 2_000, samples = (make) => Array.from({ length: kSamples }, (_, i) => make(i));
function above(passwords) {
    const verdicts = judge(passwords);
    return passwords.map((password, i) => ({ password,
        by: verdicts[i].log10Guesses - Math.log10(Math.max(1, zxcvbn(password).guesses)) }))
        .sort((a, b) => a.by - b.by);
}
const share = (all, holds) => all.filter(holds).length / all.length;
for (const [number, name, passwords, bar] of [
    [6, "the commonest", commonest.filter((_, i) => i % 5 === 0), 0.9],
    [7, "a word", samples(word), 0.95],
    [8, "two words", samples((i) => word(i) + word(i + 55)), 0.95]]) {
    const all = above(passwords);
    const near = share(all, (each) => Math.abs(each.by) <= 1);
    check(`${number} guesses ${name} within a power of ten`, near >= bar, `${(100 * near).toFixed(1)} % of`
        + ` ${all.length}, bar ${100 * bar} %; median ${all[all.length >> 1].by.toFixed(2)}`);
}
for (const [number, name, passwords] of [
    [9, "three words", samples((i) => `${word(i)} ${word(i + 55)} ${word(i * 3 + 1)}`)],
    [10, "a word and a number", samples((i) => word(i) + (i * 7919) % 10_000)]]) {
    const all = above(passwords);
    const far = share(all, (each) => each.by > 2.5);
    check(`${number} hardly ever calls ${name} 300 times as hard`, far <= 0.02, `${(100 * far).toFixed(1)} %,`
        + ` bar 2 %; median ${all[all.length >> 1].by.toFixed(2)}, farthest "${all.at(-1).password}"`);
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
