#include "services/brokers/alpaca/market_json.h"

#include <array>
#include <cstring>

#include <simdjson.h>

namespace qd::brokers::alpaca {

namespace {

namespace ondemand = simdjson::ondemand;

/// Symbols seen so far: a quote must not pay for parsing its symbol again. Bounded: a venue has a
/// finite list, and a hostile one is cut off here.
constexpr std::size_t kSymbolsMax = 50'000;

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept
    {
        return std::hash<std::string_view>{}(text);
    }
};

/// The members any message may have, as raw JSON tokens into the frame. Numbers are not converted
/// until it is known which ones the message needs.
struct Fields {
    std::string_view symbol;
    std::string_view bidPrice, bidSize, askPrice, askSize;
    std::string_view price, size, time, id, exchange, statusCode, reason, message;
    std::string_view conditions;
    std::string_view code;
};

/// The text of a string token without its quotes; escapes stay (symbols, times and codes have none).
std::string_view unquote(std::string_view token)
{
    while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                              token.back() == '\t'))
        token.remove_suffix(1);
    if (token.size() >= 2 && token.front() == '"' && token.back() == '"')
        return token.substr(1, token.size() - 2);
    return token;
}

bool isString(std::string_view token)
{
    return !token.empty() && token.front() == '"';
}

/// `["@","I"]` → "@ I".
std::string joinConditions(std::string_view array)
{
    std::string text;
    bool inside = false;
    for (const char c : array) {
        if (c == '"') {
            if (!inside && !text.empty()) text += ' ';
            inside = !inside;
        } else if (inside && text.size() < 32) {
            text += c;
        }
    }
    return text;
}

template <typename T>
bool readNumber(std::string_view token, T& target)
{
    // Sizes of crypto may carry more places than eight; a size is rounded, never a reason to drop.
    const auto value = Decimal::parse(unquote(token), Rounding::HalfEven);
    if (!value) return false;
    target = T(*value);
    return true;
}

/// Two digits at `text`; above 99 if they are none.
unsigned twoDigits(const char* text)
{
    const auto tens = static_cast<unsigned>(text[0]) - '0', ones = static_cast<unsigned>(text[1]) - '0';
    return tens <= 9 && ones <= 9 ? tens * 10 + ones : 100;
}

/// Reads the times of a stream: nearly all are of one day, so the date is parsed once and the rest
/// is taken from fixed columns, "2021-02-22T15:51:44.208335689Z". Whatever looks different goes the
/// general way.
class TimeReader {
public:
    bool read(std::string_view text, Timestamp& target)
    {
        if (readFast(text, target)) return true;
        const auto parsed = Timestamp::parse(text);
        if (!parsed) return false;
        target = *parsed;
        if (text.size() > kDateSize && text.back() == 'Z' && text[kDateSize] == 'T') rememberDay(text);
        return true;
    }

private:
    static constexpr std::size_t kDateSize = 10, kTimeEnd = 19; ///< "2021-02-22", "…T15:51:44"

    bool readFast(std::string_view text, Timestamp& target) const
    {
        if (text.size() <= kTimeEnd || text.back() != 'Z' || text[kDateSize] != 'T' ||
            std::memcmp(text.data(), m_date.data(), kDateSize) != 0)
            return false;
        const char* at = text.data();
        const unsigned hour = twoDigits(at + 11), minute = twoDigits(at + 14),
                       second = twoDigits(at + 17);
        if (hour > 23 || minute > 59 || second > 59 || at[13] != ':' || at[16] != ':') return false;
        std::int64_t fraction = 0;
        std::size_t digits = 0;
        if (at[kTimeEnd] == '.') {
            digits = text.size() - kTimeEnd - 2;
            if (digits == 0 || digits > 9) return false;
            for (const char c : text.substr(kTimeEnd + 1, digits)) {
                const auto digit = static_cast<unsigned>(c) - '0';
                if (digit > 9) return false;
                fraction = fraction * 10 + digit;
            }
        } else if (text.size() != kTimeEnd + 1) {
            return false;
        }
        for (; digits < 9; ++digits) fraction *= 10;
        const auto seconds = static_cast<std::int64_t>(hour * 3600 + minute * 60 + second);
        target = m_midnight + Duration(seconds * 1'000'000'000 + fraction);
        return true;
    }
    void rememberDay(std::string_view text)
    {
        std::memcpy(m_date.data(), text.data(), kDateSize);
        m_midnight = *Timestamp::parse(std::string(text.substr(0, kDateSize)) + "T00:00:00Z");
    }

    std::array<char, kDateSize> m_date{};
    Timestamp m_midnight;
};

} // namespace

