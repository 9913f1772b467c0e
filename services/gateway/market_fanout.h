#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/market/market_data.h"
#include "services/wire/http.h"

namespace qd::gateway {

/// Sends market updates to any number of sockets. Sockets with the same wish list form a group: a
/// batch is serialised once and its bytes are shared. A socket that cannot keep up is skipped on
/// purpose and gets the whole picture anew once its queue has drained; that is counted, and no
/// reader sees a gap. Core executor.
class MarketFanout {
public:
    struct Stats {
        std::uint64_t frames = 0;    ///< sent, over all sockets
        std::uint64_t conflated = 0; ///< frames skipped for slow sockets
        std::size_t groups = 0, members = 0;
    };

    explicit MarketFanout(market::MarketData& market);
    ~MarketFanout();

    /// One socket's place in a group; ends with it.
    class Membership {
    public:
        Membership() = default;
        ~Membership();
        Membership(Membership&&) noexcept;
        Membership& operator=(Membership&&) noexcept;

    private:
        friend class MarketFanout;
        struct Member;
        std::shared_ptr<Member> m_member;
    };

    /// Join the group of `interest` and send the whole picture of it: a frame with
    /// `"snapshot":true`, from whose `sequence` the following ones count up by one.
    /// Fails with: Invalid "market.too_many_symbols".
    Result<Membership> join(market::Interest interest, std::shared_ptr<wire::WebSocket> socket);
    /// Now and then: those that were skipped must not wait for the next update of a quiet market.
    void catchUp();
    const Stats& stats() const { return m_stats; }

private:
    struct Group;
    std::shared_ptr<Group> groupOf(const market::Interest& interest, Result<void>& subscribed);

    market::MarketData& m_market;
    std::map<std::string, std::weak_ptr<Group>> m_groups; ///< by wish list
    Stats m_stats;
};

} // namespace qd::gateway
