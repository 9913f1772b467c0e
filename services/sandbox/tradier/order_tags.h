#pragma once

#include <string>
#include <string_view>

#include "services/exchange/venue_order.h"

namespace qd::sandbox::tradier {

/// The words of Tradier's four sides.
enum class SideWord { Buy, BuyToCover, Sell, SellShort };
std::string_view toString(SideWord side);
std::optional<SideWord> parseSideWord(std::string_view text);
inline Side sideOf(SideWord word)
{
    return word == SideWord::Buy || word == SideWord::BuyToCover ? Side::Buy : Side::Sell;
}

/// What Tradier keeps of an order and the exchange has no place for. Tags need not be unique there, ids at
/// the exchange must: both are written into the id that the exchange is given, so that they outlast
/// the program: "tradier:c:TAG:SALT".
struct OrderTag {
    SideWord side = SideWord::Buy;
    std::string tag;

    /// `salt` makes it unique.
    std::string toClientId(std::string_view salt) const;
    /// Nothing for an order that did not come in by Tradier's protocol.
    static std::optional<OrderTag> read(std::string_view clientOrderId);
};

/// Tags of up to this length fit; longer ones are cut.
inline constexpr std::size_t kTagKept = 100;
inline constexpr std::size_t kTagMax = 255;
/// 1 … 255 of [A-Za-z0-9-], or none.
bool isTag(std::string_view text);

} // namespace qd::sandbox::tradier
