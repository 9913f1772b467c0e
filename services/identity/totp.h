#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/timestamp.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::identity {

/// Time-based one-time passwords (RFC 6238): 30-second steps from 1970.
enum class TotpHash { Sha1, Sha256, Sha512 };
inline constexpr int kTotpDigits = 6;
inline constexpr std::int64_t kTotpStepSeconds = 30;
inline constexpr std::size_t kTotpSeedBytes = 20;

/// The code of one step; `digits` 6 … 8.
std::string totpCode(std::string_view seed, std::int64_t step, int digits = kTotpDigits,
                     TotpHash hash = TotpHash::Sha1);
std::int64_t totpStepAt(Timestamp now);

/// The step whose code this is: the present one or a neighbour, and after `lastUsed` (a code is good
/// once). Nothing if it is none. All three are computed, whatever matches.
std::optional<std::int64_t> matchTotp(std::string_view seed, std::string_view code, Timestamp now,
                                      std::int64_t lastUsed);

/// "otpauth://totp/Quarterdeck:ann%40example.org?secret=…&issuer=Quarterdeck&algorithm=SHA1&digits=6&period=30"
runtime::Secret otpauthUri(std::string_view seed, std::string_view account);

inline constexpr int kRecoveryCodes = 10;
/// Codes for the day the phone is gone: 80 random bits as "abcd-efgh-ijkl-mnop" (base32).
std::vector<runtime::Secret> newRecoveryCodes(runtime::Random& random);
/// How a recovery code is kept and looked for: SHA-256 of it without dashes, spaces and case. Enough
/// for 80 random bits. Empty if it cannot be one.
std::string recoveryFingerprint(std::string_view code);

} // namespace qd::identity
