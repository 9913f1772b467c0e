#pragma once

#include <functional>

#include "models/base/ids.h"

namespace qd::orders {

/// For tables that hold an entry for every order ever made. It is not noexcept, so the table keeps
/// each hash beside its key: growing, and walking past other entries, then reads no key again.
struct IdHash {
    template <typename Tag>
    std::size_t operator()(const Id<Tag>& id) const
    {
        return std::hash<std::string>{}(id.text());
    }
};

} // namespace qd::orders
