#include <algorithm>

#include <fmt/format.h>

#include "models/base/clamped.h"
#include "models/orders/validation.h"
#include "services/orders/intake.h"

namespace qd::orders {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNearMatches = 5;

Check checkOf(const Rule& rule, const std::vector<Finding>& findings)
{
    Check check{rule.code, rule.title, rule.severity, findings.empty(), {}, {}, {}};
    if (!findings.empty()) {
        const Finding& first = findings.front();
        check.detail = first.detail;
        check.field = first.field;
        check.example = first.example;
        if (!first.code.empty()) check.code = first.code;
    }
    return check;
}

/// What may be retried as it is, against what never succeeds as asked.
ErrorKind kindOf(const std::string& code)
{
    if (code == "orders.broker_not_ready" || code == "risk.rate_limit" || code == "risk.account") {
        return ErrorKind::Unavailable;
    }
    return ErrorKind::Invalid;
}

std::optional<Duration> retryAfterOf(const std::string& code)
{
    if (code == "orders.broker_not_ready" || code == "risk.account") return 2s;
    if (code == "risk.rate_limit") return 10s;
    return std::nullopt;
}

Refusal refusalOf(std::vector<FieldError> errors)
{
    Refusal refusal;
    const FieldError& first = errors.front();
    refusal.error = {kindOf(first.code), first.code, first.detail, first.field};
    refusal.retryAfter = retryAfterOf(first.code);
    refusal.errors = std::move(errors);
    return refusal;
}

bool isConfirmed(const OrderRequest& request, const char* code)
{
    return std::ranges::find(request.confirmations, code) != request.confirmations.end();
}

} // namespace

int Intake::submitsInLastMinute() const
{
    const Timestamp since = m_room.now() - 60s;
    while (!m_submits.empty() && m_submits.front() < since) m_submits.pop_front();
    return static_cast<int>(m_submits.size());
}

CheckInput Intake::inputFor(const OrderRequest& request, const brokers::BrokerStatus& status,
                            const Order* replaced) const
{
    CheckInput input{request, m_room.settings, m_room.trading, m_room.broker.capabilities(), status};
    input.now = m_room.now();
    input.instrument = m_room.market.instrument(request.symbol);
    if (input.instrument) {
        input.picture = m_room.market.picture(request.symbol);
        input.phase = m_room.market.phase(*input.instrument, input.now);
        if (input.phase != SessionPhase::Regular) {
            input.nextOpen = m_room.market.nextOpen(*input.instrument, input.now);
        }
    } else {
        input.nearMatches = m_room.market.nearMatches(request.symbol.text(), kNearMatches);
    }
    input.position = m_room.book.position(request.symbol);
    input.exposure = replaced ? m_room.book.exposureWithout(*replaced)
                              : m_room.book.exposure(request.symbol);
    if (m_room.projection.account()) input.account = m_room.projection.account();
    input.reserved = m_room.reservations.total();
    input.submitsInLastMinute = submitsInLastMinute();
    if (replaced) {
        // The venue holds back for the old order what the new one will need.
        if (const auto price = replaced->request.limitPrice) {
            input.ownReserve = notional(*price, replaced->leavesQuantity());
        }
    }
    return input;
}

