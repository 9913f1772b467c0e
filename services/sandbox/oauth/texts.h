#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/wire/http.h"

namespace qd::sandbox::oauth {

// Texts of the authorization server. Of its own, not the client's: each end is checked by the
// other.

/// Base64 with "-_" and without padding (RFC 4648 §5).
std::string base64Url(std::string_view bytes);
/// base64url(SHA-256(verifier)).
std::string challengeOf(std::string_view verifier);
/// 43 … 128 of A-Z a-z 0-9 - . _ ~ (RFC 7636 §4.1).
bool isVerifier(std::string_view text);
/// User and password of "Basic …"; empty names if it is none. Both are percent-decoded.
struct BasicPair {
    std::string user, password;
};
BasicPair basicPair(std::string_view authorization);
/// Equal, but for the port if both are http to 127.0.0.1 or [::1] (RFC 8252 §7.3). `localhost` is
/// no loopback address: it may be anything.
bool isSameRedirect(std::string_view registered, std::string_view asked);
/// The text with what HTML would read as markup escaped.
std::string htmlText(std::string_view text);
/// A whole page. Nothing of it is from elsewhere but what `body` brings, escaped.
wire::HttpResponse htmlPage(int status, std::string_view title, std::string_view body);

} // namespace qd::sandbox::oauth
