#pragma once

#include <string>
#include <string_view>

namespace qd::runtime {

/// A value that must not be seen: key, token, password. It cannot be printed, formatted, compared
/// with `==`, or copied by accident; its memory is overwritten when it ends.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    Secret clone() const;
    bool empty() const { return m_value.empty(); }
    /// The value, for the one place that puts it on the wire or into a cipher. The name is long so
    /// that every use stands out in review.
    std::string_view revealForUse() const { return m_value; }
    /// In constant time for equal lengths.
    bool matches(std::string_view candidate) const;

private:
    void wipe();
    std::string m_value;
};

} // namespace qd::runtime
