// Alpaca's own SDK and Toxiproxy's own client, unmodified, against a real quarterdeck-sandbox.
//   node run.mjs PATH/TO/quarterdeck-sandbox
// Installs the packages into a folder of its own first. Where that cannot be done it prints
// "skipped: why". Ends with "N passed, N failed".
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { packagesOf, skip } from "../npm_packages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const binary = resolve(process.argv[2] ?? process.env.QUARTERDECK_SANDBOX ?? "build/bin/quarterdeck-sandbox");

function install() {
    const requireOf = (folder) => createRequire(join(folder, "package.json"));
    return requireOf(packagesOf(here, "alpaca-sdk", (folder) => {
        try {
            requireOf(folder).resolve("@alpacahq/alpaca-trade-api");
            requireOf(folder).resolve("toxiproxy-node-client");
            return true;
        } catch {
            return false;
        }
    }));
}

async function startSandbox() {
    const child = spawn(binary, ["--seed", "7", "--symbols", "40", "--updates-per-second", "400",
        "--partial-fill-percent", "0", "--requests-per-minute", "10000", "--follow-parent"],
        { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const line = await Promise.race([
        new Promise((done) => lines.once("line", done)),
        new Promise((_, fail) => child.once("exit", (code) => fail(new Error(`sandbox ended with ${code}`)))),
        new Promise((_, fail) => setTimeout(() => fail(new Error("no ready line within 20 s")), 20_000).unref()),
    ]);
    return { child, ready: JSON.parse(line) };
}

let passed = 0;
let failed = 0;
async function test(name, body) {
    let timer;
    try {
        await Promise.race([body(), new Promise((_, fail) => {
            timer = setTimeout(() => fail(new Error("took longer than 20 s")), 20_000);
        })]);
        ++passed;
        console.log(`ok   ${name}`);
    } catch (error) {
        ++failed;
        console.log(`FAIL ${name}: ${error?.stack ?? error}`);
    } finally {
        clearTimeout(timer);
    }
}
function expect(condition, what) {
    if (!condition) throw new Error(`expected ${what}`);
}
/** Asks again until the answer is no error, for at most 15 s. */
async function answered(ask) {
    const deadline = Date.now() + 15_000;
    for (;;) {
        try {
            return await ask();
        } catch (error) {
            if (Date.now() > deadline) throw error;
            await new Promise((done) => setTimeout(done, 100));
        }
    }
}
/** The first event of `subscribe` that `wanted` accepts. */
function first(subscribe, wanted = () => true) {
    return new Promise((done) => subscribe((event) => wanted(event) && done(event)));
}
async function eventually(probe) {
    for (let i = 0; i < 400; ++i) {
        const found = await probe();
        if (found) return found;
        await new Promise((done) => setTimeout(done, 25));
    }
    throw new Error("it did not come true within 10 s");
}

if (!existsSync(binary)) skip(`${binary} is not built`);
const require = install();
const { Alpaca } = require("@alpacahq/alpaca-trade-api");
const { Toxiproxy } = require("toxiproxy-node-client");
const { child, ready } = await startSandbox();
const { keyId, secretKey } = JSON.parse(readFileSync(ready.credentialsFile, "utf8"));

// The SDK knows Alpaca's hosts only; its own `fetchApi` hook sends what it asks to the sandbox.
const toSandbox = (url, init) => {
    const wanted = new URL(String(url));
    return fetch(new URL(wanted.pathname + wanted.search, ready.alpaca), init);
};
const alpaca = new Alpaca({ keyId, secret: secretKey, fetchApi: toSandbox, retry: false, rateLimit: false });
const admin = (path, body) => fetch(ready.admin + path, { method: "POST", body: JSON.stringify(body) });

await test("the account is there and its money is exact", async () => {
    const check = await alpaca.trading.validateConnection();
    expect(check.ok, `a valid connection, was ${JSON.stringify(check)}`);
    expect(check.account.cash === "100000", `100000 in cash, was ${check.account.cash}`);
    expect(check.account.status === "ACTIVE", "an active account");
});

await test("wrong credentials are refused", async () => {
    const stranger = new Alpaca({ keyId, secret: "wrong", fetchApi: toSandbox, retry: false });
    const check = await stranger.trading.validateConnection();
    expect(!check.ok && check.status === 403, `403, was ${JSON.stringify(check)}`);
});

await test("assets, clock and calendar", async () => {
    const assets = await alpaca.trading.assets.getV2Assets({ status: "active" });
    expect(assets.length === 40, `40 assets, was ${assets.length}`);
    const spy = await alpaca.trading.assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "SPY" });
    expect(spy.tradable && spy.fractionable, "SPY to be tradable and fractionable");
    const clock = await alpaca.trading.clock.legacyClock();
    expect(clock.isOpen === true, `an open market, was ${JSON.stringify(clock)}`);
    const days = await alpaca.trading.calendar.legacyCalendar({});
    expect(days.length > 10, "a month of days");
});

