#include "services/sandbox/alpaca/account_api.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/sandbox/alpaca/activities.h"
#include "services/sandbox/alpaca/positions_api.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr Duration kSampleEvery = std::chrono::minutes(1);

/// "1Min", "15Min", "1H", "1D" as a length; nothing if it is none of Alpaca's.
std::optional<Duration> parseTimeframe(std::string_view text)
{
    using namespace std::chrono;
    if (text == "1Min")
        return minutes(1);
    if (text == "5Min")
        return minutes(5);
    if (text == "15Min")
        return minutes(15);
    if (text == "1H" || text == "1Hour")
        return hours(1);
    if (text == "1D" || text == "1Day")
        return hours(24);
    return std::nullopt;
}

/// "3D", "1W", "1M", "1A": how far back.
std::optional<Duration> parsePeriod(std::string_view text)
{
    if (text.empty())
        return std::chrono::hours(24 * 31);
    const auto count = Decimal::parse(text.substr(0, text.size() - 1));
    if (!count || !count->isInteger() || !count->isPositive() || *count > Decimal::fromInt(1000))
        return std::nullopt;
    const auto units = count->units() / Decimal::kOne;
    switch (text.back()) {
    case 'D': return std::chrono::hours(24 * units);
    case 'W': return std::chrono::hours(24 * 7 * units);
    case 'M': return std::chrono::hours(24 * 31 * units);
    case 'A': return std::chrono::hours(24 * 366 * units);
    default: return std::nullopt;
    }
}

} // namespace

AccountApi::AccountApi(Desk& desk) : m_desk(desk)
{
    m_sampling = m_desk.executor.after(kSampleEvery, [this] { sample(); });
}

void AccountApi::sample()
{
    const Timestamp now = m_desk.exchange.clock().now;
    for (const AccountId& id : m_desk.exchange.accounts()) {
        auto& samples = m_samples[id];
        if (const auto account = m_desk.exchange.account(id))
            samples.push_back({now, account->equity});
        if (samples.size() > kSamplesMax)
            samples.pop_front();
    }
    m_sampling = m_desk.executor.after(kSampleEvery, [this] { sample(); });
}

wire::HttpResponse AccountApi::answerAccount(const ApiRequest& request)
{
    const auto& path = request.path();
    if (path.size() == 2 && request.method == "GET")
        return account(request);
    if (path.size() == 3 && path[2] == "configurations"
        && (request.method == "GET" || request.method == "PATCH"))
        return configurations(request);
    if ((path.size() == 3 || path.size() == 4) && path[2] == "activities"
        && request.method == "GET")
        return activities(request);
    if (path.size() == 4 && path[2] == "portfolio" && path[3] == "history"
        && request.method == "GET")
        return history(request);
    return errorAnswer(404, 40410000, "endpoint not found.");
}

