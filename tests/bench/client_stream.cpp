// What the net thread spends on market data: reading frames and gathering them between two hand-overs.
// uses: services/client
#include <chrono>
#include <cstdio>
#include <string>

#include "services/client/conflater.h"
#include "services/json/json.h"

namespace {

constexpr int kRowsPerFrame = 500, kFrames = 200;

std::string frameText(int sequence)
{
    std::string text = "{\"type\":\"market\",\"sequence\":" + std::to_string(sequence) + ",\"quotes\":[";
    for (int i = 0; i < kRowsPerFrame; ++i) {
        if (i > 0) text += ',';
        text += "[\"S" + std::to_string(i) + "\",\"512.3" + std::to_string(sequence % 10) +
                "\",\"512.40\",\"300\",\"400\",\"512.35\",\"100\",\"1234567\",1767625200000,"
                "1767625200001,\"live\"]";
    }
    return text + "],\"conflated\":0}";
}

template <typename Work>
double secondsOf(Work work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

int main()
{
    std::vector<std::string> frames;
    for (int i = 0; i < kFrames; ++i) frames.push_back(frameText(i));
    std::size_t rows = 0, parsed = 0;
    const double control = secondsOf([&] {
        for (const auto& text : frames)
            parsed += qd::json::Document::parse(text)->root()["quotes"].size();
    });
    qd::client::Conflater conflater(2'000);
    const double spent = secondsOf([&] {
        for (const auto& text : frames) {
            auto frame = qd::client::readFrame(text, 1 << 20);
            conflater.add(std::move(std::get<qd::client::MarketFrame>(*frame)));
            rows += kRowsPerFrame;
        }
    });
    const double share = spent / static_cast<double>(rows) * 50'000 * 100;
    std::printf("{\"bench\":\"client.rows\",\"value\":%.2f,\"unit\":\"%% of a core at 50000 rows/s\","
                "\"control\":\"json_parse\",\"ratio\":%.2f,\"bar\":\"<=15 %%\",\"ok\":%s}\n",
                share, spent / control, share <= 15 ? "true" : "false");
    return parsed == rows && conflater.take().quotes.size() == std::size_t(kRowsPerFrame) ? 0 : 1;
}
