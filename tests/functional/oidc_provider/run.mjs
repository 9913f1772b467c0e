// Quarterdeck's OAuth client against npm's oidc-provider, an authorization server that others wrote.
//   node run.mjs PATH/TO/oauth_peer
// Installs the package into a folder of its own first. Where that cannot be done it prints
// "skipped: why". Ends with "N passed, N failed".
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packagesOf, skip } from "../npm_packages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const binary = resolve(process.argv[2] ?? "build/tests/oauth_peer");

async function install() {
    const entryOf = (folder) => join(folder, "node_modules", "oidc-provider", "lib", "index.js");
    const folder = packagesOf(here, "oidc-provider", (folder) => existsSync(entryOf(folder)));
    return (await import(pathToFileURL(entryOf(folder)))).default;
}

let passed = 0, failed = 0;
function check(what, good, detail = "") {
    good ? ++passed : ++failed;
    if (!good) console.log(`FAILED ${what} ${detail}`);
}

const Provider = await install();
if (!existsSync(binary)) skip(`there is no ${binary}`);

// ── the server ──────────────────────────────────────────────────────────────────────────────────
const { createServer } = await import("node:http");
const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const client = {
    client_id: "quarterdeck", token_endpoint_auth_method: "none", application_type: "native",
    redirect_uris: ["http://127.0.0.1/callback"], grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
};
const provider = new Provider(issuer, {
    clients: [client],
    pkce: { required: () => true, methods: ["S256"] },
    rotateRefreshToken: () => true,
    features: { revocation: { enabled: true }, devInteractions: { enabled: true } },
    scopes: ["openid", "offline_access"],
    ttl: { AuthorizationCode: 60, AccessToken: 600, RefreshToken: 86400, Grant: 86400,
           Interaction: 600, Session: 600 },
    cookies: { keys: [randomBytes(16).toString("hex")] },
});
const refusals = [];
provider.on("grant.error", (_context, error) => refusals.push(error.error_detail ?? error.message));
let tokenRequests = 0, down = 0;
const handle = provider.callback();
server.on("request", (request, response) => {
    if (request.method === "POST" && request.url === "/token") ++tokenRequests;
    const isOurs = request.method === "POST" && /^\/token(\/revocation)?$/.test(request.url);
    if (isOurs && down > 0) {
        --down;
        response.writeHead(503, { "Retry-After": "1" });
        return response.end();
    }
    return handle(request, response);
});

// ── the browser ─────────────────────────────────────────────────────────────────────────────────
async function browse(start, says = true) {
    const jar = new Map();
    let url = start, init = {};
    for (let hop = 0; hop < 20; ++hop) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
        const answer = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
        for (const set of answer.headers.getSetCookie()) {
            const [pair] = set.split(";");
            jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
        }
        const location = answer.headers.get("location");
        if (location) {
            url = new URL(location, url).href;
            init = {};
            if (url.startsWith("http://127.0.0.1:47123/")) return url;
            continue;
        }
        const page = await answer.text();
        const action = page.match(/<form[^>]*action="([^"]+)"/)?.[1];
        if (!action) return { status: answer.status, page };
        const prompt = page.match(/name="prompt" value="([^"]+)"/)?.[1] ?? "login";
        if (!says) {
            url = new URL(page.match(/href="([^"]*abort)"/)[1], url).href;
            init = {};
            continue;
        }
        const form = new URLSearchParams({ prompt, login: "owner", password: "any" });
        url = new URL(action, url).href;
        init = { method: "POST", body: form, headers: { "content-type": "application/x-www-form-urlencoded" } };
    }
    throw new Error("the browser goes round in circles");
}
async function post(path, fields) {
    const answer = await fetch(issuer + path, { method: "POST", body: new URLSearchParams(fields) });
    const text = await answer.text();
    return { status: answer.status, cache: answer.headers.get("cache-control"),
             body: text.startsWith("{") ? JSON.parse(text) : {} };
}
const refreshRaw = (token) =>
    post("/token", { grant_type: "refresh_token", client_id: "quarterdeck", refresh_token: token });
async function isAlive(access) {
    const answer = await fetch(issuer + "/me", { headers: { authorization: `Bearer ${access}` } });
    return answer.status === 200;
}

