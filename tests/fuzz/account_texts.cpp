// What people and browsers send about themselves: addresses, names, roles, codes, base64. What is
// taken is within bounds and reads back as the same text.
// uses: models/base models/accounts services/identity
#include <cstdint>
#include <string_view>

#include "models/accounts/user.h"
#include "services/identity/encoding.h"
#include "models/base/network_address.h"
#include "services/identity/totp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (const auto address = EmailAddress::parse(text)) {
        QD_ASSERT(address->text().size() <= EmailAddress::kLengthMax);
        QD_ASSERT(address->local().size() <= EmailAddress::kLocalMax);
        QD_ASSERT(EmailAddress::parse(address->text()) == *address);
    }
    if (const auto name = DisplayName::parse(text)) {
        QD_ASSERT(!name->text().empty() && name->text().size() <= DisplayName::kCharsMax);
        QD_ASSERT(DisplayName::parse(name->text()) == *name);
    }
    if (const auto roles = Roles::parse(text)) QD_ASSERT(Roles::parse(roles->toString()) == *roles);
    if (const auto decoded = identity::fromBase64Url(text))
        QD_ASSERT(identity::toBase64Url(*decoded) == text);
    if (const auto decoded = identity::fromPhcBase64(text))
        QD_ASSERT(identity::toPhcBase64(*decoded) == text);
    if (const auto decoded = identity::fromBase32(text))
        QD_ASSERT(identity::fromBase32(identity::toBase32(*decoded)) == *decoded);
    QD_ASSERT(!networkOf(text).empty() && networkOf(text).size() < 64);
    const std::string fingerprint = identity::recoveryFingerprint(text);
    QD_ASSERT(fingerprint.empty() || fingerprint.size() == 64);
    const auto now = Timestamp::fromSeconds(1'767'625'200);
    if (const auto step = identity::matchTotp("12345678901234567890", text, now, 0))
        QD_ASSERT(identity::totpCode("12345678901234567890", *step) == text);
    return 0;
}
