#include "services/sandbox/ibkr/answers.h"

#include <algorithm>

namespace qd::sandbox::ibkr {

bool ApiRequest::isAt(std::initializer_list<std::string_view> words) const
{
    return path.size() == words.size()
        && std::equal(words.begin(), words.end(), path.begin(),
                      [](std::string_view word, const std::string& segment) {
                          return word == "*" || word == segment;
                      });
}

wire::HttpResponse jsonAnswer(std::string body, int status)
{
    return {status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
}

wire::HttpResponse errorAnswer(int status, std::string_view error)
{
    json::Writer out;
    out.beginObject().member("error", error).member("statusCode", status).endObject();
    return jsonAnswer(out.take(), status);
}

wire::HttpResponse errorInSuccess(std::string_view error)
{
    json::Writer out;
    out.beginObject().member("error", error).endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse notServed()
{
    return errorAnswer(404, "Resource not found");
}

std::string formatPrice(Price price)
{
    return price.value().toFixed(std::max(2, price.value().places()));
}

std::string formatSize(Quantity size)
{
    std::string text = size.toString();
    const std::size_t begin = text.starts_with('-') ? 1 : 0;
    std::size_t at = std::min(text.find('.'), text.size());
    while (at > begin + 3) {
        at -= 3;
        text.insert(at, 1, ',');
    }
    return text;
}

std::string formatTime(Timestamp time)
{
    std::string text = time.toString(0); // "2024-01-01T14:30:00Z"
    std::erase(text, '-');
    text[text.find('T')] = '-';
    text.pop_back();
    return text;
}

std::string formatCompactTime(Timestamp time)
{
    std::string digits;
    for (const char c : time.toString(0))
        if (c >= '0' && c <= '9')
            digits += c;
    return digits.substr(2);
}

} // namespace qd::sandbox::ibkr
