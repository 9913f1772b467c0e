#include "services/brokers/tradier/tag_book.h"

namespace qd::brokers::tradier {

bool TagBook::send(const std::string& tag)
{
    if (m_tags.contains(tag)) return false;
    add(tag, 0);
    return true;
}

void TagBook::takeBack(const std::string& tag)
{
    const auto found = m_tags.find(tag);
    if (found == m_tags.end() || found->second.number != 0) return;
    m_order.erase(found->second.place);
    m_tags.erase(found);
}

bool TagBook::claim(const std::string& tag, std::int64_t number)
{
    const auto found = m_tags.find(tag);
    if (found == m_tags.end()) {
        add(tag, number);
        return true;
    }
    if (found->second.number == 0) found->second.number = number;
    return found->second.number == number;
}

void TagBook::add(const std::string& tag, std::int64_t number)
{
    if (m_tags.size() >= kTagsMax) {
        m_tags.erase(m_order.front());
        m_order.pop_front();
    }
    m_tags[tag] = {number, m_order.insert(m_order.end(), tag)};
}

} // namespace qd::brokers::tradier