// ── our client ──────────────────────────────────────────────────────────────────────────────────
const folder = mkdtempSync(join(tmpdir(), "quarterdeck-oidc-"));
const peer = spawn(binary, [issuer, `${issuer}/auth`, `${issuer}/token`, `${issuer}/token/revocation`, folder],
    { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
async function tell(line) {
    peer.stdin.write(line + "\n");
    return JSON.parse((await lines.next()).value);
}
async function connect() {
    return tell(`finish ${await browse((await tell("begin")).url)}`);
}
async function becomes(status) {
    for (let i = 0; i < 100; ++i) {
        if ((await tell("status")).status === status) return true;
        await new Promise((done) => setTimeout(done, 100));
    }
    return false;
}

try {
    const begun = await tell("begin");
    const asked = new URL(begun.url).searchParams;
    check("1 challenge S256", asked.get("code_challenge_method") === "S256" && asked.get("code_challenge").length === 43);
    const back = await browse(begun.url);
    check("2 code and issuer", new URL(back).searchParams.get("iss") === issuer && new URL(back).searchParams.has("code"));
    const link = await tell(`finish ${back}`);
    check("3 connected", link.code === "ok", JSON.stringify(link));
    check("4 unknown scopes are seen as dropped", !link.scopes?.includes("unheard-of"), JSON.stringify(link));
    const before = tokenRequests;
    check("5 the same callback is the same", (await tell(`finish ${back}`)).code === "ok" && tokenRequests === before);
    const first = await tell("tokens");
    check("6 access works", await isAlive(first.access));

    const renewed = await tell("refused 1 1");
    const second = await tell("tokens");
    check("7 renewed and rotated", renewed.code === "ok" && second.refresh !== first.refresh, JSON.stringify(renewed));
    const many = await tell("refused 2 8");
    check("8 eight at once: one request", many.same === 8 && many.requests === 2, JSON.stringify(many));
    check("9 the family lives", await isAlive((await tell("tokens")).access));

    const third = await tell("tokens");
    check("10 a replay is refused", (await refreshRaw(first.refresh)).body.error === "invalid_grant");
    check("11 and kills the family", !(await isAlive(third.access)));
    const dead = await tell("refused 3 1");
    check("12 then the user is needed", dead.code === "oauth.reauth_needed" && dead.requests === 3, JSON.stringify(dead));
    check("13 and it says so", (await tell("status")).status === "reauth_needed");
    check("14 nothing is sent again", (await tell("refused 3 1")).requests === 3);
    check("15 connected again", (await connect()).code === "ok" && (await tell("status")).status === "connected");

    const other = await browse((await tell("begin")).url);
    const code = new URL(other).searchParams.get("code");
    const wrong = await post("/token", { grant_type: "authorization_code", client_id: "quarterdeck", code,
        redirect_uri: "http://127.0.0.1:47123/callback", code_verifier: randomBytes(32).toString("base64url") });
    check("16 a wrong verifier is refused", wrong.body.error === "invalid_grant");
    const spoilt = await tell(`finish ${other}`);
    check("17 and spoils nobody's consent", spoilt.code === "ok", JSON.stringify(spoilt));

    const denied = await tell(`finish ${await browse((await tell("begin")).url, false)}`);
    check("18 the user may say no", denied.code === "oauth.refused", JSON.stringify(denied));
    const forged = back.replace(/state=[^&]+/, `state=${randomBytes(32).toString("base64url")}`);
    check("19 a foreign state is refused", (await tell(`finish ${forged}`)).code === "oauth.state");
    const mixed = (await browse((await tell("begin")).url)).replace(/iss=[^&]+/, "iss=http%3A%2F%2Felsewhere");
    check("20 a foreign issuer is refused", (await tell(`finish ${mixed}`)).code === "oauth.issuer");
    const bad = new URL((await tell("begin")).url);
    bad.searchParams.set("redirect_uri", "http://localhost:47123/callback");
    const page = await browse(bad.href);
    check("21 localhost gets a page and no redirect", page.status === 400);

    if ((await tell("status")).status !== "connected") await connect();
    const { generation } = await tell("token");
    down = 1;
    const after503 = await tell(`refused ${generation} 1`);
    check("22 a 503 is tried again", after503.code === "ok", JSON.stringify(after503));
    const last = await tell("tokens");
    check("23 disconnected", (await tell("disconnect")).code === "ok" && (await tell("token")).code === "oauth.not_connected");
    check("24 revoked at the server", await becomes("none") && !(await isAlive(last.access))
        && (await refreshRaw(last.refresh)).body.error === "invalid_grant");
} catch (error) {
    check("the drill runs to its end", false, error.stack);
} finally {
    peer.stdin.end();
    server.closeAllConnections?.();
    server.close();
    rmSync(folder, { recursive: true, force: true });
}
if (failed) console.log("the server's own reasons:", refusals.slice(-10).join(" · "));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