struct MarketDecoder::State {
    ondemand::parser parser;
    std::string buffer; ///< the frame with simdjson's padding behind it
    std::unordered_map<std::string, Symbol, TextHash, std::equal_to<>> symbols;
    TimeReader times;

    const Symbol* symbolOf(std::string_view token)
    {
        const auto text = unquote(token);
        if (const auto found = symbols.find(text); found != symbols.end()) return &found->second;
        auto parsed = Symbol::parse(text);
        if (!parsed || symbols.size() >= kSymbolsMax) return nullptr;
        return &symbols.emplace(std::string(text), std::move(*parsed)).first->second;
    }

    bool readFields(ondemand::object object, char& type, std::string_view& typeText, Fields& fields);
    void readMessage(ondemand::object object, Timestamp receiveTime,
                     std::vector<MarketEvent>& events, std::vector<Control>& controls);
    bool appendQuote(const Fields& fields, Timestamp receiveTime, std::vector<MarketEvent>& events);
    bool appendTrade(const Fields& fields, Timestamp receiveTime, std::vector<MarketEvent>& events);
    bool appendStatus(const Fields& fields, std::vector<MarketEvent>& events);
};

MarketDecoder::MarketDecoder() : m_state(std::make_unique<State>()) {}
MarketDecoder::~MarketDecoder() = default;

bool MarketDecoder::State::readFields(ondemand::object object, char& type,
                                      std::string_view& typeText, Fields& fields)
{
    for (auto entry : object) {
        if (entry.error()) return false;
        // Looked at where they are: simdjson's iterators are stored word by word, and a copy, read in
        // wider pieces just after, waits for each of them.
        ondemand::field&& field = std::move(entry).value_unsafe();
        const char* key = field.key().raw();
        ondemand::value& value = field.value();
        const auto found = value.type();
        if (found.error()) return false;
        const auto kind = found.value_unsafe();
        std::string_view token;
        if (kind == ondemand::json_type::array || kind == ondemand::json_type::object) {
            const auto raw = kind == ondemand::json_type::array
                                 ? value.get_array().value_unsafe().raw_json()
                                 : value.get_object().value_unsafe().raw_json();
            if (raw.error()) return false;
            token = raw.value_unsafe();
        } else {
            token = value.raw_json_token();
        }
        if (key[1] == '"') {
            switch (key[0]) {
            case 'T':
                typeText = unquote(token);
                type = typeText.size() == 1 ? typeText[0] : '\0';
                break;
            case 'S': fields.symbol = token; break;
            case 'p': fields.price = token; break;
            case 's': fields.size = token; break;
            case 't': fields.time = token; break;
            case 'i': fields.id = token; break;
            case 'x': fields.exchange = token; break;
            case 'c': fields.conditions = token; break;
            default: break;
            }
        } else if (key[0] != '\0' && key[1] != '\0' && key[2] == '"') {
            const char first = key[0], second = key[1];
            if (first == 'b' && second == 'p') fields.bidPrice = token;
            else if (first == 'b' && second == 's') fields.bidSize = token;
            else if (first == 'a' && second == 'p') fields.askPrice = token;
            else if (first == 'a' && second == 's') fields.askSize = token;
            else if (first == 's' && second == 'c') fields.statusCode = token;
            else if (first == 's' && second == 'm') fields.reason = token;
        } else if (std::strncmp(key, "msg\"", 4) == 0) {
            fields.message = token;
        } else if (std::strncmp(key, "code\"", 5) == 0) {
            fields.code = token;
        }
    }
    return true;
}

bool MarketDecoder::State::appendQuote(const Fields& fields, Timestamp receiveTime,
                                       std::vector<MarketEvent>& events)
{
    const Symbol* symbol = symbolOf(fields.symbol);
    if (symbol == nullptr) return false;
    Quote quote;
    if (!readNumber(fields.bidPrice, quote.bid) || !readNumber(fields.askPrice, quote.ask) ||
        !readNumber(fields.bidSize, quote.bidSize) || !readNumber(fields.askSize, quote.askSize) ||
        !times.read(unquote(fields.time), quote.eventTime))
        return false;
    quote.symbol = *symbol;
    quote.receiveTime = receiveTime;
    events.emplace_back(std::move(quote));
    return true;
}

