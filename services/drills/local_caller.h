#pragma once

#include <chrono>
#include <string>

#include "services/drills/link.h"

namespace qd::drills {

/// Asks a server on this machine from another address of its loopback network (127.0.0.0/8), as a
/// client in another network would, or with an upgrade that it may refuse. One connection a call; the
/// caller blocks. Any thread.
class LocalCaller {
public:
    /// `from`: "127.0.7.1". `baseUrl`: "http://127.0.0.1:8080".
    LocalCaller(std::string from, const std::string& baseUrl);

    /// Fails with: Unavailable "drill.call".
    Result<Answer> call(const std::string& method, const std::string& path, const std::string& body,
                        const wire::Headers& headers = {},
                        std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
    /// The status that a WebSocket upgrade with this origin is answered with.
    Result<int> upgrade(const std::string& path, const std::string& origin) const;

private:
    std::string m_from, m_host;
    std::uint16_t m_port = 0;
};

} // namespace qd::drills
