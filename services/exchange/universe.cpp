#include "services/exchange/universe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "services/runtime/random.h"

namespace qd::exchange {

namespace {

struct KnownName {
    const char* symbol;
    const char* name;
    const char* exchange;
    double price;
    double ownVolatility; ///< percent a day
    double beta;
    int sector;
    double volumeMillions;
    bool tradable = true; ///< false: listed and quoted, and no order is taken
};

// Sectors: 0 broad, 1 technology, 2 communication, 3 discretionary, 4 staples, 5 financials,
// 6 health, 7 industrials, 8 energy, 9 utilities and property, 10 rates and gold, 11 crypto.
constexpr KnownName kKnown[] = {
    {"SPY", "SPDR S&P 500 ETF Trust", "ARCA", 585.40, 0.05, 1.0, 0, 55},
    {"QQQ", "Invesco QQQ Trust", "NASDAQ", 505.20, 0.15, 1.2, 1, 38},
    {"AAPL", "Apple Inc. Common Stock", "NASDAQ", 228.60, 1.0, 1.1, 1, 48},
    {"NVDA", "NVIDIA Corporation Common Stock", "NASDAQ", 138.30, 1.9, 1.8, 1, 210},
    {"MSFT", "Microsoft Corporation Common Stock", "NASDAQ", 424.10, 0.9, 1.0, 1, 21},
    {"TSLA", "Tesla, Inc. Common Stock", "NASDAQ", 346.00, 2.6, 1.7, 3, 92},
    {"AMZN", "Amazon.com, Inc. Common Stock", "NASDAQ", 204.70, 1.2, 1.2, 3, 36},
    {"META", "Meta Platforms, Inc. Class A Common Stock", "NASDAQ", 566.20, 1.4, 1.2, 2, 13},
    {"GOOGL", "Alphabet Inc. Class A Common Stock", "NASDAQ", 176.50, 1.1, 1.1, 2, 27},
    {"AMD", "Advanced Micro Devices, Inc. Common Stock", "NASDAQ", 137.50, 2.1, 1.7, 1, 41},
    {"IWM", "iShares Russell 2000 ETF", "ARCA", 231.80, 0.3, 1.2, 0, 29},
    {"DIA", "SPDR Dow Jones Industrial Average ETF Trust", "ARCA", 436.30, 0.15, 0.9, 0, 3.4},
    {"BTC/USD", "Bitcoin / US Dollar", "CRYPTO", 96500, 0.6, 1.0, 11, 0.012},
    {"ETH/USD", "Ether / US Dollar", "CRYPTO", 3380, 1.2, 1.15, 11, 0.16},
    {"GOOG", "Alphabet Inc. Class C Capital Stock", "NASDAQ", 178.10, 1.1, 1.1, 2, 18},
    {"AVGO", "Broadcom Inc. Common Stock", "NASDAQ", 165.80, 1.6, 1.4, 1, 24},
    {"BRK.B", "Berkshire Hathaway Inc. Class B", "NYSE", 470.30, 0.6, 0.8, 5, 3.6},
    {"JPM", "JPMorgan Chase & Co. Common Stock", "NYSE", 245.20, 0.9, 1.0, 5, 9},
    {"V", "Visa Inc. Class A Common Stock", "NYSE", 310.40, 0.8, 0.9, 5, 6},
    {"UNH", "UnitedHealth Group Incorporated", "NYSE", 597.80, 1.2, 0.6, 6, 4},
    {"XOM", "Exxon Mobil Corporation Common Stock", "NYSE", 120.60, 0.9, 0.8, 8, 14},
    {"LLY", "Eli Lilly and Company Common Stock", "NYSE", 752.10, 1.6, 0.6, 6, 4},
    {"MA", "Mastercard Incorporated Common Stock", "NYSE", 520.50, 0.8, 0.9, 5, 2.6},
    {"COST", "Costco Wholesale Corporation", "NASDAQ", 963.20, 0.9, 0.9, 4, 2},
    {"WMT", "Walmart Inc. Common Stock", "NYSE", 90.40, 0.9, 0.6, 4, 17},
    {"HD", "Home Depot, Inc. Common Stock", "NYSE", 421.00, 0.9, 1.0, 3, 3.2},
    {"PG", "Procter & Gamble Company", "NYSE", 175.30, 0.7, 0.5, 4, 7},
    {"NFLX", "Netflix, Inc. Common Stock", "NASDAQ", 897.50, 1.7, 1.2, 2, 3.4},
    {"JNJ", "Johnson & Johnson Common Stock", "NYSE", 155.20, 0.7, 0.5, 6, 8},
    {"BAC", "Bank of America Corporation", "NYSE", 47.10, 1.0, 1.1, 5, 33},
    {"CRM", "Salesforce, Inc. Common Stock", "NYSE", 338.00, 1.4, 1.2, 1, 6},
    {"ORCL", "Oracle Corporation Common Stock", "NYSE", 190.10, 1.4, 1.1, 1, 8},
    {"KO", "Coca-Cola Company Common Stock", "NYSE", 63.90, 0.7, 0.5, 4, 15},
    {"CVX", "Chevron Corporation Common Stock", "NYSE", 160.80, 0.9, 0.8, 8, 8},
    {"PEP", "PepsiCo, Inc. Common Stock", "NASDAQ", 160.20, 0.8, 0.5, 4, 6},
    {"ADBE", "Adobe Inc. Common Stock", "NASDAQ", 512.10, 1.5, 1.2, 1, 3},
    {"CSCO", "Cisco Systems, Inc. Common Stock", "NASDAQ", 58.90, 0.8, 0.9, 1, 17},
    {"MCD", "McDonald's Corporation Common Stock", "NYSE", 293.40, 0.8, 0.6, 3, 3.4},
    {"DIS", "Walt Disney Company Common Stock", "NYSE", 115.60, 1.1, 1.0, 2, 9},
    {"INTC", "Intel Corporation Common Stock", "NASDAQ", 24.40, 2.0, 1.3, 1, 62},
    {"QCOM", "QUALCOMM Incorporated Common Stock", "NASDAQ", 156.40, 1.5, 1.4, 1, 8},
    {"TXN", "Texas Instruments Incorporated", "NASDAQ", 198.00, 1.2, 1.2, 1, 5},
    {"CAT", "Caterpillar, Inc. Common Stock", "NYSE", 395.20, 1.1, 1.1, 7, 2.6},
    {"BA", "Boeing Company Common Stock", "NYSE", 149.50, 1.7, 1.2, 7, 9},
    {"GE", "GE Aerospace Common Stock", "NYSE", 180.80, 1.2, 1.1, 7, 5},
    {"UBER", "Uber Technologies, Inc.", "NYSE", 71.20, 1.7, 1.3, 7, 21},
    {"PLTR", "Palantir Technologies Inc.", "NASDAQ", 64.40, 3.1, 1.8, 1, 68},
    {"COIN", "Coinbase Global, Inc. Class A", "NASDAQ", 304.60, 3.4, 1.9, 5, 11},
    {"F", "Ford Motor Company Common Stock", "NYSE", 11.20, 1.3, 1.1, 3, 48},
    {"GM", "General Motors Company", "NYSE", 58.50, 1.4, 1.1, 3, 12},
    {"T", "AT&T Inc.", "NYSE", 23.10, 0.9, 0.5, 2, 32},
    {"PFE", "Pfizer, Inc. Common Stock", "NYSE", 25.80, 1.1, 0.6, 6, 39},
    {"XLK", "Technology Select Sector SPDR Fund", "ARCA", 233.30, 0.1, 1.2, 1, 5},
    {"XLF", "Financial Select Sector SPDR Fund", "ARCA", 50.70, 0.1, 0.9, 5, 38},
    {"XLE", "Energy Select Sector SPDR Fund", "ARCA", 95.60, 0.1, 0.8, 8, 14},
    {"XLV", "Health Care Select Sector SPDR Fund", "ARCA", 146.10, 0.1, 0.6, 6, 8},
    {"XLI", "Industrial Select Sector SPDR Fund", "ARCA", 143.00, 0.1, 1.0, 7, 8},
    {"XLP", "Consumer Staples Select Sector SPDR Fund", "ARCA", 81.40, 0.1, 0.5, 4, 10},
    {"XLY", "Consumer Discretionary Select Sector SPDR Fund", "ARCA", 215.80, 0.1, 1.2, 3, 4},
    {"XLU", "Utilities Select Sector SPDR Fund", "ARCA", 81.60, 0.1, 0.5, 9, 11},
    {"TLT", "iShares 20+ Year Treasury Bond ETF", "NASDAQ", 91.20, 0.3, -0.2, 10, 36},
    {"GLD", "SPDR Gold Shares", "ARCA", 248.40, 0.6, 0.05, 10, 8},
    {"SOL/USD", "Solana / US Dollar", "CRYPTO", 241.50, 2.4, 1.3, 11, 1.9},
    {"LTC/USD", "Litecoin / US Dollar", "CRYPTO", 96.30, 2.0, 1.1, 11, 0.9},
    {"DOGE/USD", "Dogecoin / US Dollar", "CRYPTO", 0.4021, 3.0, 1.4, 11, 900},
    {"TSLA.WS", "Tesla, Inc. Warrants", "NASDAQ", 14.20, 4.5, 2.2, 3, 1.5},
    {"0700.HK", "Tencent Holdings Limited Ordinary Shares", "OTC", 52.30, 1.8, 1.1, 2, 3},
    {"SIVBQ", "SVB Financial Group Common Stock, in liquidation", "OTC", 4.10, 2.5, 0.9, 5, 0.3,
     /*tradable=*/false},
};

void finish(SimulatedName& name)
{
    auto& terms = name.instrument;
    const bool crypto = terms.assetClass == AssetClass::Crypto;
    const double turnover = name.price * name.dailyVolume;
    const double tick = terms.tick.toDouble();
    // Liquid names trade a tick wide; thin ones at some hundredths of a percent.
    const double spread = name.price * std::clamp(2.5 / std::sqrt(turnover), 0.000004, 0.004);
    name.spreadTicks = std::max(1.0, spread / tick);
    name.topSize = std::max(crypto ? 5000.0 / name.price : 100.0, name.dailyVolume / 90'000);
    name.activity = std::pow(turnover, 0.42);
    name.haltsPerDay = turnover > 1e9 ? 0.002 : 0.02;
}

SimulatedName fromKnown(const KnownName& known)
{
    SimulatedName name;
    auto& terms = name.instrument;
    const bool crypto = known.sector == kCryptoSector;
    terms.symbol = Symbol::of(known.symbol);
    terms.name = known.name;
    terms.exchange = known.exchange;
    terms.assetClass = crypto ? AssetClass::Crypto : AssetClass::Equity;
    terms.fractionable = true;
    terms.tradable = known.tradable;
    terms.shortable = terms.marginable = !crypto && known.tradable;
    if (crypto) {
        terms.minQuantity = terms.lotSize = Quantity::of(known.price > 1000 ? "0.0001" : "0.01");
        terms.tick = Price::of(known.price > 10 ? "0.01" : "0.0001");
    }
    name.price = known.price;
    name.dailyVolatility = known.ownVolatility / 100;
    name.beta = known.beta;
    name.sector = known.sector;
    name.dailyVolume = known.volumeMillions * 1e6;
    finish(name);
    if (crypto)
        name.haltsPerDay = 0;
    return name;
}

/// A pronounceable ticker and a company to go with it.
SimulatedName invent(runtime::Random& random, std::set<std::string>& taken)
{
    static constexpr std::array kHeads{"Alder", "Beacon", "Cobalt", "Dover", "Ember", "Falcon",
                                       "Granite", "Harbor", "Iron", "Juniper", "Keystone", "Lumen",
                                       "Meridian", "North", "Orchard", "Pioneer", "Quarry", "River",
                                       "Summit", "Tundra", "Union", "Vertex", "Willow", "Zephyr"};
    static constexpr std::array kTails{"Bio", "Systems", "Energy", "Foods", "Bancorp", "Logistics",
                                       "Robotics", "Materials", "Health", "Realty", "Semiconductor",
                                       "Media"};
    static constexpr std::array kTailSectors{6, 1, 8, 4, 5, 7, 1, 7, 6, 9, 1, 2};
    const std::string head = kHeads[random.below(kHeads.size())];
    const auto kind = random.below(kTails.size());
    std::string symbol;
    do {
        symbol.clear();
        symbol += head.front();
        for (int i = 0; i < 3; ++i)
            symbol += static_cast<char>('A' + random.below(26));
    } while (!taken.insert(symbol).second);
    SimulatedName name;
    name.instrument.symbol = Symbol::of(symbol);
    name.instrument.name = fmt::format("{} {} Inc. Common Stock", head, kTails[kind]);
    name.instrument.exchange = random.below(2) == 0 ? "NASDAQ" : "NYSE";
    name.instrument.shortable = name.instrument.marginable = random.below(10) != 0;
    name.instrument.fractionable = random.below(4) != 0;
    name.price = std::round(4.0 * std::exp(3.6 * random.uniform()) * 100) / 100;
    name.dailyVolatility = 0.010 + 0.025 * random.uniform();
    name.beta = 0.5 + 1.2 * random.uniform();
    name.sector = kTailSectors[kind];
    name.dailyVolume = 2e5 * std::exp(4.0 * random.uniform() * random.uniform());
    finish(name);
    return name;
}

} // namespace

std::vector<SimulatedName> makeUniverse(std::uint64_t seed, int count)
{
    std::vector<SimulatedName> names;
    std::set<std::string> taken;
    const auto wanted = static_cast<std::size_t>(std::clamp(count, 1, 5000));
    for (const auto& known : kKnown) {
        if (names.size() == wanted)
            return names;
        names.push_back(fromKnown(known));
        taken.insert(known.symbol);
    }
    runtime::SeededRandom random(seed ^ 0x756e697665727365ull);
    while (names.size() < wanted)
        names.push_back(invent(random, taken));
    return names;
}

} // namespace qd::exchange
