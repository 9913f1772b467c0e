#include "services/identity/throttle.h"

#include <algorithm>
#include <cmath>

namespace qd::identity {
namespace {

/// Newcomers share it when there is no room: a flood of accounts must not free an offender.
constexpr std::string_view kOverflow = "overflow";

std::string_view factorName(Factor factor)
{
    return factor == Factor::Password ? "password" : "code";
}

std::string accountKey(const Attempt& attempt)
{
    return std::string(factorName(attempt.factor)) + '|' + attempt.account;
}

std::string pairKey(const Attempt& attempt)
{
    const std::string from =
        attempt.device.empty() ? "network:" + attempt.network : "device:" + attempt.device;
    return accountKey(attempt) + '|' + from;
}

} // namespace

std::string_view toString(Refusal refusal)
{
    switch (refusal) {
    case Refusal::UnknownAccount: return "unknown_account";
    case Refusal::WrongPassword: return "wrong_password";
    case Refusal::CodeMissing: return "code_missing";
    case Refusal::WrongCode: return "wrong_code";
    case Refusal::Disabled: return "disabled";
    case Refusal::EmailUnverified: return "email_unverified";
    case Refusal::Busy: return "busy";
    case Refusal::Store: return "store";
    case Refusal::Proof: return "proof";
    }
    return "unknown";
}

bool isCredentialFailure(Refusal refusal)
{
    return refusal == Refusal::UnknownAccount || refusal == Refusal::WrongPassword ||
           refusal == Refusal::WrongCode;
}

Throttle::Throttle(ThrottleSettings settings, const runtime::Clock& clock, runtime::Random& random)
    : m_settings(settings), m_clock(clock), m_random(random),
      m_perNetwork(settings.perNetwork, clock), m_global(settings.global, clock)
{
}

Throttle::~Throttle() = default;

Throttle::Entry& Throttle::entry(std::string& key)
{
    const auto found = m_counters.find(key);
    if (found != m_counters.end()) return found->second;
    if (m_counters.size() >= m_settings.countersMax) sweep();
    if (m_counters.size() >= m_settings.countersMax) key = kOverflow;
    return m_counters[key];
}

const Throttle::Entry* Throttle::find(const std::string& key) const
{
    const auto found = m_counters.find(key);
    return found == m_counters.end() ? nullptr : &found->second;
}

Duration Throttle::waitAfter(int failures)
{
    const double longest = std::chrono::duration<double>(m_settings.waitMax).count();
    const double seconds = std::min(longest, std::exp2(std::min(failures - m_settings.freeFailures, 40)));
    constexpr double kLeast = 0.8, kSpread = 0.4;
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(seconds * (kLeast + kSpread * m_random.uniform())));
}

std::uint32_t Throttle::triesAsked(int failures) const
{
    if (failures < m_settings.freeFailures) return 0;
    const int doublings =
        std::min(m_settings.proofDoublingsMax, (failures - m_settings.freeFailures) / 5);
    return m_settings.proofTries << static_cast<unsigned>(doublings);
}

Duration Throttle::checkRates(const Attempt& attempt)
{
    const bool known = !attempt.device.empty();
    // A network that has used its rate up must not take from everybody's as well, nor the other way.
    if (const auto network = m_perNetwork.peek(attempt.network); !network.allowed)
        return network.retryAfter;
    const auto global = m_global.acquire(
        "all", known ? resilience::Priority::Urgent : resilience::Priority::Background);
    if (!global.allowed) return global.retryAfter;
    const auto network = m_perNetwork.acquire(attempt.network);
    return network.allowed ? Duration{} : network.retryAfter;
}

Throttle::Answer Throttle::ask(const Attempt& attempt)
{
    Answer answer;
    const Timestamp now = m_clock.now();
    Reservation keys{pairKey(attempt), accountKey(attempt)};
    // Looked at before the rates, so that who waits for one does not use up the other.
    const Entry* pair = find(keys.pair);
    const Entry* account = find(keys.account);
    const auto isLive = [&](const Entry* each) {
        return each != nullptr &&
               (each->reserved > 0 || now - each->lastFailure < m_settings.forgetAfter);
    };
    const int pairFailures = isLive(pair) ? pair->effective() : 0;
    const int accountFailures = isLive(account) ? account->effective() : 0;
    if (pairFailures >= m_settings.freeFailures && now < pair->notBefore) {
        // A wall clock that was set back must not make the wait longer than it can be.
        const Duration longest = m_settings.waitMax + m_settings.waitMax / 5;
        answer.retryAfter = std::min(longest, pair->notBefore - now);
    } else if (attempt.device.empty()) {
        const auto asked = triesAsked(std::max(pairFailures, accountFailures));
        if (attempt.proofTries < asked) answer.proofTries = asked;
    }
    if (answer.retryAfter == Duration{} && answer.proofTries == 0)
        answer.retryAfter = checkRates(attempt);
    if (answer.retryAfter > Duration{} || answer.proofTries > 0) {
        ++m_refusals;
        return answer;
    }
    for (std::string* key : {&keys.pair, &keys.account}) {
        Entry& each = entry(*key);
        if (!isLive(&each)) each = {};
        ++each.reserved;
        if (each.effective() >= m_settings.freeFailures)
            each.notBefore = now + waitAfter(each.effective());
    }
    answer.reservation = std::move(keys);
    return answer;
}

