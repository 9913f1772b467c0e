#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "services/runtime/random.h"

namespace qd::identity {

/// Base64 with "-_" and without padding (RFC 4648 §5).
std::string toBase64Url(std::string_view bytes);
/// Nothing for anything but what `toBase64Url` writes.
std::optional<std::string> fromBase64Url(std::string_view text);
/// Base64 with "+/" and without padding, as PHC strings have it.
std::string toPhcBase64(std::string_view bytes);
std::optional<std::string> fromPhcBase64(std::string_view text);
/// RFC 4648 §6, upper case, without padding.
std::string toBase32(std::string_view bytes);
/// Takes lower case, spaces and padding too: people type it.
std::optional<std::string> fromBase32(std::string_view text);
std::string toHexText(std::string_view bytes);

/// HMAC-SHA-256.
std::array<unsigned char, 32> hmacSha256(std::string_view key, std::string_view message);
/// AES-256-SIV (RFC 5297) with one field of associated data: 16 bytes of tag, then as many as `plain`
/// has. `key` is 64 bytes.
std::string sealSiv(std::string_view key, std::string_view context, std::string_view plain);
/// Nothing if anything of it differs from what was sealed.
std::optional<std::string> openSiv(std::string_view key, std::string_view context,
                                   std::string_view sealed);
/// Fields, each after its length (u32 LE), behind a domain: no two lists of fields look alike.
std::string joined(std::string_view domain, std::initializer_list<std::string_view> fields);
std::string randomBytes(runtime::Random& random, std::size_t count);
/// In constant time for equal lengths.
bool areEqual(std::string_view a, std::string_view b);

/// SHA-256 in hex: how single-use tokens and device keys are kept.
std::string fingerprint(std::string_view secret);
template <typename Bytes>
std::string_view viewOf(const Bytes& bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace qd::identity
