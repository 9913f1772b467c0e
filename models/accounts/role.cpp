#include "models/accounts/role.h"

#include <array>

namespace qd {
namespace {

constexpr std::array kRoles{Role::Anyone, Role::Viewer,   Role::Trader,
                            Role::Support, Role::Operator, Role::Admin};

constexpr std::uint8_t bitOf(Role role)
{
    return role == Role::Anyone ? std::uint8_t{0}
                                : static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
}

} // namespace

std::string_view toString(Role role)
{
    switch (role) {
    case Role::Anyone: return "anyone";
    case Role::Viewer: return "viewer";
    case Role::Trader: return "trader";
    case Role::Support: return "support";
    case Role::Operator: return "operator";
    case Role::Admin: return "admin";
    }
    return "unknown";
}

std::optional<Role> parseRole(std::string_view text)
{
    for (const Role role : kRoles)
        if (text == toString(role)) return role;
    return std::nullopt;
}

bool includes(Role held, Role asked)
{
    if (asked == Role::Anyone || held == Role::Admin || held == asked) return true;
    return asked == Role::Viewer; // every signed-in role may look
}

Roles::Roles(std::initializer_list<Role> roles)
{
    for (const Role role : roles) *this = with(role);
}

bool Roles::contains(Role role) const
{
    return (m_bits & bitOf(role)) != 0;
}

Roles Roles::with(Role role) const
{
    Roles more = *this;
    more.m_bits = static_cast<std::uint8_t>(more.m_bits | bitOf(role));
    return more;
}

Roles Roles::without(Role role) const
{
    Roles fewer = *this;
    fewer.m_bits = static_cast<std::uint8_t>(fewer.m_bits & ~bitOf(role));
    return fewer;
}

std::vector<Role> Roles::list() const
{
    std::vector<Role> held;
    for (const Role role : kRoles)
        if (contains(role)) held.push_back(role);
    return held;
}

std::string Roles::toString() const
{
    std::string text;
    for (const Role role : list()) {
        if (!text.empty()) text += ',';
        text += qd::toString(role);
    }
    return text;
}

Result<Roles> Roles::parse(std::string_view text)
{
    Roles roles;
    while (!text.empty()) {
        const auto end = text.find(',');
        const auto word = text.substr(0, end);
        const auto role = parseRole(word);
        if (!role || *role == Role::Anyone)
            return fail(ErrorKind::Invalid, "accounts.role",
                        "expected viewer, trader, support, operator or admin, was \"" +
                            std::string(word.substr(0, 20)) + '"',
                        "roles");
        roles = roles.with(*role);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return roles;
}

bool includes(Roles held, Role asked)
{
    if (asked == Role::Anyone) return true;
    for (const Role role : held.list())
        if (includes(role, asked)) return true;
    return false;
}

} // namespace qd
