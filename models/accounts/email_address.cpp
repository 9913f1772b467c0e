#include "models/accounts/email_address.h"

#include <algorithm>

#include "models/base/ascii.h"

namespace qd {
namespace {

bool isLetterOrDigit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 5322's dot-atom: atoms of "atext" between single dots.
bool isLocalPart(std::string_view text)
{
    static constexpr std::string_view kSigns = "!#$%&'*+-/=?^_`{|}~.";
    if (text.empty() || text.size() > EmailAddress::kLocalMax) return false;
    if (text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return isLetterOrDigit(c) || kSigns.find(c) != std::string_view::npos;
    });
}

bool isDomainLabel(std::string_view label)
{
    constexpr std::size_t kLabelMax = 63;
    if (label.empty() || label.size() > kLabelMax) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(),
                       [](char c) { return isLetterOrDigit(c) || c == '-'; });
}

bool isDomain(std::string_view text)
{
    for (;;) {
        const auto dot = text.find('.');
        if (!isDomainLabel(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

} // namespace

Result<EmailAddress> EmailAddress::parse(std::string_view text)
{
    // The text itself stays out of the error: it may be a password in the wrong box.
    const auto at = text.rfind('@');
    if (text.size() > kLengthMax || at == std::string_view::npos || !isLocalPart(text.substr(0, at)) ||
        !isDomain(text.substr(at + 1)))
        return fail(ErrorKind::Invalid, "accounts.email", "expected an address like name@example.org",
                    "email");
    EmailAddress address;
    address.m_text = text;
    address.m_at = at;
    std::transform(address.m_text.begin() + static_cast<std::ptrdiff_t>(at), address.m_text.end(),
                   address.m_text.begin() + static_cast<std::ptrdiff_t>(at), lower);
    return address;
}

std::string EmailAddress::key() const
{
    std::string key = m_text;
    std::transform(key.begin(), key.end(), key.begin(), lower);
    return key;
}

} // namespace qd
