// Alpaca quote JSON → normalised quotes, against nlohmann-json decoding of the same text.
// uses: models/base models/market services/brokers
#include <ctime>

#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/brokers/alpaca/market_json.h"

using namespace qd;
using brokers::MarketEvent;
using brokers::alpaca::MarketDecoder;

namespace {

volatile std::int64_t g_sink = 0;

/// Processor time of this thread: other programs on the machine do not count.
double nanosNow()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

struct Best {
    double ours = 1e18, control = 1e18; ///< nanoseconds of one round
};

/// Both in turn, many short rounds of each, the best of each counts: what disturbs one disturbs the
/// other too.
template <typename Ours, typename Control>
Best measure(Ours ours, Control control)
{
    const auto once = [](int rounds, auto& work) {
        const double start = nanosNow();
        for (int i = 0; i < rounds; ++i) work();
        return (nanosNow() - start) / rounds;
    };
    const auto roundsFor = [&](auto& work) {
        int rounds = 1;
        while (once(rounds, work) * rounds < 2e6) rounds *= 2;
        return rounds;
    };
    const int oursRounds = roundsFor(ours), controlRounds = roundsFor(control);
    Best best;
    for (int i = 0; i < 150; ++i) {
        best.ours = std::min(best.ours, once(oursRounds, ours));
        best.control = std::min(best.control, once(controlRounds, control));
    }
    return best;
}

/// As the stream sends it: 400 symbols, cents, round lots, nanosecond times of varying length.
std::string frameOf(int count, std::mt19937& random)
{
    std::string text = "[";
    for (int i = 0; i < count; ++i) {
        const auto name = static_cast<unsigned>(random() % 400);
        const auto cents = static_cast<unsigned>(500 + random() % 60000);
        const unsigned digits = random() % 10 == 0 ? 8 : 9;
        const auto nanos =
            std::to_string(1'000'000'000 + random() % 1'000'000'000).substr(1, digits);
        text += fmt::format(
            R"({}{{"T":"q","S":"{}{}{}","bx":"V","bp":{}.{:02},"bs":{},"ax":"Q","ap":{}.{:02},"as":{},)"
            R"("c":["R"],"z":"C","t":"2026-01-05T{:02}:{:02}:{:02}.{}Z"}})",
            i ? "," : "", static_cast<char>('A' + name % 26), static_cast<char>('A' + name / 26),
            static_cast<char>('A' + name % 7), cents / 100, cents % 100, 1 + random() % 30,
            (cents + 2) / 100, (cents + 2) % 100, 1 + random() % 30, 14 + random() % 7,
            random() % 60, random() % 60, nanos);
    }
    return text + "]";
}

/// What one would write with nlohmann-json: the same values, numbers by way of double.
std::size_t decodeNlohmann(const std::string& text, Timestamp received,
                           std::vector<MarketEvent>& events)
{
    const auto document = nlohmann::json::parse(text);
    for (const auto& message : document) {
        if (message["T"] != "q") continue;
        Quote quote;
        quote.symbol = *Symbol::parse(message["S"].get_ref<const std::string&>());
        quote.bid = Price(*Decimal::fromDouble(message["bp"].get<double>()));
        quote.ask = Price(*Decimal::fromDouble(message["ap"].get<double>()));
        quote.bidSize = Quantity(*Decimal::fromDouble(message["bs"].get<double>()));
        quote.askSize = Quantity(*Decimal::fromDouble(message["as"].get<double>()));
        quote.eventTime = *Timestamp::parse(message["t"].get_ref<const std::string&>());
        quote.receiveTime = received;
        events.emplace_back(std::move(quote));
    }
    return events.size();
}

} // namespace

int main()
{
    std::mt19937 random(20260105);
    const auto received = Timestamp::of("2026-01-05T15:00:00Z");
    for (const int count : {1, 10, 100}) {
        std::vector<std::string> frames;
        for (int i = 0; i < 64; ++i) frames.push_back(frameOf(count, random));
        MarketDecoder decoder;
        std::vector<MarketEvent> events;
        std::vector<MarketDecoder::Control> controls;
        const auto best = measure(
            [&] {
                for (const auto& frame : frames) {
                    events.clear(); // the consumer of a frame hands the memory back
                    decoder.decode(frame, received, events, controls);
                    g_sink = g_sink + static_cast<std::int64_t>(events.size());
                }
            },
            [&] {
                for (const auto& frame : frames) {
                    events.clear();
                    g_sink =
                        g_sink + static_cast<std::int64_t>(decodeNlohmann(frame, received, events));
                }
            });
        const auto quotes = static_cast<double>(frames.size()) * count;
        const double ours = best.ours / quotes, control = best.control / quotes;
        const double ratio = control / ours;
        fmt::print(
            "{{\"bench\":\"quote_parse.frame_{}\",\"value\":{:.0f},\"unit\":\"ns per quote\","
            "\"control\":\"nlohmann_json\",\"controlValue\":{:.0f},\"ratio\":{:.1f},"
            "\"bar\":\"<=600 ns and >=10x\",\"ok\":{}}}\n",
            count, ours, control, ratio, ours <= 600 && ratio >= 10);
    }
    return 0;
}
