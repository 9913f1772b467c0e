#pragma once

#include <string>
#include <string_view>

namespace qd {

/// Does the host say by its number that it is this machine: 127.0.0.0/8 or ::1, with brackets or
/// without? Names are not looked up: "localhost" may be anything (RFC 8252 §8.3).
bool isLoopback(std::string_view host);

/// Can nobody on the way read what is sent there? Over TLS (https, wss) to any host, in clear (http,
/// ws) to this machine alone. Every address that the programs call is held to it. Both in lower case.
bool isConfidential(std::string_view scheme, std::string_view host);

/// The network that an address is counted by: IPv4 by its /24, IPv6 by its /64, an IPv4 address in
/// IPv6 clothes as IPv4: "203.0.113.0/24", "2001:db8:0:1::/64". "unknown" for anything else. Also how
/// addresses stand in records: shortened.
std::string networkOf(std::string_view address);

} // namespace qd
