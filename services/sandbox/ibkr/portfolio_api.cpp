#include "services/sandbox/ibkr/portfolio_api.h"

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/venue_records.h"

namespace qd::sandbox::ibkr {

namespace {

void writeNumber(json::Writer& out, std::string_view name, Money money)
{
    out.key(name).raw(money.toString());
}

/// {"amount":12.5,"currency":"USD","isNull":false,"timestamp":…,"value":null,"severity":0}
void writeFigure(json::Writer& out, std::string_view name, Money money, Timestamp now)
{
    out.key(name).beginObject();
    writeNumber(out, "amount", money);
    out.member("currency", "USD").member("isNull", false).member("timestamp", now.millis());
    out.key("value").null().member("severity", 0).endObject();
}

} // namespace

std::optional<wire::HttpResponse> PortfolioApi::answer(const ApiRequest& request)
{
    const bool get = request.method == "GET";
    if (get && request.isAt({"iserver", "accounts"}))
        return tradingAccounts();
    if (request.path.empty() || request.path[0] != "portfolio")
        return std::nullopt;
    if (get && request.isAt({"portfolio", "accounts"}))
        return accounts();
    if (!m_parts.session.portfolioAsked)
        return errorAnswer(400, "Bad Request: query /portfolio/accounts first");
    if (request.path.size() < 3 || request.path[1] != m_parts.accountNumber)
        return errorAnswer(400, "Bad Request: account is not found");
    if (request.method == "POST" && request.isAt({"portfolio", "*", "positions", "invalidate"}))
        return jsonAnswer(R"({"message":"success"})");
    if (get && request.isAt({"portfolio", "*", "positions", "*"}))
        return positions(request.path[3]);
    if (get && request.isAt({"portfolio", "*", "ledger"}))
        return ledger();
    if (get && request.isAt({"portfolio", "*", "summary"}))
        return summary();
    return notServed();
}

wire::HttpResponse PortfolioApi::tradingAccounts()
{
    m_parts.session.accountsAsked = true;
    json::Writer out;
    out.beginObject().key("accounts").beginArray().value(m_parts.accountNumber).endArray();
    out.key("acctProps").beginObject().key(m_parts.accountNumber).beginObject();
    out.member("hasChildAccounts", false).member("supportsCashQty", true);
    out.member("supportsFractions", true).endObject().endObject();
    out.key("aliases").beginObject().member(m_parts.accountNumber, m_parts.accountNumber).endObject();
    out.member("selectedAccount", m_parts.accountNumber).member("isPaper", true);
    out.member("sessionId", m_parts.session.id()).endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse PortfolioApi::accounts()
{
    m_parts.session.portfolioAsked = true;
    json::Writer out;
    out.beginArray().beginObject();
    out.member("id", m_parts.accountNumber)
        .member("accountId", m_parts.accountNumber)
        .member("displayName", m_parts.accountNumber)
        .member("currency", "USD")
        .member("type", "DEMO")
        .member("tradingType", "STKMRGN")
        .endObject()
        .endArray();
    return jsonAnswer(out.take());
}

wire::HttpResponse PortfolioApi::positions(std::string_view page) const
{
    const auto number = wholeNumber<std::size_t>(page);
    if (!number)
        return errorAnswer(400, "Bad Request: page must be a number");
    const auto held = m_parts.desk.records.positions(m_parts.account);
    json::Writer out;
    out.beginArray();
    for (std::size_t i = *number * kPageSize; i < std::min(held.size(), (*number + 1) * kPageSize);
         ++i) {
        const auto& position = held[i];
        const std::int64_t conid = m_parts.contracts.conidOf(position.symbol);
        const auto index = m_parts.contracts.find(conid);
        if (!index)
            continue;
        const Instrument& instrument = m_parts.contracts.instrument(*index);
        out.beginObject()
            .member("acctId", m_parts.accountNumber)
            .member("conid", conid)
            .member("contractDesc", Contracts::tickerOf(instrument))
            .key("position")
            .number(position.quantity.value())
            .key("mktPrice")
            .number(position.currentPrice.value())
            .key("avgCost")
            .number(position.averageEntry.value())
            .key("avgPrice")
            .number(position.averageEntry.value());
        writeNumber(out, "mktValue", position.marketValue);
        writeNumber(out, "unrealizedPnl", position.unrealised);
        out.member("currency", "USD")
            .member("assetClass", Contracts::secTypeOf(instrument))
            .member("ticker", Contracts::tickerOf(instrument))
            .endObject();
    }
    return jsonAnswer(out.endArray().take());
}

wire::HttpResponse PortfolioApi::ledger() const
{
    const auto account = m_parts.desk.exchange.account(m_parts.account);
    if (!account)
        return errorAnswer(400, "Bad Request: account is not found");
    json::Writer out;
    out.beginObject();
    for (const char* currency : {"USD", "BASE"}) {
        out.key(currency).beginObject();
        writeNumber(out, "cashbalance", account->cash);
        writeNumber(out, "settledcash", account->cash);
        writeNumber(out, "netliquidationvalue", account->equity);
        writeNumber(out, "stockmarketvalue", account->longMarketValue + account->shortMarketValue);
        out.member("currency", currency)
            .member("acctcode", m_parts.accountNumber)
            .member("exchangerate", 1)
            .member("timestamp", m_parts.desk.exchange.clock().now.seconds())
            .endObject();
    }
    return jsonAnswer(out.endObject().take());
}

wire::HttpResponse PortfolioApi::summary() const
{
    const auto account = m_parts.desk.exchange.account(m_parts.account);
    if (!account)
        return errorAnswer(400, "Bad Request: account is not found");
    const Timestamp now = m_parts.desk.exchange.clock().now;
    json::Writer out;
    out.beginObject();
    writeFigure(out, "totalcashvalue", account->cash, now);
    writeFigure(out, "netliquidation", account->equity, now);
    writeFigure(out, "previousdayequitywithloanvalue", account->lastEquity, now);
    writeFigure(out, "buyingpower", account->buyingPower, now);
    writeFigure(out, "initmarginreq", account->initialMargin, now);
    writeFigure(out, "maintmarginreq", account->maintenanceMargin, now);
    out.key("accounttype").beginObject().key("amount").number(Decimal());
    out.key("currency").null().member("isNull", false).member("value", "INDIVIDUAL").endObject();
    out.key("tradingtype-s").beginObject().key("amount").number(Decimal());
    out.key("currency").null().member("isNull", false);
    out.member("value", account->tradingBlocked ? "CLOSEONLY" : "STKMRGN").endObject();
    return jsonAnswer(out.endObject().take());
}

} // namespace qd::sandbox::ibkr