await test("an order lives from submission to fill, on the stream and in the lists", async () => {
    await admin("/market/price", { symbol: "SPY", bid: "99.90", ask: "100.00" });
    const stream = alpaca.trading.stream({ url: ready.stream });
    const listening = first((fn) => stream.on("subscription", fn));
    stream.subscribeTradeUpdates();
    stream.connect();
    await listening;
    const clientOrderId = `sdk-${process.pid}`;
    const fill = first((fn) => stream.onTradeUpdate(fn),
        (update) => update.event === "fill" && update.order.clientOrderId === clientOrderId);
    const order = await alpaca.trading.orders.market({ symbol: "SPY", qty: 10, side: "buy", clientOrderId });
    const update = await fill;
    stream.disconnect();
    expect(update.order.id === order.id, "the fill of that order");
    expect(update.price === "100" && update.qty === "10", `10 at 100, was ${update.qty} at ${update.price}`);
    expect(update.positionQty === "10" && update.executionId, "position and execution id");
    const found = await alpaca.trading.orders.getOrderByClientOrderId({ clientOrderId });
    expect(found.status === "filled" && found.filledAvgPrice === "100", "a filled order");
    const position = await alpaca.trading.positions.getOpenPosition({ symbolOrAssetId: "SPY" });
    expect(position.qty === "10", "ten shares");
    const fills = await alpaca.trading.accountActivities.getAccountActivitiesByActivityType({ activityType: "FILL" });
    // The SDK reads every activity as a non-trade one, so that the order id is lost on its side.
    expect(fills.length === 1 && fills[0].qty === "10" && fills[0].symbol === "SPY",
        `one FILL activity, was ${JSON.stringify(fills)}`);
});

await test("submitAndWait sees the end of its order", async () => {
    const stream = alpaca.trading.stream({ url: ready.stream });
    stream.connect();
    const order = await alpaca.trading.submitAndWait(
        { symbol: "SPY", qty: 1, side: "buy", type: "market", timeInForce: "day" }, { stream });
    stream.disconnect();
    expect(order.status === "filled", `filled, was ${order.status}`);
});

await test("a limit order is replaced, then canceled", async () => {
    const order = await alpaca.trading.orders.limit({ symbol: "SPY", qty: 2, side: "buy", limitPrice: 90, timeInForce: "gtc" });
    await eventually(async () =>
        (await alpaca.trading.orders.getOrderByOrderID({ orderId: order.id })).status === "new");
    const changed = await alpaca.trading.orders.patchOrderByOrderId({ orderId: order.id, patchOrderRequest: { limitPrice: "91" } });
    expect(changed.id !== order.id && changed.replaces === order.id, "a new order that replaces the old one");
    await eventually(async () =>
        (await alpaca.trading.orders.getOrderByOrderID({ orderId: changed.id })).status === "new");
    await alpaca.trading.orders.deleteOrderByOrderID({ orderId: changed.id });
    await eventually(async () =>
        (await alpaca.trading.orders.getOrderByOrderID({ orderId: changed.id })).status === "canceled");
});

await test("a bracket holds its legs; cancel all ends it", async () => {
    const order = await alpaca.trading.orders.bracket({ symbol: "SPY", qty: 1, side: "buy", type: "limit",
        limitPrice: 90, timeInForce: "gtc", takeProfit: { limitPrice: 120 }, stopLoss: { stopPrice: 80 } });
    expect(order.legs?.length === 2, `two legs, was ${JSON.stringify(order.legs)}`);
    await alpaca.trading.orders.deleteAllOrders();
    await eventually(async () => (await alpaca.trading.orders.getAllOrders({ status: "open" })).length === 0);
});

await test("a duplicate client order id is refused with its code", async () => {
    const again = { symbol: "SPY", qty: 1, side: "buy", limitPrice: 50, timeInForce: "gtc", clientOrderId: "twice" };
    await alpaca.trading.orders.limit(again);
    const error = await alpaca.trading.orders.limit(again).then(() => null, (e) => e);
    expect(error?.status === 422 && Number(error.code) === 40010001, `422/40010001, was ${error?.status}/${error?.code}`);
    await alpaca.trading.orders.deleteAllOrders();
});

