#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd::wire {

/// An absolute http, https, ws or wss URL, split for connecting.
struct Url {
    std::string scheme; ///< lowercase
    std::string host;   ///< lowercase, without the brackets of an IPv6 literal
    std::uint16_t port = 0;
    std::string target = "/"; ///< path and query, as sent; the fragment is dropped

    bool isSecure() const { return scheme == "https" || scheme == "wss"; }
    /// Over TLS, or to this machine by its number: nobody on the way reads what is sent there.
    bool isConfidential() const;
    /// The `Host` header: with brackets where needed, without a default port.
    std::string authority() const;
    /// Fails with: Invalid "wire.url" (other scheme, user info, no host, bad port, control bytes).
    static Result<Url> parse(std::string_view text);
};

} // namespace qd::wire
