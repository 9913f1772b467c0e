#include "services/wire/messages.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "models/base/ascii.h"

namespace qd::wire {

namespace {

std::string_view trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Characters of a token (RFC 9110 §5.6.2): methods and field names.
bool isToken(std::string_view text)
{
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        const char l = lower(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
               kOthers.find(c) != std::string_view::npos;
    });
}

bool breaksLine(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

void appendField(std::string& head, std::string_view name, std::string_view value)
{
    head.append(name).append(": ");
    const std::size_t start = head.size();
    head.append(value).append("\r\n");
    std::replace_if(head.begin() + static_cast<std::ptrdiff_t>(start), head.end() - 2, breaksLine, ' ');
}

/// IMF-fixdate of RFC 9110 §5.6.7, without the process's locale.
std::string httpDate(Timestamp now)
{
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    thread_local std::int64_t cachedSecond = -1;
    thread_local std::string cached;
    if (cachedSecond == now.seconds()) return cached;
    const std::time_t seconds = now.seconds();
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    cachedSecond = now.seconds();
    cached = text.data();
    return cached;
}

} // namespace

std::string_view reasonPhrase(int status)
{
    switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
    }
}

bool equalsIgnoringCase(std::string_view a, std::string_view b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool hasToken(std::string_view list, std::string_view token)
{
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        if (equalsIgnoringCase(trim(list.substr(0, end)), token)) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

bool allowsBody(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

std::string answerHead(const HttpResponse& response, AnswerHead how, Timestamp now)
{
    std::string head;
    head.reserve(256);
    head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    head.append(reasonPhrase(response.status)).append("\r\n");
    for (const Header& field : response.headers.all()) {
        const bool ours = equalsIgnoringCase(field.name, "Connection") ||
                          equalsIgnoringCase(field.name, "Transfer-Encoding") ||
                          (equalsIgnoringCase(field.name, "Content-Length") && !how.headRequest);
        if (!ours && isToken(field.name)) appendField(head, field.name, field.value);
    }
    if (!response.headers.contains("Date")) appendField(head, "Date", httpDate(now));
    if (allowsBody(response.status) &&
        !(how.headRequest && response.headers.contains("Content-Length")))
        appendField(head, "Content-Length", std::to_string(response.body.size()));
    appendField(head, "Connection", how.keepAlive ? "keep-alive" : "close");
    return head.append("\r\n");
}

Result<std::string> requestHead(const HttpRequest& request, const Url& url)
{
    if (!isToken(request.method))
        return fail(ErrorKind::Invalid, "wire.header", "expected a method, was " + request.method);
    std::string head;
    head.reserve(512);
    head.append(request.method).append(" ").append(url.target).append(" HTTP/1.1\r\n");
    if (!request.headers.contains("Host")) appendField(head, "Host", url.authority());
    for (const Header& field : request.headers.all()) {
        if (!isToken(field.name) ||
            std::any_of(field.value.begin(), field.value.end(), breaksLine))
            return fail(ErrorKind::Invalid, "wire.header",
                        "the name or value of a field would break the request", field.name);
        if (equalsIgnoringCase(field.name, "Content-Length") ||
            equalsIgnoringCase(field.name, "Transfer-Encoding"))
            continue;
        appendField(head, field.name, field.value);
    }
    if (!request.headers.contains("User-Agent")) appendField(head, "User-Agent", "Quarterdeck");
    const bool expectsBody =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (expectsBody || !request.body.empty())
        appendField(head, "Content-Length", std::to_string(request.body.size()));
    return head.append("\r\n");
}

bool isIdempotent(std::string_view method)
{
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS" || method == "TRACE";
}

} // namespace qd::wire
