#pragma once

#include <deque>
#include <map>

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox::alpaca {

/// /v2/account with configurations, activities and portfolio history; /v2/clock; /v2/calendar.
/// Samples each account's equity once a minute for the history.
class AccountApi {
public:
    static constexpr std::size_t kSamplesMax = 20'000;

    explicit AccountApi(Desk& desk);
    wire::HttpResponse answerAccount(const ApiRequest& request);
    wire::HttpResponse answerClock();
    wire::HttpResponse answerCalendar(const ApiRequest& request) const;

private:
    struct Configuration {
        bool noShorting = false;
        bool suspendTrade = false;
        bool fractionalTrading = true;
        std::string tradeConfirmEmail = "all";
        std::string maxMarginMultiplier = "4";
        bool ptpNoExceptionEntry = false;
        std::int64_t maxOptionsTradingLevel = 0;
    };
    struct Sample {
        Timestamp at;
        Money equity;
    };

    void sample();
    wire::HttpResponse account(const ApiRequest& request) const;
    wire::HttpResponse configurations(const ApiRequest& request);
    wire::HttpResponse activities(const ApiRequest& request) const;
    wire::HttpResponse history(const ApiRequest& request) const;

    Desk& m_desk;
    std::map<AccountId, Configuration> m_configurations;
    std::map<AccountId, std::deque<Sample>> m_samples;
    runtime::Timer m_sampling;
};

} // namespace qd::sandbox::alpaca
