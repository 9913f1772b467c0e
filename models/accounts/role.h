#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"

namespace qd {

/// What a person (or program) may do, least first. Every endpoint of the API declares the role it
/// asks for; a caller passes when one of its roles includes it.
enum class Role {
    Anyone,   ///< no token needed: liveness and readiness on loopback
    Viewer,   ///< read orders, positions, market data
    Trader,   ///< and submit, change and cancel orders
    Support,  ///< read orders and payments, reconcile
    Operator, ///< health, breakers, backup, halt and resume, drills
    Admin,    ///< everything
};
std::string_view toString(Role role);
/// The other way; nothing for any other word.
std::optional<Role> parseRole(std::string_view text);

/// Does `held` include what `asked` allows?
bool includes(Role held, Role asked);

/// The roles that somebody holds. Anyone is not held: everybody has it.
class Roles {
public:
    constexpr Roles() = default;
    Roles(std::initializer_list<Role> roles);

    bool contains(Role role) const;
    bool empty() const { return m_bits == 0; }
    Roles with(Role role) const;
    Roles without(Role role) const;
    std::vector<Role> list() const; ///< least first
    /// "trader,operator"; empty for none.
    std::string toString() const;
    /// Fails with: Invalid "accounts.role".
    static Result<Roles> parse(std::string_view text);

    friend constexpr bool operator==(Roles, Roles) = default;

private:
    std::uint8_t m_bits = 0; ///< bit n: the role of that number
};

/// Does one of them include what `asked` allows?
bool includes(Roles held, Role asked);

} // namespace qd
