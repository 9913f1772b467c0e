#include "tests/simulation/clients.h"

#include <fmt/format.h>

namespace qd::simulation {

int Luck::below(int bound)
{
    return static_cast<int>(m_random.below(static_cast<unsigned>(bound)));
}

Duration Luck::upTo(Duration longest)
{
    return Duration(static_cast<std::int64_t>(
        m_random.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

double Luck::rate(double worst)
{
    const double drawn = m_random.uniform();
    return drawn < 0.3 ? 0 : drawn * drawn * worst;
}

OrderRequest Clients::draw()
{
    const int quantity = 1 + m_luck.below(100);
    const char* symbol = kSymbols[m_luck.below(3)];
    auto builder = m_luck.below(2) == 0 ? test::buy(quantity, symbol) : test::sell(quantity, symbol);
    builder.id(ClientOrderId(m_luck.random().uuidV4())).tif(TimeInForce::Gtc);
    const bool buys = builder.request().side == Side::Buy;
    const int kind = m_luck.below(12);
    if (kind == 0) return builder.tif(TimeInForce::Day);
    if (kind == 1) return builder.stop(buys ? "12.80" : "12.20");
    builder.limit(fmt::format("12.{:02}", m_luck.below(100)));
    if (buys && kind < 4) builder.bracket("13.20", "11.80");
    return builder;
}

void Clients::submit()
{
    const bool again = !m_requests.empty() && m_luck.below(10) == 0;
    const OrderRequest request = again ? m_luck.pick(m_requests) : draw();
    if (!again) m_requests.push_back(request);
    m_facts.issued.insert(request.clientOrderId);
    const auto taken = [this](const tl::expected<Order, orders::Refusal>& answer) {
        if (answer) acknowledge(answer->request.clientOrderId);
    };
    m_backend.service().submit(request, {}, taken);
    if (m_luck.below(20) == 0) m_backend.service().submit(request, {}, taken); // impatient
}

void Clients::cancel()
{
    if (m_known.empty()) return;
    m_backend.service().cancel(m_luck.pick(m_known), {}, [](const auto&) {});
}

void Clients::modify()
{
    if (m_known.empty()) return;
    orders::ChangeRequest change;
    change.quantity = Quantity(Decimal::fromInt(1 + m_luck.below(120)));
    change.newClientOrderId = ClientOrderId(m_luck.random().uuidV4());
    m_facts.issued.insert(change.newClientOrderId);
    m_backend.service().modify(m_luck.pick(m_known), change, {}, [this](const auto& answer) {
        if (answer) acknowledge(answer->request.clientOrderId);
    });
}

void Clients::noteForeign(const ClientOrderId& id)
{
    m_facts.issued.insert(id);
    m_facts.foreign.insert(id);
}

void Clients::acknowledge(const ClientOrderId& id)
{
    m_facts.acknowledged.insert(id);
    m_known.push_back(id);
}

orders::Settings looseSettings()
{
    orders::Settings settings;
    settings.notionalMax.reset();
    settings.percentOffMarketMax.reset();
    settings.ticksOffMarketMax.reset();
    settings.sizeMax.reset();
    settings.valueMax.reset();
    settings.submitsPerMinuteMax = 100'000;
    return settings;
}

} // namespace qd::simulation
