// Chains of option contracts: any names and texts of files give recordings that can be played, or an
// error with a word. The input: names and texts in turn, with a zero byte between them.
// uses: models/base models/market models/orders services/runtime services/exchange

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/exchange/compressed.h"
#include "services/exchange/recording_chain.h"
#include "services/exchange/replay_market.h"

namespace {

std::vector<qd::exchange::ZipEntry> filesIn(std::string_view input)
{
    constexpr std::size_t kFilesMax = 16;
    const auto next = [&input] {
        const auto part = input.substr(0, input.find('\0'));
        input.remove_prefix(std::min(input.size(), part.size() + 1));
        return std::string(part);
    };
    std::vector<qd::exchange::ZipEntry> files;
    while (!input.empty() && files.size() < kFilesMax) {
        qd::exchange::ZipEntry file;
        file.name = next();
        file.bytes = next();
        files.push_back(std::move(file));
    }
    return files;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd;
    using namespace qd::exchange;
    auto chain = parseChain(filesIn({reinterpret_cast<const char*>(bytes), size}));
    if (chain) chain = joinChain(std::move(*chain));
    if (!chain) {
        QD_ASSERT(!chain.error().code.empty());
        return 0;
    }
    for (const auto& recording : *chain) {
        QD_ASSERT(recording.instrument.assetClass == AssetClass::Option);
        QD_ASSERT(recording.size() > 0);
        MarketBatch events;
        expandRecording(recording, 0, true, events);
    }
    return 0;
}
