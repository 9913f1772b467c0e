#pragma once

#include <string>
#include <string_view>

namespace qd::observability {

/// Does this name (of a log field, header, query parameter or JSON member) say that its value is a
/// secret? "password", "apiKey", "Authorization", "refresh_token", "clientSecret", "Set-Cookie" …
bool isSensitiveName(std::string_view name);

/// `text` with what looks like a secret or a person's address replaced by "***": e-mail addresses,
/// `Bearer …`, JSON Web Tokens, private keys, and `name=value` or `"name":"value"` with a sensitive
/// name. The second net: secrets have a type of their own (runtime::Secret) that cannot be logged.
std::string masked(std::string_view text);

} // namespace qd::observability
