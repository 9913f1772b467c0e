#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/brokers/oauth/leases.h"

namespace qd::brokers::oauth {

/// Renews access: one request at a time for a link, whoever asks, in this process and in others.
/// A server that rotates refresh tokens kills all of them when one is used twice.
///
/// A round: take the lease (the intent is on disk), read the tokens anew, ask the broker up to
/// `Settings::refreshTries` times with growing waits, store what it gave, tell. What is refused is
/// final: the link needs its user. After an answer that may have been lost the same token is tried
/// once more and not again in this round. Core executor.
class Refresher {
public:
    using Then = std::function<void(Result<Tokens>)>;
    struct Figures {
        std::uint64_t rounds = 0, requests = 0, renewed = 0, failed = 0, refused = 0;
        std::size_t unsaved = 0; ///< links whose newest tokens are in memory only
    };

    explicit Refresher(Parts parts);
    ~Refresher();
    Refresher(const Refresher&) = delete;
    Refresher& operator=(const Refresher&) = delete;

    /// Tokens newer than `generation`. Fails with: Denied "oauth.reauth_needed" (final),
    /// Unavailable "oauth.refresh_failed" (later perhaps), Unavailable "oauth.waiting_full", or
    /// what the store says.
    void renew(const BrokerLink& link, std::int64_t generation, Then then);
    /// What is in use now: as stored, or as the broker gave it when it cannot be stored yet.
    Result<Tokens> current(const std::string& link, const std::string& owner) const;
    bool isUnderWay(const std::string& link) const { return m_rounds.contains(link); }
    const Figures& figures() const { return m_figures; }

    static constexpr std::size_t kWaitingMax = 1'024; ///< for one round

private:
    struct Round;
    using RoundPtr = std::shared_ptr<Round>;

    Result<Tokens> stored(const std::string& link, const std::string& owner) const;
    void leased(const RoundPtr& round, const Result<std::string>& holder);
    void request(const RoundPtr& round);
    void answered(const RoundPtr& round, tl::expected<TokenAnswer, CallFailure> answer);
    void retry(const RoundPtr& round, const CallFailure& failure);
    void save(const RoundPtr& round);
    void saved(const RoundPtr& round, const Result<void>& result);
    void refused(const RoundPtr& round, const Error& error);
    void failed(const RoundPtr& round, const Error& error);
    void mark(const RoundPtr& round, LinkStatus status, const Error& error);
    void tell(const RoundPtr& round, const Result<void>& result);
    void end(const RoundPtr& round, const Result<void>& result);

    const Parts m_the;
    std::map<std::string, RoundPtr> m_rounds; ///< by link
    std::map<std::string, Tokens> m_unsaved;  ///< by link
    Figures m_figures;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth
