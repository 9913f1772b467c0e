#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd {

/// An e-mail address as accounts use it: local part as it was written, domain in lower case. Plain
/// ASCII without quotes, comments, spaces or controls, so that it can stand in a mail header.
class EmailAddress {
public:
    static constexpr std::size_t kLengthMax = 254; ///< RFC 5321 §4.5.3.1.3, without the brackets
    static constexpr std::size_t kLocalMax = 64;

    EmailAddress() = default;
    /// Fails with: Invalid "accounts.email", field "email".
    static Result<EmailAddress> parse(std::string_view text);

    const std::string& text() const { return m_text; }
    std::string_view local() const { return std::string_view(m_text).substr(0, m_at); }
    std::string_view domain() const { return std::string_view(m_text).substr(m_at + 1); }
    bool empty() const { return m_text.empty(); }
    /// Which account: all in lower case. "Ann@x.org" and "ann@x.org" are one person.
    std::string key() const;

    friend bool operator==(const EmailAddress&, const EmailAddress&) = default;

private:
    std::string m_text;
    std::size_t m_at = 0;
};

} // namespace qd
