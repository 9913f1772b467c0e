#include "services/wire/url.h"

#include <algorithm>

#include "models/base/ascii.h"
#include "models/base/network_address.h"
#include "models/base/whole_number.h"

namespace qd::wire {

namespace {

std::uint16_t defaultPort(bool secure)
{
    return secure ? 443 : 80;
}

tl::unexpected<Error> refuse(std::string detail)
{
    return fail(ErrorKind::Invalid, "wire.url", std::move(detail));
}

bool isIpv6Literal(std::string_view text)
{
    return text.find(':') != std::string_view::npos &&
           text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

/// "host", "host:port", "[v6]", "[v6]:port".
Result<void> parseAuthority(std::string_view authority, Url& url)
{
    if (authority.find('@') != std::string_view::npos)
        return refuse("user and password in a URL are not supported");
    std::string_view host = authority;
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return refuse("expected ] after an IPv6 address");
        host = authority.substr(1, end - 1);
        if (!isIpv6Literal(host)) return refuse("expected an IPv6 address between [ and ]");
        port = authority.substr(end + 1);
        if (!port.empty() && port.front() != ':') return refuse("expected : after ]");
    } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon);
    }
    if (host.empty() || host.find_first_of("[]") != std::string_view::npos)
        return refuse("expected a host name");
    url.host.resize(host.size());
    std::transform(host.begin(), host.end(), url.host.begin(), lower);
    url.port = defaultPort(url.isSecure());
    if (port.size() <= 1) return {};
    port.remove_prefix(1);
    url.port = wholeNumber<std::uint16_t>(port).value_or(0);
    if (url.port == 0) return refuse("expected a port from 1 to 65535, was " + std::string(port));
    return {};
}

} // namespace

bool Url::isConfidential() const
{
    return qd::isConfidential(scheme, host);
}

std::string Url::authority() const
{
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != defaultPort(isSecure())) text += ":" + std::to_string(port);
    return text;
}

Result<Url> Url::parse(std::string_view text)
{
    if (std::any_of(text.begin(), text.end(), [](char c) { return c > '\0' ? c <= ' ' || c == 0x7f : true; }))
        return refuse("expected printable ASCII without spaces");
    const auto separator = text.find("://");
    if (separator == std::string_view::npos) return refuse("expected scheme://host");
    Url url;
    url.scheme.resize(separator);
    std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(separator),
                   url.scheme.begin(), lower);
    if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss")
        return refuse("expected http, https, ws or wss, was " + url.scheme);
    std::string_view rest = text.substr(separator + 3);
    rest = rest.substr(0, rest.find('#'));
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    if (auto parsed = parseAuthority(rest.substr(0, end), url); !parsed)
        return tl::unexpected(parsed.error());
    rest.remove_prefix(end);
    if (!rest.empty()) url.target = rest.front() == '?' ? "/" + std::string(rest) : std::string(rest);
    return url;
}

} // namespace qd::wire