wire::HttpResponse AccountApi::account(const ApiRequest& request) const
{
    const auto account = m_desk.exchange.account(request.account);
    if (!account)
        return errorAnswer(403, 40310000, "account is not available");
    const auto configured = m_configurations.find(request.account);
    const Configuration configuration =
        configured == m_configurations.end() ? Configuration() : configured->second;
    const Money nothing;
    json::Writer out;
    out.beginObject()
        .member("id", account->uuid)
        .member("account_number", account->number)
        .member("status", "ACTIVE")
        .member("crypto_status", "ACTIVE")
        .member("currency", "USD")
        .member("options_approved_level", 0)
        .member("options_trading_level", 0)
        .member("buying_power", account->buyingPower)
        .member("regt_buying_power", account->regTBuyingPower)
        .member("daytrading_buying_power", nothing)
        .member("effective_buying_power", account->buyingPower)
        .member("non_marginable_buying_power", account->nonMarginableBuyingPower)
        .member("options_buying_power", nothing)
        .member("bod_dtbp", 0)
        .member("cash", account->cash)
        .member("accrued_fees", account->fees)
        .member("portfolio_value", account->equity)
        .member("pattern_day_trader", false)
        .member("trading_blocked", account->tradingBlocked)
        .member("transfers_blocked", false)
        .member("account_blocked", false)
        .member("created_at", rfc3339(account->createdAt))
        .member("trade_suspended_by_user", configuration.suspendTrade)
        .member("multiplier", std::to_string(account->multiplier))
        .member("shorting_enabled", account->shortingEnabled)
        .member("equity", account->equity)
        .member("last_equity", account->lastEquity)
        .member("long_market_value", account->longMarketValue)
        .member("short_market_value", account->shortMarketValue)
        .member("position_market_value", account->longMarketValue + account->shortMarketValue)
        .member("initial_margin", account->initialMargin)
        .member("maintenance_margin", account->maintenanceMargin)
        .member("last_maintenance_margin", account->maintenanceMargin)
        .member("sma", nothing)
        .member("daytrade_count", 0)
        .member("intraday_adjustments", nothing)
        .member("pending_transfer_in", nothing)
        .member("pending_transfer_out", nothing)
        .member("pending_reg_taf_fees", nothing)
        .member("balance_asof", toString(toNewYork(m_desk.exchange.clock().now).date))
        .endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse AccountApi::configurations(const ApiRequest& request)
{
    Configuration& now = m_configurations[request.account];
    if (request.method == "PATCH") {
        const json::Value& body = request.body;
        if (!body.isObject())
            return errorAnswer(400, 40010000, "request body format is invalid");
        now.noShorting = body["no_shorting"].booleanOr(now.noShorting);
        now.suspendTrade = body["suspend_trade"].booleanOr(now.suspendTrade);
        now.fractionalTrading = body["fractional_trading"].booleanOr(now.fractionalTrading);
        now.tradeConfirmEmail =
            std::string(body["trade_confirm_email"].stringOr(now.tradeConfirmEmail));
        now.maxMarginMultiplier =
            std::string(body["max_margin_multiplier"].stringOr(now.maxMarginMultiplier));
        now.ptpNoExceptionEntry =
            body["ptp_no_exception_entry"].booleanOr(now.ptpNoExceptionEntry);
        now.maxOptionsTradingLevel =
            body["max_options_trading_level"].integerOr(now.maxOptionsTradingLevel);
        m_desk.exchange.setTradingBlocked(request.account, now.suspendTrade);
    }
    json::Writer out;
    out.beginObject()
        .member("dtbp_check", "entry")
        .member("no_shorting", now.noShorting)
        .member("suspend_trade", now.suspendTrade)
        .member("fractional_trading", now.fractionalTrading)
        .member("max_margin_multiplier", now.maxMarginMultiplier)
        .member("pdt_check", "entry")
        .member("trade_confirm_email", now.tradeConfirmEmail)
        .member("ptp_no_exception_entry", now.ptpNoExceptionEntry)
        .member("max_options_trading_level", now.maxOptionsTradingLevel)
        .endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse AccountApi::activities(const ApiRequest& request) const
{
    const auto query = readActivityQuery(request);
    if (!query)
        return errorAnswer(query.error());
    return jsonAnswer(activitiesJson(m_desk.records.executions(request.account), *query));
}

wire::HttpResponse AccountApi::history(const ApiRequest& request) const
{
    const std::string_view wanted = request.query("timeframe");
    const auto step = parseTimeframe(wanted.empty() ? "1D" : wanted);
    const auto period = parsePeriod(request.query("period"));
    if (!step || !period)
        return errorAnswer(422, 42210000, step ? "invalid period" : "invalid timeframe");
    const auto account = m_desk.exchange.account(request.account);
    if (!account)
        return errorAnswer(403, 40310000, "account is not available");
    const Timestamp now = m_desk.exchange.clock().now;
    std::map<std::int64_t, Money> points; // the last sample of each step
    if (const auto samples = m_samples.find(request.account); samples != m_samples.end())
        for (const Sample& sample : samples->second)
            if (sample.at >= now - *period)
                points[sample.at.nanos() / step->count()] = sample.equity;
    points[now.nanos() / step->count()] = account->equity;

    const Money base = account->lastEquity;
    json::Writer timestamps, equity, profit, share;
    for (json::Writer* list : {&timestamps, &equity, &profit, &share})
        list->beginArray();
    for (const auto& [bucket, value] : points) {
        timestamps.value(bucket * step->count() / 1'000'000'000);
        equity.raw(value.toString());
        profit.raw((value - base).toString());
        share.number(ratioOf(value - base, base));
    }
    for (json::Writer* list : {&timestamps, &equity, &profit, &share})
        list->endArray();
    json::Writer out;
    out.beginObject().key("timestamp").raw(timestamps.text());
    out.key("equity").raw(equity.text());
    out.key("profit_loss").raw(profit.text());
    out.key("profit_loss_pct").raw(share.text());
    out.key("base_value").raw(base.toString());
    out.member("base_value_asof", toString(toNewYork(now - *period).date))
        .member("timeframe", wanted.empty() ? std::string_view("1D") : wanted)
        .endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse AccountApi::answerClock()
{
    const exchange::VenueClock clock = m_desk.exchange.clock();
    Duration skew{};
    if (const auto fault = m_desk.strike("clock_skew"))
        skew = std::chrono::milliseconds(fault->delayMs);
    json::Writer out;
    out.beginObject()
        .member("timestamp", rfc3339NewYork(clock.now + skew))
        .member("is_open", clock.isOpen && !m_desk.sessionShut)
        .member("next_open", rfc3339NewYork(clock.nextOpen))
        .member("next_close", rfc3339NewYork(clock.nextClose))
        .endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse AccountApi::answerCalendar(const ApiRequest& request) const
{
    constexpr int kDaysMax = 366 * 30;
    const Timestamp now = m_desk.exchange.clock().now;
    const auto start = parseDate(request.query("start"));
    const auto end = parseDate(request.query("end"));
    const bool always = m_desk.exchange.sessionMode() == exchange::SessionMode::AlwaysOpen;
    // Noon keeps a step of 24 hours on the next date whatever summer time does.
    Timestamp day = fromNewYork(start.value_or(toNewYork(now).date), std::chrono::hours(12));
    const Timestamp last =
        fromNewYork(end.value_or(toNewYork(now + std::chrono::days(30)).date), std::chrono::hours(12));
    const auto wall = [](Timestamp instant, std::string_view form) {
        const auto minutes = toNewYork(instant).sinceMidnight / std::chrono::minutes(1);
        return fmt::format(fmt::runtime(form), minutes / 60, minutes % 60);
    };
    json::Writer out;
    out.beginArray();
    for (int i = 0; i < kDaysMax && day <= last; ++i, day = day + std::chrono::days(1)) {
        const Date date = toNewYork(day).date;
        const auto trading = m_desk.exchange.calendar().tradingDay(date);
        if (!always && !trading)
            continue;
        out.beginObject().member("date", toString(date));
        if (always) {
            out.member("open", "00:00").member("close", "23:59");
            out.member("session_open", "0000").member("session_close", "2359");
        } else {
            out.member("open", wall(trading->open, "{:02}:{:02}"));
            out.member("close", wall(trading->close, "{:02}:{:02}"));
            out.member("session_open", wall(trading->preOpen, "{:02}{:02}"));
            out.member("session_close", wall(trading->postClose, "{:02}{:02}"));
        }
        out.member("settlement_date", toString(toNewYork(day + std::chrono::days(1)).date)).endObject();
    }
    out.endArray();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::alpaca