std::optional<Refusal> Intake::brokerGate(const brokers::BrokerStatus& status) const
{
    const auto unavailable = [&](std::string code, std::string detail) {
        Refusal refusal;
        refusal.error = {ErrorKind::Unavailable, std::move(code), std::move(detail), {}};
        const Duration wait = status.nextAttempt - m_room.now();
        refusal.retryAfter = status.nextAttempt.isSet() && wait > Duration::zero() ? wait : 1s;
        return refusal;
    };
    const bool cannotBeAsked =
        status.refusal.kind == ErrorKind::Unavailable && !status.refusal.code.empty();
    if (!status.authenticated && cannotBeAsked)
        return unavailable("orders.broker_unavailable",
                           "the broker's session is not open: " + status.refusal.detail);
    if (!status.authenticated) {
        const auto& why = status.refusal.code.empty() ? status.lastError : status.refusal;
        Refusal refusal;
        refusal.error = {ErrorKind::Denied,
                         status.sessionTaken ? "orders.broker_session_taken"
                                             : "orders.broker_not_authenticated",
                         status.sessionTaken ? why.detail
                                             : "the broker does not take our credentials: " +
                                                   why.detail + "; authorise the account again",
                         {}};
        refusal.wayBack = status.wayBack;
        return refusal;
    }
    if (status.breakerState == "open") {
        return unavailable("orders.broker_unavailable",
                           "the broker is not reachable; the next try is at " +
                               status.nextAttempt.toString(0) + "; cancels are still tried");
    }
    return std::nullopt;
}

tl::expected<Money, Refusal> Intake::judge(const OrderRequest& request, const Order* replaced) const
{
    std::vector<FieldError> errors = validateShape(request);
    if (request.account != m_room.settings.account) {
        errors.push_back({"account", "orders.account_unknown",
                          fmt::format("expected {}, was {}", m_room.settings.account.text(),
                                      request.account.text()),
                          m_room.settings.account.text()});
    }
    if (!errors.empty()) return tl::unexpected(refusalOf(std::move(errors)));
    const brokers::BrokerStatus status = brokerStatus();
    if (auto refused = brokerGate(status)) return tl::unexpected(std::move(*refused));
    const CheckInput input = inputFor(request, status, replaced);
    for (const Rule& rule : riskRules()) {
        for (Finding& finding : rule.find(input)) {
            errors.push_back({finding.field, finding.code.empty() ? rule.code : finding.code,
                              finding.detail, finding.example});
        }
        // Later rules presume what earlier ones have made sure of.
        if (!errors.empty()) return tl::unexpected(refusalOf(std::move(errors)));
    }
    Refusal questions;
    for (const Rule& rule : precautions()) {
        const auto findings = rule.find(input);
        if (findings.empty() || isConfirmed(request, rule.code)) continue;
        questions.confirmations.push_back({rule.code, findings.front().detail});
    }
    if (questions.confirmations.empty()) return costOf(input, openingQuantity(input));
    questions.error = {ErrorKind::Conflict, "orders.confirmation_needed",
                       questions.confirmations.front().text, {}};
    return tl::unexpected(std::move(questions));
}

tl::expected<Preview, Refusal> Intake::preview(OrderRequest request) const
{
    if (auto refused = notReady()) return tl::unexpected(std::move(*refused));
    if (request.account.empty()) request.account = m_room.settings.account;
    std::vector<FieldError> errors = validateShape(request);
    if (!errors.empty()) return tl::unexpected(refusalOf(std::move(errors)));
    const brokers::BrokerStatus status = brokerStatus();
    const CheckInput input = inputFor(request, status, nullptr);
    Preview preview;
    const auto gate = brokerGate(status);
    preview.checks.push_back({"orders.broker_unavailable", "Broker reachable",
                              Check::Severity::Refuse, !gate, gate ? gate->error.detail : "", {},
                              {}});
    for (const Rule& rule : riskRules()) preview.checks.push_back(checkOf(rule, rule.find(input)));
    for (const Rule& rule : precautions()) {
        preview.checks.push_back(checkOf(rule, rule.find(input)));
    }
    preview.notional = costOf(input, request.quantity);
    if (input.account) preview.buyingPowerBefore = input.account->buyingPower - input.reserved;
    preview.buyingPowerAfter = preview.buyingPowerBefore - costOf(input, openingQuantity(input));
    const Quantity change = request.side == Side::Buy ? request.quantity : -request.quantity;
    preview.positionAfter = clampedSum(input.position.quantity, change);
    return preview;
}

} // namespace qd::orders
