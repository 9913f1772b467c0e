#pragma once

#include <string>
#include <string_view>

namespace qd::identity {

/// The network that an address is counted by: IPv4 by its /24, IPv6 by its /64, an IPv4 address in
/// IPv6 clothes as IPv4: "203.0.113.0/24", "2001:db8:0:1::/64". "unknown" for anything else. Also how
/// addresses stand in records: shortened.
std::string networkOf(std::string_view address);

} // namespace qd::identity
