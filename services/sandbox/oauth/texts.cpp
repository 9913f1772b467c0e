#include "services/sandbox/oauth/texts.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "services/storage/hashing.h"

namespace qd::sandbox::oauth {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A URL's text before its port, and after it; empty if it is not http to a loopback address.
struct LoopbackUri {
    std::string_view head, tail;
};

LoopbackUri loopbackUri(std::string_view uri)
{
    for (const std::string_view head : {"http://127.0.0.1", "http://[::1]"}) {
        if (!uri.starts_with(head)) continue;
        const std::string_view rest = uri.substr(head.size());
        if (!rest.empty() && rest.front() != ':' && rest.front() != '/') continue;
        std::size_t end = rest.starts_with(':') ? 1 : 0;
        while (end > 0 && end < rest.size() && rest[end] >= '0' && rest[end] <= '9') ++end;
        return {head, rest.substr(end)};
    }
    return {};
}

std::string percentDecoded(std::string_view text)
{
    const auto target = wire::Target::parse("/?v=" + std::string(text));
    return target ? std::string(target->queryValue("v")) : std::string();
}

} // namespace

std::string base64Url(std::string_view bytes)
{
    std::string text;
    unsigned bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) text += kAlphabet[(bits >> (count - 6)) & 63];
    }
    if (count > 0) text += kAlphabet[(bits << (6 - count)) & 63];
    return text;
}

std::string challengeOf(std::string_view verifier)
{
    const storage::Hash hash = storage::sha256(verifier);
    return base64Url(storage::asBytes(hash));
}

bool isVerifier(std::string_view text)
{
    constexpr std::string_view kMarks = "-._~";
    return text.size() >= 43 && text.size() <= 128 &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      kMarks.find(c) != std::string_view::npos;
           });
}

BasicPair basicPair(std::string_view authorization)
{
    constexpr std::string_view kScheme = "Basic ";
    if (!authorization.starts_with(kScheme)) return {};
    const std::string text(authorization.substr(kScheme.size()));
    std::string pair(text.size() / 4 * 3 + 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(pair.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 0) return {};
    const auto padding =
        std::count(text.end() - std::min<std::ptrdiff_t>(2, std::ssize(text)), text.end(), '=');
    pair.resize(static_cast<std::size_t>(size) - static_cast<std::size_t>(padding));
    const auto colon = pair.find(':');
    if (colon == std::string::npos) return {};
    return {percentDecoded(pair.substr(0, colon)), percentDecoded(pair.substr(colon + 1))};
}

bool isSameRedirect(std::string_view registered, std::string_view asked)
{
    if (registered == asked) return true;
    const LoopbackUri a = loopbackUri(registered);
    const LoopbackUri b = loopbackUri(asked);
    return !a.head.empty() && a.head == b.head && a.tail == b.tail;
}

std::string htmlText(std::string_view text)
{
    std::string escaped;
    for (const char c : text) {
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        case '\'':
            escaped += "&#39;";
            break;
        default:
            escaped += c;
        }
    }
    return escaped;
}

wire::HttpResponse htmlPage(int status, std::string_view title, std::string_view body)
{
    return {status,
            {{"Content-Type", "text/html; charset=utf-8"},
             {"Cache-Control", "no-store"},
             {"Referrer-Policy", "no-referrer"},
             {"X-Frame-Options", "DENY"}},
            fmt::format("<!doctype html><html lang=\"en\"><head><title>{0}</title></head>"
                        "<body><h1>{0}</h1>{1}</body></html>\n",
                        htmlText(title), body)};
}

} // namespace qd::sandbox::oauth
