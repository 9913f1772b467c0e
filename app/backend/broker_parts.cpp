#include "app/backend/broker_parts.h"

#include "app/backend/broker_settings.h"

namespace qd::app {

std::unique_ptr<BrokerParts> BrokerParts::make(const runtime::Config& config, const World& world)
{
    const auto name = brokerName(config);
    if (name == "tradier") return makeTradierParts(config, world);
    return name == "ibkr" ? makeIbkrParts(config, world) : makeAlpacaParts(config, world);
}

void tryCandidate(std::shared_ptr<brokers::Broker> client, runtime::Executor& core,
                  const vault::Vault::Verdict& verdict)
{
    auto& asked = *client;
    asked.account([client = std::move(client), verdict, &core](
                      const Result<AccountSnapshot>& account) {
        core.post([client] {}); // it ends outside its own call
        verdict(account.map([](const AccountSnapshot&) {}));
    });
}

} // namespace qd::app
