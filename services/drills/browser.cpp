#include "services/drills/browser.h"

#include "services/drills/drill.h"

namespace qd::drills {

namespace {

constexpr int kFoundStatus = 302;

/// "http://127.0.0.1:1234/authorize?…" → where, and what is asked for there.
std::pair<std::string, std::string> splitAddress(const std::string& url)
{
    const auto scheme = url.find("://");
    require(scheme != std::string::npos, "\"{}\" is no address", url);
    const auto path = url.find('/', scheme + 3);
    if (path == std::string::npos) return {url, "/"};
    return {url.substr(0, path), url.substr(path)};
}

/// The page's own secret, which comes back with the answer.
std::string secretOf(const std::string& page)
{
    constexpr std::string_view kBefore = "name=\"page\" value=\"";
    const auto at = page.find(kBefore);
    require(at != std::string::npos, "expected a page that asks for consent, was {}", page);
    const auto from = at + kBefore.size();
    return page.substr(from, page.find('"', from) - from);
}

} // namespace

Answer openAddress(Link& link, const std::string& url)
{
    const auto [host, path] = splitAddress(url);
    auto answer = ApiClient(link, host).call("GET", path);
    require(answer.has_value(), "nobody answers at {}: {}", host, whyNot(answer));
    return std::move(*answer);
}

std::string consentAt(Link& link, const std::string& authorizeUrl, bool saysYes)
{
    auto answer = openAddress(link, authorizeUrl);
    if (answer.status == 200) {
        const std::string says = saysYes ? "&answer=yes" : "&answer=no";
        auto sent = ApiClient(link, splitAddress(authorizeUrl).first)
                        .call("POST", "/consent", "page=" + secretOf(answer.body) + says);
        require(sent.has_value(), "the page took no answer: {}", whyNot(sent));
        answer = std::move(*sent);
    }
    require(answer.status == kFoundStatus, "expected to be sent back, was {} {}", answer.status,
            answer.body);
    return std::string(answer.headers.find("Location"));
}

std::string queryField(const std::string& url, std::string_view name)
{
    const auto target = wire::Target::parse("/" + url.substr(std::min(url.find('?'), url.size())));
    return target ? std::string(target->queryValue(name)) : std::string();
}

} // namespace qd::drills
