#include "app/sandbox/market.h"

#include "services/exchange/replay_market.h"
#include "services/exchange/replay_start.h"
#include "services/exchange/simulated_market.h"

namespace qd::app {

namespace {

Result<std::unique_ptr<exchange::MarketSource>> replay(const std::vector<std::string>& files,
                                                       const runtime::Config& config)
{
    auto recordings = exchange::openMarket(files);
    if (!recordings)
        return tl::unexpected(recordings.error());
    exchange::ReplayOptions options;
    options.speed = static_cast<double>(config.integer("replay_speed"));
    options.loop = config.boolean("replay_loop");
    options.stamps = exchange::ReplayStamps::ShiftedToNow;
    options.startAt = exchange::suggestedStart(*recordings);
    return std::make_unique<exchange::ReplayMarket>(std::move(*recordings), options);
}

} // namespace

Result<std::unique_ptr<exchange::MarketSource>> makeMarket(const runtime::Config& config)
{
    if (const auto files = config.list("replay"); !files.empty())
        return replay(files, config);
    exchange::SimulationOptions options;
    options.seed = static_cast<std::uint64_t>(config.integer("seed"));
    options.symbols = static_cast<int>(config.integer("symbols"));
    options.updatesPerSecond = static_cast<int>(config.integer("updates_per_second"));
    options.calendarHours = config.text("sessions") == "calendar";
    return std::make_unique<exchange::SimulatedMarket>(options);
}

} // namespace qd::app
