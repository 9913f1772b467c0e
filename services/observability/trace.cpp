#include "services/observability/trace.h"

#include <algorithm>

namespace qd::observability {
namespace {

// version 2 + "-" + trace id 32 + "-" + span id 16 + "-" + flags 2
constexpr std::size_t kVersion0Size = 55;

template <std::size_t N>
bool isAllZeros(const std::array<unsigned char, N>& bytes)
{
    return std::all_of(bytes.begin(), bytes.end(), [](unsigned char byte) { return byte == 0; });
}

// Upper case is not allowed in a traceparent.
int hexDigit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool readHex(std::string_view text, unsigned char* bytes)
{
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hexDigit(text[i]);
        const int low = hexDigit(text[i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i / 2] = static_cast<unsigned char>(high * 16 + low);
    }
    return true;
}

} // namespace

std::string toHex(const unsigned char* bytes, std::size_t count)
{
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(count * 2, '0');
    for (std::size_t i = 0; i < count; ++i) {
        text[2 * i] = kDigits[bytes[i] >> 4];
        text[2 * i + 1] = kDigits[bytes[i] & 15];
    }
    return text;
}

bool TraceContext::isValid() const
{
    return !isAllZeros(traceId) && !isAllZeros(spanId);
}

std::string TraceContext::traceIdHex() const
{
    return toHex(traceId.data(), traceId.size());
}

std::string TraceContext::spanIdHex() const
{
    return toHex(spanId.data(), spanId.size());
}

std::string TraceContext::toTraceParent() const
{
    if (!isValid()) return {};
    return "00-" + traceIdHex() + "-" + spanIdHex() + (isSampled ? "-01" : "-00");
}

std::optional<TraceContext> TraceContext::parse(std::string_view traceParent)
{
    if (traceParent.size() < kVersion0Size) return std::nullopt;
    unsigned char version = 0;
    unsigned char flags = 0;
    TraceContext context;
    if (traceParent[2] != '-' || traceParent[35] != '-' || traceParent[52] != '-') return std::nullopt;
    if (!readHex(traceParent.substr(0, 2), &version) ||
        !readHex(traceParent.substr(3, 32), context.traceId.data()) ||
        !readHex(traceParent.substr(36, 16), context.spanId.data()) ||
        !readHex(traceParent.substr(53, 2), &flags))
        return std::nullopt;
    if (version == 0xff || !context.isValid()) return std::nullopt;
    const bool hasMore = traceParent.size() > kVersion0Size;
    if (hasMore && (version == 0 || traceParent[kVersion0Size] != '-')) return std::nullopt;
    context.isSampled = (flags & 1) != 0;
    return context;
}

TraceContext TraceContext::makeRoot(runtime::Random& random, bool isSampled)
{
    TraceContext context;
    context.isSampled = isSampled;
    do {
        random.fill(context.traceId);
        random.fill(context.spanId);
    } while (!context.isValid());
    return context;
}

TraceContext TraceContext::makeChild(runtime::Random& random) const
{
    TraceContext child = *this;
    do {
        random.fill(child.spanId);
    } while (isAllZeros(child.spanId));
    return child;
}

} // namespace qd::observability
