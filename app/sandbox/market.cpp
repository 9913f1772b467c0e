#include "app/sandbox/market.h"

#include "services/exchange/simulated_market.h"

namespace qd::app {

Result<std::unique_ptr<exchange::MarketSource>> makeMarket(const runtime::Config& config)
{
    exchange::SimulationOptions options;
    options.seed = static_cast<std::uint64_t>(config.integer("seed"));
    options.symbols = static_cast<int>(config.integer("symbols"));
    options.updatesPerSecond = static_cast<int>(config.integer("updates_per_second"));
    options.calendarHours = config.text("sessions") == "calendar";
    return std::make_unique<exchange::SimulatedMarket>(options);
}

} // namespace qd::app