std::vector<Throttle::Counter> Throttle::settle(const Reservation& reservation, Outcome outcome)
{
    std::vector<Counter> changed;
    const Timestamp now = m_clock.now();
    for (const std::string& key : {reservation.pair, reservation.account}) {
        const auto found = m_counters.find(key);
        QD_ASSERT(found != m_counters.end() && found->second.reserved > 0);
        Entry& each = found->second;
        --each.reserved;
        if (outcome == Outcome::Failed) {
            ++each.failures;
            each.lastFailure = now;
            if (each.effective() >= m_settings.freeFailures)
                each.notBefore = std::max(each.notBefore, now + waitAfter(each.effective()));
            changed.push_back({key, each.failures, each.lastFailure, each.notBefore, false});
        } else if (outcome == Outcome::SucceededOnKnownDevice && each.failures > 0 &&
                   key != kOverflow) {
            each.failures = 0;
            each.notBefore = {};
            changed.push_back({key, 0, {}, {}, true});
        }
        if (each.failures == 0 && each.reserved == 0) m_counters.erase(found);
    }
    return changed;
}

Duration Throttle::askRate(const std::string& network)
{
    Attempt anybody;
    anybody.network = network;
    const Duration wait = checkRates(anybody);
    if (wait > Duration{}) ++m_refusals;
    return wait;
}

Result<void> Throttle::store(storage::Transaction& transaction, const std::vector<Counter>& counters)
{
    for (const Counter& counter : counters) {
        auto statement = transaction.database().prepare(
            counter.isGone
                ? "DELETE FROM identity_throttle WHERE key = ?1"
                : "INSERT INTO identity_throttle(key, failures, last_failure, not_before)"
                  " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(key) DO UPDATE SET failures = ?2,"
                  " last_failure = ?3, not_before = ?4");
        if (!statement) return tl::unexpected(statement.error());
        statement->bind(1, counter.key);
        if (!counter.isGone)
            statement->bind(2, counter.failures).bind(3, counter.lastFailure).bind(4, counter.notBefore);
        if (auto done = statement->run(); !done) return done;
    }
    return {};
}

Result<void> Throttle::load(storage::Database& database)
{
    auto statement = database.prepare(
        "SELECT key, failures, last_failure, not_before FROM identity_throttle"
        " WHERE last_failure > ?1 ORDER BY failures DESC LIMIT ?2");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, oldestKept()).bind(2, static_cast<std::int64_t>(m_settings.countersMax));
    for (;;) {
        const auto row = statement->step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
        Entry& each = m_counters[std::string(statement->text(0))];
        each.failures = static_cast<int>(std::clamp<std::int64_t>(statement->integer(1), 0, 1'000'000));
        each.lastFailure = Timestamp::fromNanos(statement->integer(2));
        each.notBefore = Timestamp::fromNanos(statement->integer(3));
    }
}

void Throttle::sweep()
{
    const Timestamp oldest = oldestKept();
    std::erase_if(m_counters, [&](const auto& each) {
        return each.second.reserved == 0 && each.second.lastFailure <= oldest;
    });
}

Result<void> Throttle::deleteOlder(storage::Transaction& transaction, Timestamp lastFailure)
{
    auto statement =
        transaction.database().prepare("DELETE FROM identity_throttle WHERE last_failure <= ?1");
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(1, lastFailure).run();
}

Timestamp Throttle::oldestKept() const
{
    return m_clock.now() - m_settings.forgetAfter;
}

int Throttle::failures(const Attempt& attempt) const
{
    const Entry* pair = find(pairKey(attempt));
    return pair == nullptr ? 0 : pair->failures;
}

} // namespace qd::identity
