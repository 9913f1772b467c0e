#include "models/base/network_address.h"

#include <algorithm>
#include <array>
#include <optional>
#include <variant>

#include <arpa/inet.h>

namespace qd {
namespace {

using BytesV4 = std::array<unsigned char, 4>;
using BytesV6 = std::array<unsigned char, 16>;

/// The number that an address is: brackets and zone dropped, an IPv4 address in IPv6 clothes undressed.
std::optional<std::variant<BytesV4, BytesV6>> numberOf(std::string_view address)
{
    if (address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
    const std::string text(address.substr(0, address.find('%')).substr(0, INET6_ADDRSTRLEN));
    BytesV4 v4{};
    if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return v4;
    BytesV6 v6{};
    if (inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return std::nullopt;
    constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (!std::equal(kMapped.begin(), kMapped.end(), v6.begin())) return v6;
    std::copy_n(v6.begin() + kMapped.size(), v4.size(), v4.begin());
    return v4;
}

std::string networkV4(const BytesV4& bytes)
{
    std::string text;
    for (std::size_t i = 0; i < 3; ++i) text += std::to_string(bytes[i]) + '.';
    return text + "0/24";
}

std::string networkV6(BytesV6 bytes)
{
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    std::array<char, INET6_ADDRSTRLEN> printed{};
    inet_ntop(AF_INET6, bytes.data(), printed.data(), printed.size());
    return std::string(printed.data()) + "/64";
}

} // namespace

bool isLoopback(std::string_view host)
{
    const auto number = numberOf(host);
    if (!number) return false;
    if (const auto* v4 = std::get_if<BytesV4>(&*number)) return v4->front() == 127;
    constexpr BytesV6 kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return std::get<BytesV6>(*number) == kLoopback;
}

bool isConfidential(std::string_view scheme, std::string_view host)
{
    if (scheme == "https" || scheme == "wss") return true;
    return (scheme == "http" || scheme == "ws") && isLoopback(host);
}

std::string networkOf(std::string_view address)
{
    const auto number = numberOf(address);
    if (!number) return "unknown";
    if (const auto* v4 = std::get_if<BytesV4>(&*number)) return networkV4(*v4);
    return networkV6(std::get<BytesV6>(*number));
}

} // namespace qd
