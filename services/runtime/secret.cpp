#include "services/runtime/secret.h"

#include <utility>

#include <string.h>

namespace qd::runtime {
namespace {

// Overwrites the whole buffer, not just the visible characters: a short string that was moved away
// leaves its bytes behind in the small-string space.
void wipeText(std::string& text)
{
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

} // namespace

Secret::Secret(std::string value) : m_value(std::move(value))
{
    wipeText(value);
}

Secret::Secret(Secret&& other) noexcept : m_value(std::move(other.m_value))
{
    other.wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept
{
    if (this != &other) {
        wipe();
        m_value = std::move(other.m_value);
        other.wipe();
    }
    return *this;
}

Secret::~Secret()
{
    wipe();
}

Secret Secret::clone() const
{
    return Secret(std::string(m_value));
}

bool Secret::matches(std::string_view candidate) const
{
    if (candidate.size() != m_value.size()) return false;
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < candidate.size(); ++i) {
        const auto mine = static_cast<unsigned char>(m_value[i]);
        const auto theirs = static_cast<unsigned char>(candidate[i]);
        difference = static_cast<unsigned char>(difference | (mine ^ theirs));
    }
    return difference == 0;
}

void Secret::wipe()
{
    wipeText(m_value);
}

} // namespace qd::runtime
