#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/ids.h"
#include "models/base/timestamp.h"

namespace qd {

/// How a broker lets us in. One is asked for in words and never stands in for another.
enum class LinkMethod {
    OAuth,   ///< the user's consent in a browser
    Key,     ///< a key or token made on the broker's site
    Session, ///< somebody signed in to the broker's own gateway
};
std::string_view toString(LinkMethod method); ///< "oauth", "key", "session"
std::optional<LinkMethod> parseLinkMethod(std::string_view text);

enum class LinkStatus {
    Connected,
    Failing,           ///< the access cannot be renewed at the moment; it serves while it lasts
    ReauthNeeded,      ///< the broker takes it no more: the user must consent again
    RevocationPending, ///< not used any more; the broker has yet to confirm that it is revoked
};
std::string_view toString(LinkStatus status); ///< "connected", "failing", "reauth_needed", …
std::optional<LinkStatus> parseLinkStatus(std::string_view text);

/// A user's access to a broker, as its owner may see it. Never a token.
struct BrokerLink {
    std::string id;
    std::string owner; ///< "user:owner"
    BrokerId broker;
    LinkMethod method = LinkMethod::OAuth;
    LinkStatus status = LinkStatus::Connected;
    std::vector<std::string> scopes; ///< granted, which may be fewer than were asked for
    Timestamp connectedAt;
    Timestamp renewedAt;        ///< when the broker gave the access in use
    Timestamp expiresAt;        ///< of the access in use; unset: it does not end by itself
    Timestamp refreshExpiresAt; ///< until when it can be renewed; unset: without end, or not at all
    std::string lastError;      ///< code of what last went wrong; empty once it went well
    Timestamp lastErrorAt;
    friend bool operator==(const BrokerLink&, const BrokerLink&) = default;
};

} // namespace qd
