#include "services/sandbox/tradier/order_tags.h"

#include <algorithm>
#include <array>
#include <utility>

namespace qd::sandbox::tradier {

namespace {

constexpr std::string_view kPrefix = "tradier:";

struct SideRow {
    SideWord side;
    std::string_view word;
    char letter;
};
constexpr std::array kSides = {
    SideRow{SideWord::Buy, "buy", 'b'},
    SideRow{SideWord::BuyToCover, "buy_to_cover", 'c'},
    SideRow{SideWord::Sell, "sell", 's'},
    SideRow{SideWord::SellShort, "sell_short", 'x'},
};

} // namespace

std::string_view toString(SideWord side)
{
    return std::ranges::find(kSides, side, &SideRow::side)->word;
}

std::optional<SideWord> parseSideWord(std::string_view text)
{
    const auto found = std::ranges::find(kSides, text, &SideRow::word);
    return found == kSides.end() ? std::nullopt : std::optional(found->side);
}

std::string OrderTag::toClientId(std::string_view salt) const
{
    std::string id(kPrefix);
    id += std::ranges::find(kSides, side, &SideRow::side)->letter;
    id.append(":").append(tag, 0, kTagKept).append(":").append(salt);
    return id;
}

std::optional<OrderTag> OrderTag::read(std::string_view clientOrderId)
{
    if (!clientOrderId.starts_with(kPrefix) || clientOrderId.size() < kPrefix.size() + 3)
        return std::nullopt;
    const auto row = std::ranges::find(kSides, clientOrderId[kPrefix.size()], &SideRow::letter);
    if (row == kSides.end())
        return std::nullopt;
    const auto rest = clientOrderId.substr(kPrefix.size() + 2);
    return OrderTag{row->side, std::string(rest.substr(0, rest.find(':')))};
}

bool isTag(std::string_view text)
{
    return text.size() <= kTagMax && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
}

} // namespace qd::sandbox::tradier