await test("bars come page by page, without gap or repetition", async () => {
    const start = new Date(Date.now() - 30 * 86_400_000);
    const bars = await alpaca.marketData.getStockBarsFor("SPY", { timeframe: "1Day", start, limit: 7 });
    expect(bars.length >= 20, `a month of bars, was ${bars.length}`);
    const times = bars.map((bar) => +new Date(bar.timestamp));
    expect(times.every((time, i) => i === 0 || time > times[i - 1]), "rising times");
});

await test("latest quotes, trades and snapshots", async () => {
    const quotes = await alpaca.marketData.stocks.stockLatestQuotes({ symbols: "SPY,AAPL" });
    expect(quotes.quotes.SPY.ap === 100, `an ask of 100, was ${quotes.quotes.SPY?.ap}`);
    // Until its first print of the day a symbol has no latest trade: that is 404 at Alpaca too.
    const price = await answered(() => alpaca.marketData.getLatestPrice("AAPL"));
    expect(price !== undefined, "a price");
    const snapshots = await alpaca.marketData.stocks.stockSnapshots({ symbols: "AAPL" });
    expect(JSON.stringify(snapshots).includes("prevDailyBar"), "a snapshot");
    const crypto = await alpaca.marketData.crypto.cryptoLatestQuotes({ loc: "us", symbols: "BTC/USD" });
    expect(crypto.quotes["BTC/USD"].bp > 0, "a crypto quote");
});

await test("the data stream quotes in MessagePack, with nanoseconds", async () => {
    const stream = alpaca.marketData.stockStream({ url: ready.dataStream });
    const echo = first((fn) => stream.on("subscription", fn), (s) => s.quotes.includes("*"));
    stream.subscribeForQuotes(["*"]);
    const quote = first((fn) => stream.onQuote(fn));
    stream.connect();
    await echo;
    const seen = await quote;
    stream.disconnect();
    expect(seen.askPrice > 0 && seen.symbol.length > 0, `a quote, was ${JSON.stringify(seen)}`);
    expect(Math.abs(Date.now() - +seen.timestamp) < 60_000, "a quote of now");
});

await test("the crypto stream and the test stream", async () => {
    const crypto = alpaca.marketData.cryptoStream({ url: ready.cryptoStream });
    crypto.subscribeForQuotes(["BTC/USD"]);
    const quote = first((fn) => crypto.onQuote(fn));
    crypto.connect();
    expect((await quote).symbol === "BTC/USD", "a bitcoin quote");
    crypto.disconnect();
    const fake = alpaca.marketData.stockStream({ url: ready.dataStream.replace("iex", "test") });
    fake.subscribeForTrades(["FAKEPACA"]);
    const trade = first((fn) => fake.onTrade(fn));
    fake.connect();
    expect((await trade).symbol === "FAKEPACA", "a FAKEPACA trade");
    fake.disconnect();
});

await test("Toxiproxy's client slows, cuts and mends a connection to the venue", async () => {
    const toxiproxy = new Toxiproxy(ready.proxyAdmin);
    expect((await toxiproxy.getVersion()).length > 0, "a version");
    const proxy = await toxiproxy.createProxy({ name: "alpaca", listen: "127.0.0.1:0", upstream: new URL(ready.alpaca).host });
    const ask = async () => {
        const begun = Date.now();
        const answer = await fetch(`http://${proxy.listen}/v2/clock`, { headers: {
            "APCA-API-KEY-ID": keyId, "APCA-API-SECRET-KEY": secretKey, Connection: "close" } });
        await answer.text();
        return { status: answer.status, ms: Date.now() - begun };
    };
    expect((await ask()).status === 200, "200 through the proxy");
    const slow = await proxy.addToxic({ name: "slow", type: "latency", stream: "downstream", toxicity: 1,
        attributes: { latency: 400, jitter: 0 } });
    const late = await ask();
    expect(late.ms >= 390, `at least 400 ms, was ${late.ms}`);
    await slow.remove();
    await proxy.addToxic({ name: "cut", type: "reset_peer", stream: "downstream", toxicity: 1, attributes: { timeout: 0 } });
    const error = await ask().then(() => null, (e) => e);
    expect(error !== null, "a cut connection");
    await toxiproxy.reset();
    expect((await ask()).status === 200, "200 after the reset");
    await proxy.remove();
    expect(Object.keys(await toxiproxy.getAll()).length === 0, "no proxy left");
});

child.kill("SIGTERM");
const code = await new Promise((done) => child.once("exit", done));
await test("the sandbox ends in good order", async () => expect(code === 0, `exit code 0, was ${code}`));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
