#include "services/identity/network.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

namespace qd::identity {
namespace {

std::string networkV4(const unsigned char* bytes)
{
    std::string text;
    for (int i = 0; i < 3; ++i) text += std::to_string(bytes[i]) + '.';
    return text + "0/24";
}

} // namespace

std::string networkOf(std::string_view address)
{
    if (address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
    const std::string text(address.substr(0, address.find('%')).substr(0, INET6_ADDRSTRLEN));
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return networkV4(bytes.data());
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return "unknown";
    constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return networkV4(bytes.data() + 12);
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    std::array<char, INET6_ADDRSTRLEN> printed{};
    inet_ntop(AF_INET6, bytes.data(), printed.data(), printed.size());
    return std::string(printed.data()) + "/64";
}

} // namespace qd::identity