bool MarketDecoder::State::appendTrade(const Fields& fields, Timestamp receiveTime,
                                       std::vector<MarketEvent>& events)
{
    const Symbol* symbol = symbolOf(fields.symbol);
    if (symbol == nullptr) return false;
    Trade trade;
    if (!readNumber(fields.price, trade.price) || !readNumber(fields.size, trade.size) ||
        !times.read(unquote(fields.time), trade.eventTime))
        return false;
    trade.symbol = *symbol;
    trade.receiveTime = receiveTime;
    if (const auto id = Decimal::parse(unquote(fields.id))) trade.id = id->units() / Decimal::kOne;
    if (isString(fields.exchange)) trade.exchange = std::string(unquote(fields.exchange).substr(0, 8));
    if (!fields.conditions.empty() && fields.conditions.front() == '[')
        trade.condition = joinConditions(fields.conditions);
    else if (isString(fields.conditions)) // of an option: one letter
        trade.condition = std::string(unquote(fields.conditions).substr(0, 8));
    events.emplace_back(std::move(trade));
    return true;
}

bool MarketDecoder::State::appendStatus(const Fields& fields, std::vector<MarketEvent>& events)
{
    const Symbol* symbol = symbolOf(fields.symbol);
    if (symbol == nullptr || fields.statusCode.empty()) return false;
    // CTA: 2 = trading halt, 3 = resume; UTP: H = halted, P = paused, T = trading, Q = quotation only.
    // The others (price indications, imbalances) neither stop trading nor begin it again.
    const auto code = unquote(fields.statusCode);
    MarketStatus status;
    status.symbol = *symbol;
    status.halted = code == "H" || code == "P" || code == "2" || code == "Q";
    if (!status.halted && code != "T" && code != "3") return true;
    status.reason = std::string(unquote(fields.reason).substr(0, 80));
    if (!times.read(unquote(fields.time), status.eventTime)) return false;
    events.emplace_back(std::move(status));
    return true;
}

void MarketDecoder::State::readMessage(ondemand::object object, Timestamp receiveTime,
                                       std::vector<MarketEvent>& events,
                                       std::vector<Control>& controls)
{
    char type = '\0';
    std::string_view typeText;
    Fields fields;
    bool good = readFields(object, type, typeText, fields);
    if (good) {
        if (type == 'q') {
            good = appendQuote(fields, receiveTime, events);
        } else if (type == 't') {
            good = appendTrade(fields, receiveTime, events);
        } else if (type == 's') {
            good = appendStatus(fields, events);
        } else if (typeText == "success") {
            const bool connected = unquote(fields.message) == "connected";
            controls.push_back({connected ? Control::Kind::Connected : Control::Kind::Authenticated,
                                0, std::string(unquote(fields.message))});
        } else if (typeText == "subscription") {
            controls.push_back({Control::Kind::Subscription, 0, {}});
        } else if (typeText == "error") {
            const auto code = Decimal::parse(unquote(fields.code)).value_or(Decimal());
            controls.push_back({Control::Kind::Error, static_cast<int>(code.units() / Decimal::kOne),
                                std::string(unquote(fields.message).substr(0, 200))});
        } else if (typeText.empty()) {
            good = false;
        }
    }
    if (good) return;
    events.emplace_back(Malformed{
        buffer.substr(0, 512), Error{ErrorKind::Invalid, "alpaca.schema",
                                     "a market-data message of type \"" +
                                         std::string(typeText.substr(0, 20)) +
                                         "\" lacks a required member or has a bad number",
                                     {}}});
}

void MarketDecoder::decode(std::string_view frame, Timestamp receiveTime,
                           std::vector<MarketEvent>& events, std::vector<Control>& controls)
{
    State& state = *m_state;
    state.buffer.reserve(frame.size() + simdjson::SIMDJSON_PADDING);
    state.buffer.assign(frame);
    const auto malformed = [&](const char* detail) {
        events.emplace_back(Malformed{state.buffer.substr(0, 512),
                                      Error{ErrorKind::Invalid, "alpaca.schema", detail, {}}});
    };
    ondemand::document document;
    if (state.parser
            .iterate(state.buffer.data(), state.buffer.size(),
                     state.buffer.size() + simdjson::SIMDJSON_PADDING)
            .get(document))
        return malformed("a frame is not JSON");
    ondemand::array messages;
    if (document.get_array().get(messages)) return malformed("a frame is not an array");
    for (auto element : messages) {
        ondemand::object object;
        if (element.get_object().get(object)) return malformed("a message is not an object");
        state.readMessage(object, receiveTime, events, controls);
    }
}

} // namespace qd::brokers::alpaca
