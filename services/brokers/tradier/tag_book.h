#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace qd::brokers::tradier {

/// Which order each tag stands for. Tradier keeps tags neither unique nor apart: other programs may tag
/// many of theirs alike, and an order that is sent twice is there twice. Here the first order that is
/// told under a tag has it. Bounded: the tags that came first are forgotten first. Core executor.
class TagBook {
public:
    static constexpr std::size_t kTagsMax = 100'000;

    /// An order is about to be sent under it. False if one was before, or was told under it.
    bool send(const std::string& tag);
    /// That order was certainly not sent.
    void takeBack(const std::string& tag);
    /// An order of this number is told under it. False if the tag is another order's.
    bool claim(const std::string& tag, std::int64_t number);

    std::size_t size() const { return m_tags.size(); }

private:
    struct Entry {
        std::int64_t number = 0; ///< 0: not told yet
        std::list<std::string>::iterator place;
    };

    /// The tag must not be known.
    void add(const std::string& tag, std::int64_t number);

    std::unordered_map<std::string, Entry> m_tags;
    std::list<std::string> m_order; ///< of arrival
};

} // namespace qd::brokers::tradier
